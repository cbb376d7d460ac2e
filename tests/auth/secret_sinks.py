"""Everything that a person or a program may see of a run: where a secret could come out."""

from __future__ import annotations

__all__ = ["leaks", "of_a_client", "of_a_command"]

import json
import pickle
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import BoxshipError
from boxship.event import Event
from tests.auth.secret_places import Play
from tests.cli.running import boxship
from tests.transport.reaching import bounds

_AROUND = 80  # characters that a complaint shows


def of_a_command(play: Play, folder: Path, form: str) -> dict[str, str]:
    """What the command shows at its most talkative, and what it leaves in files; the trace has this form."""
    cache, trace = folder / "cache", folder / f"trace.{form}"
    environment = {"XDG_CACHE_HOME": str(cache), **play.environment}
    verb, *rest = play.words
    outcome = boxship(
        verb,
        "-vv",
        "--first-byte-timeout",
        "1",
        "--trace",
        str(trace),
        *rest,
        given=play.given.encode(),
        env=environment,
    )
    told = trace.read_text("utf-8")
    # Both forms are read back, too: JSON may write a character in another way.
    documents = [told] if form == "har" else told.splitlines()
    return {
        "output": outcome.output,
        "errors": outcome.errors,
        "trace": told,
        "trace, read": " ".join(_texts(list(map(json.loads, documents)))),
        "files": " ".join(f"{path} {path.read_bytes()!r}" for path in sorted(cache.rglob("*")) if path.is_file()),
    }


def of_a_client(play: Play, folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a program is told and left with: its events, and the error, whole, if there is one."""
    heard = list[Event]()
    cache = folder / "cache"
    patch.setenv("XDG_CACHE_HOME", str(cache))
    for name, value in play.environment.items():
        patch.setenv(name, value)
    short = bounds(first_byte=0.3, first_byte_slow=0.3, silence=0.3, abandoned=0.3, document=0.3, proxy=0.3)
    shown: dict[str, str] = {}
    with Client(on_event=heard.append, bounds=short, **play.options) as client:  # type: ignore[arg-type] # of their kinds
        shown["client"] = f"{client!r}"
        try:
            play.call(client)
        except BoxshipError as error:
            shown |= dict(_of_an_error(error))
    shown["events"] = " ".join(f"{event} {event!r} {dict(event.facts)}" for event in heard)
    shown["files"] = " ".join(f"{path} {path.read_bytes()!r}" for path in sorted(cache.rglob("*")) if path.is_file())
    return shown


def leaks(shown: Mapping[str, str], secrets: Iterable[str]) -> list[str]:
    """Where a secret stands, and what is around it."""
    found = ((sink, text, text.find(secret)) for secret in secrets for sink, text in shown.items())
    return [f"{sink}: {text[max(0, at - _AROUND) : at + _AROUND]}" for sink, text, at in found if at >= 0]


def _of_an_error(error: BoxshipError) -> Iterator[tuple[str, str]]:
    yield "error", f"{error} {error!r} {error.args} {error.what} {error.why} {error.remedy} {error.__dict__}"
    yield "timeline", " ".join(f"{event} {event!r}" for event in error.timeline)
    yield "traceback", "".join(traceback.format_exception(error))
    yield "chain", " ".join(f"{one!r} {one.args} {one.__dict__}" for one in _chain(error))
    pickled = pickle.dumps(error)
    again = pickle.loads(pickled)
    yield "pickle", f"{pickled!r} {again} {again!r} {again.__dict__}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """What an error was raised from, or while; hidden contexts are not shown by Python, but are there."""
    met = set[int]()
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and id(one) not in met:
            met.add(id(one))
            yield one
            ahead += [one.__cause__, one.__context__]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)
