"""What boxship itself comes to there: the log-in, the manifest, its platforms, and the beginning of a blob."""

from __future__ import annotations

__all__ = ["Contents", "look_inside"]

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from boxship.client import Client
from boxship.connect.deadline import Work, current_work
from boxship.doctor.report import Check, Status
from boxship.errors import BoxshipError, ConnectFailed, TimedOut, Unreachable
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.spec.descriptor import Descriptor
from boxship.spec.index import Index

Result = TypeVar("Result")

_ORIGIN = re.compile(r"\b(https?)://([^/\s]+)")
_PORTS = {"https": "443", "http": "80"}


@dataclass(slots=True)
class Contents:
    """What was found inside; `error` is what ended it."""

    checks: list[Check] = field(default_factory=list)
    error: BoxshipError | None = None
    origins: tuple[str, ...] = ()
    """Every `host:port` that was asked for something, in that order."""


def look_inside(client: Client, reference: Reference, work: Work) -> Contents:
    """Do what a pull would begin with, within the bound of `work`."""
    found = Contents()
    token = current_work.set(work)
    try:
        _look(client, reference, found)
    except BoxshipError as error:
        found.error = error
    finally:
        current_work.reset(token)
    found.origins = tuple(dict.fromkeys(_origins(work)))
    return found


def _look(client: Client, reference: Reference, found: Contents) -> None:
    pong, ms = _step(found, "auth", lambda: client.ping(reference.registry))
    words = f"{pong.origin} at {pong.address} answers {pong.status}"
    found.checks.append(Check(id="auth", status=Status.OK, words=words, ms=ms))
    manifest, ms = _step(found, "content.manifest", lambda: client.manifest(reference))
    document = Check(id="content.manifest", status=Status.OK, at=reference.name, words=manifest.media_type, ms=ms)
    found.checks.append(document)
    if isinstance(manifest, Index):
        found.checks.append(_platforms(manifest))
        return
    _first_piece(client, reference, found, manifest.layers[0] if manifest.layers else manifest.config)


def _platforms(index: Index) -> Check:
    here = Platform.here()
    offered = ", ".join(map(str, index.platforms)) or "none"
    if index.choose(here):
        return Check(id="content.platform", status=Status.OK, words=f"{here} is one of {offered}")
    words = f"there is nothing for this machine, {here}: only {offered}"
    return Check(id="content.platform", status=Status.WARNING, words=words)


def _first_piece(client: Client, reference: Reference, found: Contents, blob: Descriptor) -> None:
    def read() -> int:
        with client.open_blob(reference.with_digest(blob.digest), size=blob.size) as stream:
            return len(next(iter(stream), b""))

    size, ms = _step(found, "content.blob", read)
    found.checks.append(
        Check(id="content.blob", status=Status.OK, at=str(blob.digest), words=f"its first {size} bytes came", ms=ms)
    )


def _step(found: Contents, name: str, work: Callable[[], Result]) -> tuple[Result, float]:
    """What `work` gives and how many milliseconds it took; its error is the check of that name."""
    began = time.monotonic()
    try:
        return work(), (time.monotonic() - began) * 1000
    except BoxshipError as error:
        ms = (time.monotonic() - began) * 1000
        found.checks.append(_failed(name, error, ms))
        raise


def _failed(name: str, error: BoxshipError, ms: float) -> Check:
    # Where there is no connection, nobody was asked who they are.
    where = "reach" if isinstance(error, Unreachable) and name == "auth" else name
    evidence = error.evidence if isinstance(error, ConnectFailed | TimedOut) else ()
    words = f"{error.what}: {error.why}" if error.why else error.what
    return Check(id=where, status=Status.ERROR, words=words, ms=ms, evidence=evidence, remedy=error.remedy)


def _origins(work: Work) -> list[str]:
    texts = [event.text for event in work.trace.events if event.name in ("WroteRequest", "Request")]
    named = (match for text in texts if (match := _ORIGIN.search(text)))
    return [host if _has_port(host) else f"{host}:{_PORTS[scheme]}" for scheme, host in (m.groups() for m in named)]


def _has_port(authority: str) -> bool:
    return authority.rpartition("]")[2].count(":") == 1
