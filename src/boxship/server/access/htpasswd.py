"""An htpasswd file: names and bcrypt hashes, read again when the file changes.

What its users may do is `deciding`'s. `htpasswd -B` (apache2-utils) writes such files.
"""

from __future__ import annotations

__all__ = ["parse_htpasswd"]

from collections.abc import Mapping

from boxship.errors import InvalidSettings
from boxship.server.access.passwords import is_hash


def parse_htpasswd(text: str, file: str) -> Mapping[str, str]:
    """The hashes by user in the text of `file`, or `InvalidSettings` with the line."""
    hashes: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            name, hashed = _entry(entry, file, number)
            if name in hashes:
                raise InvalidSettings(file, number, why=f"{name!r} is there twice", remedy="delete one of the lines")
            hashes[name] = hashed
    return hashes


def _entry(entry: str, file: str, number: int) -> tuple[str, str]:
    # What the line says is not repeated: it may be a password.
    name, colon, hashed = entry.partition(":")
    if not (name and colon):
        raise InvalidSettings(file, number, why="it is not NAME:HASH", remedy="write it with htpasswd -B")
    if not is_hash(hashed):
        why = f"the password of {name!r} is not hashed with bcrypt, at a cost of 16 or less"
        raise InvalidSettings(file, number, why=why, remedy=f"htpasswd -B FILE {name}")
    return name, hashed
