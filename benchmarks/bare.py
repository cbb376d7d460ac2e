"""The least that Python's own client can do: no limits, no retries, no trace, one connection for each thread."""

from __future__ import annotations

__all__ = ["asked"]

import http.client
import threading
from collections.abc import Sequence

from boxship.media_type import ACCEPT_MANIFESTS

_THREADS = 8


def asked(address: str, paths: Sequence[str]) -> None:
    """Ask for the head of each of these manifests."""
    threads = [threading.Thread(target=_ask, args=(address, paths[number::_THREADS])) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(address: str, paths: Sequence[str]) -> None:
    connection = http.client.HTTPConnection(address, timeout=60)
    for path in paths:
        connection.request("HEAD", path, headers={"Accept": ACCEPT_MANIFESTS})
        response = connection.getresponse()
        response.read()
        assert response.headers["Docker-Content-Digest"].startswith("sha256:")
    connection.close()
