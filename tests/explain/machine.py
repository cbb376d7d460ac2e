"""A machine's settings, in the test's own home: real files of every program, and helpers that are small scripts."""

from __future__ import annotations

__all__ = ["MARK", "entry", "helper", "write"]

import base64
import json
from pathlib import Path

import pytest

MARK = "s3cr3t-M4rk"


def write(file: Path, content: object) -> Path:
    """The file, with a text or with JSON in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return file


def entry(user: str) -> dict[str, str]:
    """What a log-in leaves in `auths`."""
    return {"auth": base64.b64encode(f"{user}:{MARK}".encode()).decode()}


def helper(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> Path:
    """A credential helper, alone on PATH but for a shell's own programs."""
    program = write(folder / "bin" / f"docker-credential-{name}", f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program
