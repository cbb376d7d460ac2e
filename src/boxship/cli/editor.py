"""What somebody makes of a document: in their editor, or, where there is no terminal, what standard input has."""

from __future__ import annotations

__all__ = ["edit_by", "edited"]

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from boxship.errors import BoxshipError


def edited(read: Callable[[], bytes]) -> bytes:
    """What becomes of a document; it is read where an editor shows it."""
    return _in_editor(read(), ".json") if _is_shown() else sys.stdin.buffer.read()


def edit_by(suffix: str) -> Callable[[bytes], bytes]:
    """What makes of a file what becomes of it; one that several images have is shown once."""
    if _is_shown():
        return cache(lambda content: _in_editor(content, suffix))
    given = sys.stdin.buffer.read()
    return lambda _: given


def _is_shown() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _in_editor(content: bytes, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="boxship-") as folder:
        path = Path(folder, f"document{suffix}")
        path.write_bytes(content)
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        try:
            subprocess.run([*command, str(path)], check=True)  # noqa: S603 -- it is the user's own editor
        except (OSError, subprocess.CalledProcessError) as error:
            what, remedy = f"the editor {command[0]}", "name another one in EDITOR"
            raise BoxshipError(what, why=str(error), remedy=remedy) from error
        return path.read_bytes()
