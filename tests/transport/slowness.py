"""Peers and a machine that make a client wait: for a name, for a handshake, for room to send, for a helper."""

from __future__ import annotations

__all__ = ["begins_a_record", "deaf", "nowhere", "slow_machine"]

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship.testing import Connection, Place

_NAMELESS = "slow.test"


@contextmanager
def nowhere() -> Iterator[Place]:
    """A place whose name is asked for in vain on a `slow_machine`."""
    yield Place(_NAMELESS, 80)


def begins_a_record(connection: Connection) -> None:
    """Answer a TLS hello with two bytes of TLS."""
    connection.receive()
    connection.send(b"\x16\x03")
    connection.rest()


def deaf(connection: Connection) -> None:
    """Read the beginning, and nothing more."""
    connection.receive()
    connection.rest()


@contextmanager
def slow_machine(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A resolver that never answers, and docker's settings in `folder` with a credential helper that thinks."""
    over = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: int) -> list[object]:
        if host == _NAMELESS:
            over.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "the test is over")
        return list(real(host, *rest))

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    helper = folder / "docker-credential-slow"
    helper.write_text("#!/bin/sh\nexec sleep 60\n")
    helper.chmod(0o755)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    patch.setenv("DOCKER_CONFIG", str(folder))
    (folder / "config.json").write_text(json.dumps({"credsStore": "slow"}))
    yield
    over.set()
