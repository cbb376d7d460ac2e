"""A plan: what is to be done for the target to be what is wanted, a line of JSON for each step."""

from __future__ import annotations

__all__ = ["SCHEMA", "Do", "Step", "key", "read_plan", "written"]

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.sync.wish import Waiting
from boxship.value import dataclass

SCHEMA = "boxship.sync/1"
# InvalidReference is a ValueError, too; numbers may be infinite, and lists as deep as a line is long.
_NO_STEP = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_FLAGS = ("filtered", "referrers", "cosign")
_FIELDS = {"schema", "do", "source", "target", "digest", "was", "platforms", "backup", "waiting", "blobs", *_FLAGS}


class Do(StrEnum):
    """What a step does."""

    COPY = "copy"
    NOTHING = "nothing"
    UNTAG = "untag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done for one name in the target.

    Attributes:
        digest: what the source's name stood for when this was planned: that is copied, and nothing newer.
        was: what the target's name stood for; None where there was none.
        backup: what that is called from then on.
        blobs: what the image has, where that is known already.
    """

    do: Do
    source: Reference | None
    target: Reference
    digest: Digest | None
    was: Digest | None
    platforms: tuple[Platform, ...] = ()
    filtered: bool = False
    referrers: bool = False
    cosign: bool = False
    backup: Reference | None = None
    waiting: Waiting | None = None
    blobs: tuple[Digest, ...] | None = None


def key(name: Reference) -> tuple[str, str, str]:
    """The same for every spelling of a name: `http://` says how a registry is reached, and not which it is."""
    return name.registry.name.lower().removesuffix(":443"), name.repository, name.name


def written(step: Step) -> str:
    """The step as a line; what it does not have is left out."""
    waiting = step.waiting and {"min": step.waiting.least, "retry": step.waiting.seconds}
    fields: dict[str, object] = {
        "schema": SCHEMA,
        "do": step.do.value,
        "source": step.source and str(step.source),
        "target": str(step.target),
        "digest": step.digest and str(step.digest),
        "was": step.was and str(step.was),
        "platforms": [str(platform) for platform in step.platforms],
        **{name: getattr(step, name) for name in _FLAGS},
        "backup": step.backup and str(step.backup),
        "waiting": waiting,
        "blobs": None if step.blobs is None else [str(blob) for blob in step.blobs],
    }
    return json.dumps({name: value for name, value in fields.items() if value or (value == [] and name == "blobs")})


def read_plan(lines: Iterable[str], file: str) -> Iterator[Step]:
    """The steps of a plan that was stored; `InvalidSettings` with the line that is none."""
    seen = set[tuple[str, str, str]]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            step = _step(json.loads(line))
            _note(step, seen)
            yield step
        except _NO_STEP as error:
            why = f"this is no step of a plan ({SCHEMA}): {error}"
            remedy = "boxship sync --dry-run -o jsonl makes one"
            raise InvalidSettings(file, number, why=why, remedy=remedy) from error


def _note(step: Step, seen: set[tuple[str, str, str]]) -> None:
    if key(step.target) in seen:
        raise ValueError(f"{step.target} is there twice")
    seen.add(key(step.target))


def _step(fields: Mapping[str, object]) -> Step:
    if fields["schema"] != SCHEMA:
        raise ValueError(f"its schema is {fields['schema']}")
    if others := fields.keys() - _FIELDS:
        raise ValueError(f"there is no field {min(others)}")
    if wrong := [name for name in _FLAGS if not isinstance(fields.get(name, False), bool)]:
        raise TypeError(f"{wrong[0]} is true or false")
    step = Step(
        do=Do(str(fields["do"])),
        source=_reference(fields.get("source")),
        target=Reference.parse(str(fields["target"])),
        digest=_digest(fields.get("digest")),
        was=_digest(fields.get("was")),
        platforms=tuple(map(Platform.parse, _texts(fields, "platforms"))),
        **{name: fields.get(name) is True for name in _FLAGS},
        backup=_reference(fields.get("backup")),
        waiting=_waiting(fields.get("waiting")),
        blobs=tuple(map(Digest.parse, _texts(fields, "blobs"))) if "blobs" in fields else None,
    )
    if step.do is Do.COPY and not (step.source and step.digest):
        raise ValueError("a copy has a source and a digest")
    if step.do is Do.UNTAG and (step.target.digest or not step.was):
        raise ValueError("a tag is taken away, where it is still what it stands for")
    return step


def _waiting(value: object) -> Waiting | None:
    if not isinstance(value, dict):
        return None
    least, seconds = int(value["min"]), float(value["retry"])
    if not 0 <= seconds < math.inf:
        raise ValueError("retry is some seconds")
    return Waiting(least, seconds)


def _texts(fields: Mapping[str, object], name: str) -> list[str]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise TypeError(f"{name} is a list")
    return [str(item) for item in value]


def _reference(value: object) -> Reference | None:
    return Reference.parse(str(value)) if value else None


def _digest(value: object) -> Digest | None:
    return Digest.parse(str(value)) if value else None
