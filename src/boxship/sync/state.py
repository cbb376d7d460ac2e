"""What is remembered from one sync to the next: what became of digests, and when images were made."""

from __future__ import annotations

__all__ = ["State"]

import json
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.formats.written import in_words
from boxship.platform import Platform

_SCHEMA = "boxship.sync.state/1"
_BEGINNING = json.dumps({"schema": _SCHEMA})[:-1].encode()
_REMEDY = "remove it: what it has is found anew"


class State:
    """Facts of digests, which stay true. Safe to use from several threads.

    In a file, where there is one: a line of JSON for each, written at once, so that a run that is killed loses none.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file, self._lock = file, threading.Lock()
        self._facts: dict[str, dict[str, str]] = {"copied": {}, "created": {}}
        if file:
            self._read(file)

    def copied(self, digest: Digest, platforms: Iterable[Platform], *, filtered: bool) -> Digest | None:
        """What these platforms of the digest are by themselves, where that is known."""
        found = self._facts["copied"].get(_key(digest, platforms, filtered=filtered))
        return Digest.parse(found) if found else None

    def created(self, digest: Digest) -> str | None:
        """When the image was made, as it says; None where that is not known."""
        return self._facts["created"].get(str(digest))

    def note_copied(self, digest: Digest, platforms: Iterable[Platform], there: Digest, *, filtered: bool) -> None:
        """Remember what they are."""
        self._note("copied", _key(digest, platforms, filtered=filtered), str(there))

    def note_created(self, digest: Digest, created: str) -> None:
        """Remember when it was made."""
        self._note("created", str(digest), created)

    def _note(self, fact: str, key: str, value: str) -> None:
        with self._lock:
            if self._facts[fact].get(key) == value:
                return
            self._facts[fact][key] = value
            if self._file:
                _append(self._file, {"schema": _SCHEMA, "fact": fact, "of": key, "is": value})

    def _read(self, file: Path) -> None:
        with in_words(f"{file} cannot be kept"), file.open("a+b") as opened:  # who could not write would find out late
            opened.seek(0)
            content = opened.read()
        for number, line in enumerate(content.split(b"\n"), 1):
            try:
                if line and (fields := _fact(line)):
                    self._facts[fields["fact"]][fields["of"]] = fields["is"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                why = f"this is no state of a sync ({_SCHEMA}): {error}"
                raise InvalidSettings(str(file), number, why=why, remedy=_REMEDY) from error


def _fact(line: bytes) -> Mapping[str, str] | None:
    """What a line says; None for one that a run was killed in, which others may have gone on behind."""
    try:
        fields = json.loads(line)
    except ValueError:
        if line.startswith(_BEGINNING) or _BEGINNING.startswith(line):
            return None
        raise
    if fields["schema"] != _SCHEMA:
        raise ValueError(f"its schema is {fields['schema']}")
    if not all(isinstance(fields[name], str) for name in ("fact", "of", "is")):
        raise ValueError("a fact is written in strings")
    return cast("Mapping[str, str]", fields)


def _append(file: Path, fields: Mapping[str, str]) -> None:
    with in_words(f"{file} cannot be written"), file.open("a+b") as opened:
        is_cut = opened.tell() and opened.seek(-1, os.SEEK_END) and opened.read(1) != b"\n"
        opened.write(b"\n" * bool(is_cut) + json.dumps(fields).encode() + b"\n")


def _key(digest: Digest, platforms: Iterable[Platform], *, filtered: bool) -> str:
    return " ".join((str(digest), *map(str, platforms), *(("filtered",) if filtered else ())))
