"""On a terminal, a wait that lasts says what it is for; nowhere else, and no output is spoilt by it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from boxship.cli.notices import Notices
from boxship.cli.status_line import StatusLine
from boxship.event import Event
from boxship.testing import (
    Answer,
    Listener,
    Place,
    Request,
    ScriptedRegistry,
    basic,
    black_hole,
    failure,
    in_turn,
    mute,
    serving,
)
from tests.auth.guarded import write_config
from tests.cli.running import boxship
from tests.cli.terminal import screen, watch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals to open")

GOOD = ScriptedRegistry(page_size=2)
TAGS = list(GOOD.tags)
Opens = Callable[[], AbstractContextManager[Place | Listener]]


def slow(seconds: float) -> Callable[[Request], Answer]:
    """A registry that thinks before its second page."""

    def answer(request: Request) -> Answer:
        if "last=" in request.target:
            time.sleep(seconds)
        return GOOD(request)

    return answer


WAITS: dict[str, tuple[Opens, tuple[str, ...], str]] = {
    "a firewall": (
        black_hole,
        ("--connect-timeout", "2", "https://AT/app"),
        "waiting for AT to accept the connection, 1 s",
    ),
    "mute": (mute, ("--tls-timeout", "2", "https://AT/app"), "waiting for AT to go on with TLS, 1 s"),
    "mute, plain": (mute, ("--first-byte-timeout", "3", "http://AT/app"), "connection alive, server working, 2 s"),
    "pause": (
        lambda: serving(in_turn(failure(503, "UNAVAILABLE", "", headers={"Retry-After": "2"}), GOOD)),
        ("--limit", "1", "http://AT/app"),
        "503 from AT: again in 1 s",
    ),
}


@pytest.mark.parametrize(("opens", "words", "notice"), WAITS.values(), ids=WAITS.keys())
def test_a_wait_that_lasts_says_what_it_is_for(opens: Opens, words: tuple[str, ...], notice: str) -> None:
    with opens() as place:
        at = [word.replace("AT", place.address) for word in words]
        watched = watch("ls", *at)
    assert notice.replace("AT", place.address) in watched.written
    assert [line for line in watched.seen if re.search(r"waiting|working|again in 1 s", line)] == []


def test_a_helper_that_takes_its_time_is_named(tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-sleepy"
    helper.write_text('#!/bin/sh\nsleep 2\necho \'{"Username":"ana","Secret":"x"}\'\n')
    helper.chmod(0o755)
    with serving(ScriptedRegistry(access=basic("ana", "x"))) as server:
        config = write_config(tmp_path / "docker", credHelpers={server.address: "sleepy"})
        path = f"{tmp_path}:/usr/bin:/bin"
        watched = watch("ls", "--config", config, f"{server.address}/app", env={"PATH": path})
    assert watched.status == 0
    assert "boxship: waiting for docker-credential-sleepy, 1 s" in watched.written
    assert watched.seen == []


def test_what_is_listed_on_the_same_terminal_is_whole() -> None:
    with serving(slow(2.4)) as server:
        watched = watch("ls", f"http://{server.address}/app", all_of_it=True)
    assert "connection alive, server working, 2 s" in watched.written
    assert watched.seen == TAGS


def test_what_is_written_while_others_are_waited_for_is_whole() -> None:
    def answer(request: Request) -> Answer:
        time.sleep(3.4 if request.path.endswith("/v2") else 2.4)
        return GOOD(request)

    with serving(answer) as server:
        names = [f"http://{server.address}/app:{tag}" for tag in ("v1", "v9", "v2")]
        watched = watch("digest", *names, all_of_it=True)
    assert "connection alive, server working, 2 s" in watched.written
    digest = str(GOOD.image.digest)
    assert [line for line in watched.seen if not line.startswith(("boxship: ", "  "))] == [digest, digest]
    assert [line for line in watched.seen if "working" in line] == []
    assert any(line.startswith("boxship: ") and "v9" in line for line in watched.seen)


class Line(StatusLine):
    """A status line that nobody sees."""

    written = ""

    def _write(self, text: str) -> None:
        self.written += text


def test_what_is_shown_at_the_end_is_gone_and_nothing_comes_after_it() -> None:
    line = Line()
    notices = Notices(line)
    notices.hear(Event("DNSStart", "", 0.0, facts={"host": "reg.corp"}))
    until = time.monotonic() + 5
    while "reg.corp, 1 s" not in line.written and time.monotonic() < until:
        time.sleep(0.02)
    assert screen(line.written) == ["boxship: waiting for the name server: reg.corp, 1 s"]
    notices.close()
    ended = line.written
    assert screen(ended) == []
    time.sleep(1.2)
    assert line.written == ended


def test_a_line_that_the_data_left_open_is_not_overwritten() -> None:
    stalls = Answer(200, b"x" * 5_000_000, stall_after=4_000_000)
    with serving(stalls) as server:
        name = f"http://{server.address}/app@{GOOD.image.digest}"
        watched = watch("blob", "--timeout", "4", name, all_of_it=True)
    assert watched.status == 5
    assert watched.written.count("x") > 1_000_000
    assert "\r" not in watched.written.partition("boxship: not done")[0]


def test_an_interrupt_leaves_no_notice() -> None:
    with black_hole() as hole:
        watched = watch("ls", f"https://{hole.address}/app", interrupt_at="accept the connection, 1 s")
    assert (watched.status, watched.seen) == (130, [])


@pytest.mark.parametrize(
    ("words", "env"),
    [((), {"TERM": "dumb"}), (("-v",), {}), (("-q",), {})],
    ids=["a dumb terminal", "a trace besides", "quiet"],
)
def test_elsewhere_nothing_is_rewritten(words: tuple[str, ...], env: dict[str, str]) -> None:
    with black_hole() as hole:
        watched = watch("ls", *words, "--connect-timeout", "1.5", f"https://{hole.address}/app", env=env)
    assert "waiting" not in watched.written
    assert re.search(r"\r(?!\n)", watched.written) is None


def test_where_nobody_watches_nothing_is_said() -> None:
    with serving(slow(2.4)) as server:
        outcome = boxship("ls", f"http://{server.address}/app")
    assert (outcome.output.splitlines(), outcome.errors) == (TAGS, "")


def test_the_screen_that_these_tests_see_is_a_terminals() -> None:
    assert screen("a\r\nwait, 1 s\r         \rb\r\n") == ["a", "b"]
    assert screen("wait, 1 s\rb\n") == ["bait, 1 s"]
