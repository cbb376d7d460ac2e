"""What tests of the client share: clients for a scripted server, and what a test may not leave behind."""

from __future__ import annotations

__all__ = ["SHORT", "Authority", "bounds", "cancelling", "failing", "repository", "settled", "tags", "told", "traces"]

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.connect.deadline import Bounds, Work, current_work
from boxship.errors import BoxshipError
from boxship.testing import Server

# A bound that a test can wait for.
SHORT = 0.3
# Seconds, on a machine that has other work: a wait that is not ended takes 5 at least. That none takes more than 0.2 is
# what tests/test_phases.py and tests/behaviour/test_interrupt.py show.
AT_ONCE = 2.0


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that nobody trusts, and its certificate in a file."""

    ca: trustme.CA
    file: Path

    def server(self, *names: str) -> ssl.SSLContext:
        """The context of a server with these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context


def told(server: Server) -> str:
    """The server as a registry whose scheme is told: no race, no question, each request is the test's own."""
    return server.url


def repository(server: Server, name: str = "app") -> str:
    """A repository there."""
    return f"{told(server)}/{name}"


def tags(client: Client, server: Server) -> list[str]:
    """All tags there."""
    return list(client.tags(repository(server)))


def failing(call: Callable[[], object]) -> BoxshipError:
    """The error that a call ends with."""
    with pytest.raises(BoxshipError) as caught:
        call()
    return caught.value


def bounds(**seconds: float) -> Bounds:
    """The default bounds, but for these."""
    return Bounds(**seconds)


def traces() -> tuple[int, frozenset[str]]:
    """What is open now: how many files, and which threads of boxship's client."""
    threads = frozenset(thread.name for thread in threading.enumerate() if thread.name.startswith("boxship-"))
    return len(os.listdir("/proc/self/fd")), threads  # noqa: PTH208 -- the names alone are counted


def settled(before: tuple[int, frozenset[str]], *, within: float = 2.0) -> bool:
    """Whether no more is open than was, soon: a thread that was told to end takes a moment, a resolver's may stay."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        files, threads = traces()
        if files <= before[0] and not {name for name in threads - before[1] if "resolve" not in name}:
            return True
        time.sleep(0.01)
    return False


@contextmanager
def cancelling(when: Callable[[], object], after: float = 0.05) -> Iterator[list[float]]:
    """Cancel what is done in the block, `after` seconds after `when` has returned; gives the time of that."""
    work, cancelled = Work(), list[float]()

    def cancel() -> None:
        when()
        time.sleep(after)
        cancelled.append(time.monotonic())
        work.cancel()

    thread = threading.Thread(target=cancel, name="cancels")
    token = current_work.set(work)
    thread.start()
    try:
        yield cancelled
    finally:
        current_work.reset(token)
        thread.join()
