"""Files and folders that options name, looked for before anything is done.

What they are for may never come to pass: to a registry that speaks plain HTTP no certificate is shown, and only the
next one would tell of the wrong name. What is in them is said by whoever reads them.
"""

from __future__ import annotations

__all__ = ["anything", "file", "folder", "look_for", "place"]

import argparse
import errno
import os
import stat
from collections.abc import Mapping

from boxship.errors import InvalidSettings

# Of the options that every verb takes, those that name a file (False), a folder (True) or either (None).
_COMMON: Mapping[str, bool | None] = {"ca_file": None, "cert": False, "key": False, "config": True, "authfile": False}
_KEPT = frozenset({"config", "authfile"})  # what a log-in makes
_SIDES = ("", "from_", "to_")


def look_for(chosen: argparse.Namespace) -> None:
    """Look for what every verb may be told to read, or `InvalidSettings` of the first that is not there."""
    for dest, is_folder in _COMMON.items():
        name = getattr(chosen, dest)
        if name and not (chosen.keeps and dest in _KEPT):
            try:
                _find(name, is_folder=is_folder)
            except OSError as error:
                raise InvalidSettings(f"{_flag(chosen, dest)} {name}", why=error.strerror or str(error)) from error


def anything(text: str) -> str:
    """What an option names, for its parser: a file or a folder that is there."""
    return _argument(text, is_folder=None)


def file(text: str) -> str:
    """The same of a file; a pipe is one, too."""
    return _argument(text, is_folder=False)


def folder(text: str) -> str:
    """The same of a folder."""
    return _argument(text, is_folder=True)


def place(text: str) -> str:
    """The same of a file that is written at the end, in a folder that is there now."""
    folder(os.path.dirname(text) or os.curdir)  # noqa: PTH120 -- of `x/` pathlib says another one
    return text


def _argument(text: str, *, is_folder: bool | None) -> str:
    try:
        _find(text, is_folder=is_folder)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {(error.strerror or str(error)).lower()}") from error
    return text


def _find(name: str, *, is_folder: bool | None) -> None:
    found = stat.S_ISDIR(os.stat(name).st_mode)  # noqa: PTH116 -- to pathlib, no name at all is this folder
    if is_folder is not None and found != is_folder:
        number = errno.ENOTDIR if is_folder else errno.EISDIR
        raise OSError(number, os.strerror(number), name)


def _flag(chosen: argparse.Namespace, dest: str) -> str:
    """The option that said so, which may be one side's."""
    said = (
        f"{side}{dest}" for side in reversed(_SIDES) if getattr(chosen, f"{side}{dest}", None) == getattr(chosen, dest)
    )
    return f"--{next(said).replace('_', '-')}"
