"""A port of loopback whose first SYN is lost, without a firewall: a full queue that is emptied a moment later."""

from __future__ import annotations

__all__ = ["first_syn_lost"]

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.network.listener import late

_LOOK_AGAIN = 0.01


@contextmanager
def first_syn_lost(upstream: int, lost: Callable[[], bool]) -> Iterator[str]:
    """An address where every SYN is swallowed until `lost()`; from then on it leads to the port `upstream`."""
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filler.connect(listener.getsockname())  # Linux drops the SYNs of a listener whose queue is full
        ended = threading.Event()
        thread = threading.Thread(target=_accept, args=(listener, upstream, lost, ended), daemon=True)
        thread.start()
        host, port = listener.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, upstream: int, lost: Callable[[], bool], ended: threading.Event) -> None:
    while not lost() and not ended.is_set():
        time.sleep(_LOOK_AGAIN)
    with suppress(OSError):  # the end: the listener is shut down
        while not ended.is_set():
            connection, _ = listener.accept()
            threading.Thread(target=_relay, args=(connection, upstream), daemon=True).start()


def _relay(connection: socket.socket, upstream: int) -> None:
    with connection, suppress(OSError):
        late(connection, "0", str(upstream))
