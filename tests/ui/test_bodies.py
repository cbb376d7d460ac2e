"""Bodies are in memory a few at a time, however many send one."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ui.serving import Served, own_page

MANY, TURNS = 40, 4
BODY = b'{"plan": "' + b"x" * 4_000_000 + b'"}'
ROOM = 80 * 1024  # KiB: five times what the turns hold, half of what all bodies are
PATIENCE = 60.0


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Served]:
    """One whose memory nobody else has used."""
    with own_page(tmp_path, "--allow-delete") as served:
        yield served


def most_memory(folder: Path) -> int:
    """The most that the server on that folder has ever had, in KiB."""
    told = str(folder / "disk").encode()
    (process,) = (each.parent for each in Path("/proc").glob("[0-9]*/cmdline") if told in read(each).split(b"\0"))
    (line,) = (line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended since
        return b""


def test_bodies_are_read_a_few_at_a_time(page: Served, tmp_path: Path) -> None:
    token = str(page.ask("session").json["token"])
    sent, over = list[int](), threading.Event()

    def send() -> int:
        connection = http.client.HTTPConnection(page.address, timeout=PATIENCE)
        try:
            connection.putrequest("POST", "/api/apply")
            for name, value in (("content-type", "application/json"), ("x-boxship-token", token)):
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(BODY)))
            connection.endheaders(BODY[:-1])
            sent.append(len(BODY))
            over.wait(PATIENCE)
            connection.send(BODY[-1:])
            return connection.getresponse().status
        except (ConnectionError, TimeoutError):
            return 503  # so it was told while it still sent
        finally:
            connection.close()

    before = most_memory(tmp_path)
    with ThreadPoolExecutor(MANY) as threads:
        sending = [threads.submit(send) for _ in range(MANY)]
        try:
            wait_for(lambda: len(sent) >= TURNS)
            seen = -1
            while len(sent) != seen:  # who has no turn gets no further
                seen = len(sent)
                time.sleep(1)
            assert most_memory(tmp_path) - before < ROOM
        finally:
            over.set()
        assert {each.result() for each in sending} <= {400, 408, 503}  # the second where it took too long
    assert page.ask("session").status == 200


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
