"""A settings file in JSON that is changed: what is not meant stays as it is, and nobody ever reads half of it.

As docker writes its own (cli/config/configfile, Save): a symbolic link stays one, also one that leads to nothing yet.
It is for its owner alone. Writers of one machine take turns, by a lock on the folder that leaves nothing behind.
"""

from __future__ import annotations

__all__ = ["Document", "edit"]

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.settings.file_bytes import file_bytes
from boxship.settings.json_file import parse_settings

Document = dict[str, object]
_OF_OWNER = 0o700


def edit(file: Path, change: Callable[[Document], bool]) -> bool:
    """Let `change` change what is in the file, and write it where that says so; or raise `InvalidSettings`."""
    place = _behind_links(file)
    try:
        place.parent.mkdir(mode=_OF_OWNER, parents=True, exist_ok=True)
        with _in_turn(place.parent):
            document = _read(place, file)
            changed = change(document)
            if changed:
                _replace(place, json.dumps(document, indent="\t", ensure_ascii=False).encode())
            return changed
    except OSError as error:
        raise InvalidSettings(str(file), why=f"cannot be written: {error.strerror or error}") from error


def _behind_links(file: Path) -> Path:
    """Where the file is; `resolve` follows links to what is not there, too."""
    try:
        return file.resolve()
    except (OSError, RuntimeError) as error:
        raise InvalidSettings(str(file), why="its links lead in a circle, or nowhere") from error


def _read(place: Path, file: Path) -> Document:
    try:
        text = file_bytes(place).decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        # Not chained: the error has the file's content in it.
        raise InvalidSettings(str(file), why="is not UTF-8") from None
    return dict(parse_settings(text, str(file)).values)


def _replace(place: Path, content: bytes) -> None:
    """Put the new file in the old one's place."""
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            _take_after(place, new)
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(place)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _take_after(old: Path, new: Path) -> None:
    """It was made for its owner alone; where root writes, that is whoever the old one belongs to."""
    try:
        before = old.stat()
    except FileNotFoundError:
        return
    if sys.platform != "win32":
        with suppress(PermissionError):
            os.chown(new, before.st_uid, before.st_gid)


@contextmanager
def _in_turn(folder: Path) -> Iterator[None]:
    """One writer at a time, as far as the system can lock a folder."""
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 -- it is Unix's

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks has one writer, most often
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
