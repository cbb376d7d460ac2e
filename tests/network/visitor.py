"""A client in a process of its own on the client's machine, which is told its requests one after the other."""

from __future__ import annotations

__all__ = ["Told", "Visitor"]

import subprocess
import sys
from dataclasses import dataclass
from typing import Self

from tests.network.namespace import Network
from tests.peers.process import DIES_WITH_US, inside

_SOURCE = """
import sys, time
from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.errors import BoxshipError
url, sending = sys.argv[1:]
with Client(skip_tls_verify=True, bounds=Bounds(sending=float(sending))) as client:
    for line in sys.stdin:
        method, path, size = line.split()
        began = time.monotonic()
        try:
            with client.api(method, url, path, body=bytes(int(size)) or None) as response:
                said = str(response.status)
        except BoxshipError as error:
            said = f"{type(error).__name__}: {error}"
        print(time.monotonic() - began, said, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a request came to, a status or an error, and after how many seconds."""

    seconds: float
    words: str


class Visitor:
    """A `Client` on the client's machine; `url` is where its requests go."""

    def __init__(self, network: Network, url: str, *, sending: float = 60.0) -> None:
        argv = [sys.executable, "-c", _SOURCE, url, str(sending)]
        self._process = subprocess.Popen(
            [*DIES_WITH_US, *inside(network.client, argv)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, method: str, path: str, size: int = 0) -> Told:
        """Send a request with a body of so many bytes, and wait for what it comes to."""
        self.begin(method, path, size)
        return self.end()

    def begin(self, method: str, path: str, size: int = 0) -> None:
        """Send a request, and do not wait."""
        assert self._process.stdin
        self._process.stdin.write(f"{method} {path} {size}\n")
        self._process.stdin.flush()

    def end(self) -> Told:
        """Wait for what the request that was begun comes to."""
        assert self._process.stdout
        seconds, _, words = self._process.stdout.readline().partition(" ")
        return Told(float(seconds), words.strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
