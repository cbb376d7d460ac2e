"""`boxship doctor --every`: a line for each round, what has changed in it, and an end at once."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

import pytest

from boxship.cli.rounds import keep_looking
from boxship.doctor import Check, Report, Status
from boxship.testing import ScriptedRegistry, basic, black_hole, serving
from tests.cli.running import begin, boxship


def report(tcp: Status, *more: Check) -> Report:
    checks = (Check(id="names", status=Status.OK, words="fine"), Check(id="tcp", at="a:1", status=tcp, words="seen"))
    return Report(reference="a/b", verdict="words", checks=(*checks, *more), seconds=0.2)


def examining(*reports: Report) -> Callable[[], Report]:
    """Gives these reports, and is interrupted then."""
    left = iter(reports)

    def examine() -> Report:
        found = next(left, None)
        if found is None:
            raise KeyboardInterrupt
        return found

    return examine


ROUNDS = (report(Status.OK), report(Status.OK), report(Status.ERROR), report(Status.ERROR), report(Status.WARNING))


def rounds(capsys: pytest.CaptureFixture[str], *reports: Report, as_json: bool) -> list[str]:
    with pytest.raises(KeyboardInterrupt):
        keep_looking(examining(*reports), 0.001, as_json=as_json)
    return capsys.readouterr().out.splitlines()


def test_each_round_is_a_line_with_what_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = rounds(capsys, *ROUNDS, as_json=False)
    assert [line[9:] for line in lines] == [
        "ok    0.2 s",
        "ok    0.2 s",
        "FAIL  0.2 s  tcp a:1 ok -> FAIL: seen",
        "FAIL  0.2 s",
        "ok    0.2 s  tcp a:1 FAIL -> warn: seen",
    ]


def test_the_first_round_says_what_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = rounds(capsys, report(Status.ERROR), as_json=False)
    assert line.endswith("FAIL  0.2 s  tcp a:1 FAIL: seen")


def test_what_a_server_says_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = Check(id="http", status=Status.ERROR, words="a\nb\x1b[2J")
    lines = rounds(capsys, report(Status.OK, hostile), as_json=False)
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_each_round_is_a_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    told = [json.loads(line) for line in rounds(capsys, *ROUNDS, as_json=True)]
    assert [document["healthy"] for document in told] == [True, True, False, False, True]
    assert told[2]["changed"] == [{"id": "tcp", "at": "a:1", "was": "ok", "status": "error"}]
    assert [len(document["changed"]) for document in told] == [0, 0, 1, 0, 1]
    assert all(document["checks"] and document["time"] for document in told)


def test_a_round_begins_when_it_is_due() -> None:
    began: list[float] = []

    def examine() -> Report:
        began.append(time.monotonic())
        time.sleep(0.1)
        if len(began) == 3:
            raise KeyboardInterrupt
        return ROUNDS[0]

    with pytest.raises(KeyboardInterrupt):
        keep_looking(examine, 0.4, as_json=False)
    assert began[2] - began[0] == pytest.approx(0.8, abs=0.15)


def test_an_interrupt_ends_it_at_once_and_a_password_is_read_once() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "pw"))) as server:
        words = ("--every", "0.1", "-o", "json", "--username", "ana", "--password-stdin", f"{server.address}/app:v1")
        with begin("doctor", *words) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"pw\n")
            process.stdin.close()
            told = [json.loads(process.stdout.readline()) for _ in range(3)]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
    assert [document["healthy"] for document in told] == [True] * 3, told[-1]["verdict"]


def test_an_interrupt_between_two_rounds_does_not_wait_for_the_next_one() -> None:
    with (
        serving(ScriptedRegistry()) as server,
        begin("doctor", "--every", "60s", f"{server.address}/app:v1") as process,
    ):
        assert process.stdout
        assert b" ok " in process.stdout.readline()
        time.sleep(0.2)  # by now it waits for the round in a minute
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        left, errors = process.communicate(timeout=20)
        assert time.monotonic() - began < 5
    assert (process.returncode, left, errors) == (130, b"", b"")


@pytest.mark.parametrize("often", [(), ("--every", "1s")], ids=["once", "every second"])
def test_an_interrupt_does_not_wait_for_who_never_answers(often: tuple[str, ...]) -> None:
    with black_hole() as hole, begin("doctor", *often, "-v", f"{hole.address}/app") as process:
        assert process.stderr
        while b"ConnectStart" not in process.stderr.readline():
            pass
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - began < 1.5
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("words", [("-o", "html"), ("--endpoints",)])
def test_what_is_no_line_is_refused(words: tuple[str, ...]) -> None:
    outcome = boxship("doctor", "--every", "1", *words, "reg.corp/app")
    assert (outcome.status, outcome.raw) == (2, b"")
    assert "--every" in outcome.errors


@pytest.mark.parametrize("every", ["0", "soon", "-1"])
def test_seconds_are_read_as_the_bounds_are(every: str) -> None:
    outcome = boxship("doctor", "--every", every, "reg.corp/app")
    assert outcome.status == 2
    assert "is no number of seconds above 0" in outcome.errors or "expected one argument" in outcome.errors
