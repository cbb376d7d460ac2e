"""Ports that never accept: one that swallows every SYN, and one that refuses.

Neither needs root or a firewall. Listeners that accept and then misbehave are `hello`'s work.
"""

from __future__ import annotations

__all__ = ["black_hole", "refused"]

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from boxship.testing.place import LOOPBACK, Place, held

# A connect over loopback takes microseconds: one that has not succeeded by then had its SYN dropped.
_STALLED = 0.15
# Linux takes one connection more than the backlog; other systems round a backlog of 0 up.
_MOST_FILLERS = 64


@contextmanager
def black_hole(*, host: str = LOOPBACK, port: int = 0) -> Iterator[Place]:
    """A port where no SYN is answered, as behind a firewall that drops: connecting there only ever times out.

    It is a listener whose queue is full, which nobody accepts from. Linux drops the SYNs of such a listener, unless
    `net.ipv4.tcp_abort_on_overflow` is set. That a further connect stalls has been tried before this yields;
    `RuntimeError` where the system answers all the same.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(held(host, port))
        listener.listen(0)
        place = Place.of(listener)
        for _ in range(_MOST_FILLERS):
            filler = stack.enter_context(socket.socket(listener.family, socket.SOCK_STREAM))
            if _stalls(filler, place):
                filler.close()
                break
        else:
            raise RuntimeError(f"this system went on accepting at {place.address}: no black hole can be made")
        yield place


def _stalls(filler: socket.socket, place: Place) -> bool:
    filler.settimeout(_STALLED)
    try:
        filler.connect((place.host, place.port))
    except TimeoutError:
        return True
    except OSError as error:
        raise RuntimeError(f"this system answers when a queue is full: {error}") from error
    return False


@contextmanager
def refused(*, host: str = LOOPBACK, port: int = 0) -> Iterator[Place]:
    """A port that refuses connections, and that no other program can take meanwhile."""
    with held(host, port) as holder:
        yield Place.of(holder)
