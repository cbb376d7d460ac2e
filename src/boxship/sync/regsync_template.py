"""The Go templates that regsync's files have in them (regclient, pkg/template): variables, files, and names."""

from __future__ import annotations

__all__ = ["expanded", "template"]

import os
import re
from collections.abc import Mapping
from pathlib import Path

from boxship.settings.section import Section
from boxship.sync.entries import said_at
from boxship.sync.wish import Template

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_CALL = re.compile(r"""(env|file)\s+["`]([^"`]*)["`]""")
_NAMES = {".Ref.Tag": "{tag}", ".Ref.Repository": "{repository}"}
_SYNC = {".Sync.Source": "source", ".Sync.Type": "type"}


def expanded(section: Section, name: str) -> str:
    """The text of the field, with what its templates stand for."""
    return _replaced(section, name, {})


def template(section: Section, name: str) -> Template:
    """The same for a text in which an image's own names are filled in later."""
    text = _replaced(section, name, _NAMES)
    with said_at(section, name):
        return Template(text.strip())


def _replaced(section: Section, name: str, names: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        action = found[1]
        if call := _CALL.fullmatch(action):
            return os.environ.get(call[2], "") if call[1] == "env" else _content(call[2])
        if action in _SYNC and name != _SYNC[action]:
            return expanded(section, _SYNC[action])
        if action in names:
            return names[action]
        known = ", ".join(("env", "file", *_SYNC, *names))
        raise section.invalid(name, f"{found[0]} is not known here; there are {known}")

    return _ACTION.sub(value, section.text(name))


def _content(file: str) -> str:
    """What is in the file; as regsync has it, nothing where it cannot be read."""
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
