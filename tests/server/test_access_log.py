"""The access log: a line for each request, with what was asked and what came of it, and nothing that is secret."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from boxship.server.access_log import FORMS, AccessLog
from boxship.server.asgi import Application, Message, Receive, Scope, Send
from boxship.server.request_id import Named
from tests.server.content import digest
from tests.server.running import ask, connect, registry


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
    await send({"type": "http.response.body", "body": b"content"})


async def _fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise EOFError


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(message: Message) -> None:
    del message


def lines(
    capfd: pytest.CaptureFixture[str],
    target: bytes = b"/v2/",
    form: str = "text",
    agent: bytes = b"crane/1",
    app: Application = _answer,
) -> str:
    """What is logged of a request."""
    path, _, query = target.partition(b"?")
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [(b"user-agent", agent), (b"authorization", b"Basic c2VjcmV0"), (b"cookie", b"c2VjcmV0")],
        "client": ("10.0.0.7", 4711),
    }
    log = AccessLog(app, form)
    with suppress(EOFError):
        asyncio.run(Named(log)(scope, _nothing, _nowhere))
    log.close()
    output, errors = capfd.readouterr()
    assert output == ""
    return errors


def test_a_line_says_who_asked_for_what_and_what_came_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    line = lines(capfd, b"/v2/team/app/tags/list?n=10&last=v1")
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    asked = r"10\.0\.0\.7 GET /v2/team/app/tags/list\?n=10&last=v1"
    assert re.fullmatch(rf'{when} {asked} 200 7 \d+\.\dms "crane/1"\n', line)


def test_what_was_sent_is_what_the_server_took(capfd: pytest.CaptureFixture[str]) -> None:
    async def break_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
        await send({"type": "http.response.body", "body": b"con", "more_body": True})
        await send({"type": "http.response.body", "body": b"tent", "more_body": True})
        raise EOFError

    entry = json.loads(lines(capfd, b"/v2/", "json", app=break_off))
    assert (entry["status"], entry["sent"]) == (200, 7)


def test_programs_read_the_same_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    entry = json.loads(lines(capfd, b"/v2/app/tags/list?n=1", "json"))
    assert entry.pop("milliseconds") >= 0
    assert entry.pop("time").endswith("Z")
    assert re.fullmatch(r"[0-9a-f]{32}", entry.pop("id"))
    assert entry == {
        "client": "10.0.0.7",
        "method": "GET",
        "path": "/v2/app/tags/list",
        "query": "n=1",
        "status": 200,
        "sent": 7,
        "agent": "crane/1",
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *((word, (word,)) for word in (b"req-1.a_B", b"a" * 64)),
        *((odd, ()) for odd in (b"a" * 65, b"", b"a b", b"x\n")),
    ],
)
def test_an_answer_says_what_its_request_is_called_in_the_log(
    capfd: pytest.CaptureFixture[str], given: bytes, kept: tuple[bytes, ...]
) -> None:
    answered: list[Message] = []

    async def note(message: Message) -> None:
        answered.append(message)

    log = AccessLog(_answer, "json")
    headers = [(b"x-request-id", given)]
    scope: Scope = {"method": "GET", "path": "/v2/", "query_string": b"", "headers": headers}
    asyncio.run(Named(log)(scope, _nothing, note))
    log.close()
    told = dict(answered[0]["headers"])[b"x-request-id"]
    assert json.loads(capfd.readouterr().err)["id"] == told.decode()
    assert (told,) == kept or (not kept and re.fullmatch(rb"[0-9a-f]{32}", told))


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_logged(capfd: pytest.CaptureFixture[str], form: str) -> None:
    line = lines(capfd, b"/v2/?X-Amz-Signature=c2VjcmV0&c2VjcmV0&token=c2VjcmV0&n=3", form)
    assert "c2VjcmV0" not in line
    assert "Signature" not in line
    assert "n=3" in line


@pytest.mark.parametrize("form", FORMS)
def test_what_a_client_sent_stays_on_its_line_and_is_ascii(capfd: pytest.CaptureFixture[str], form: str) -> None:
    odd = b'/v2/a\n\x1b[31m"b\\c\xff?n=1\r\n2&last=\x07'
    line = lines(capfd, odd, form, agent=b'x" 200 0\n\x1b]0;\xc3\xa4')
    assert line.count("\n") == 1
    assert line.isascii()
    assert line[:-1].isprintable()
    assert "%0A%1B[31m%22b%5Cc%FF" in line


def test_a_long_request_makes_a_bounded_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert len(lines(capfd, b"/v2/" + b"a" * 10**6 + b"?last=" + b"b" * 10**6, agent=b"c" * 10**6)) < 8000


def test_an_answer_that_never_began_is_logged_too(capfd: pytest.CaptureFixture[str]) -> None:
    log = AccessLog(_fail, "json")
    scope: Scope = {"method": "PUT", "path": "/v2/", "query_string": b"", "headers": []}
    with pytest.raises(EOFError):
        asyncio.run(log(scope, _nothing, _nowhere))
    log.close()
    entry = json.loads(capfd.readouterr().err)
    assert (entry["status"], entry["client"], entry["agent"]) == (0, "-", "-")


class Reader:
    """Who fails for the first `failures` lines, and then waits for `gate`."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.busy, self.gate = threading.Event(), threading.Event()
        self.taken: list[bytes] = []

    def __call__(self, line: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise BrokenPipeError
        self.busy.set()
        assert self.gate.wait(10)
        self.taken.append(line)


def ask_often(log: AccessLog, times: int) -> None:
    scope: Scope = {"method": "GET", "path": "/v2/", "query_string": b"", "headers": []}

    async def often() -> None:
        for _ in range(times):
            await log(scope, _nothing, _nowhere)

    asyncio.run(often())


def test_a_reader_that_was_gone_gets_the_lines_after_its_return() -> None:
    reader = Reader(failures=2)
    reader.gate.set()
    log = AccessLog(_answer, "text", write=reader)
    ask_often(log, 5)
    log.close()
    assert len(reader.taken) == 3


def test_lines_that_nobody_takes_are_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("boxship.server.access_log._MOST_WAITING", 3)
    reader = Reader()
    log = AccessLog(_answer, "text", write=reader)
    ask_often(log, 1)
    assert reader.busy.wait(10)
    ask_often(log, 10)
    reader.gate.set()
    log.close()
    assert len(reader.taken) == 4
    assert [record.getMessage() for record in caplog.records] == ["7 lines of the access log were lost"]


def test_a_reader_that_is_stuck_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with registry(tmp_path, "--access-log", "json") as (process, address):
        connection = connect(address)
        for _ in range(300):  # more than a pipe holds
            connection.request("GET", f"/v2/{'a' * 400}")
            connection.getresponse().read()
        connection.close()
        process.terminate()
        assert process.wait(10) == 0


def test_a_registry_logs_what_it_sent_and_nothing_unless_told(tmp_path: Path) -> None:
    content = b"layer" * 1000
    with registry(tmp_path, "--access-log", "json") as (process, address):
        ask(address, "POST", f"/v2/app/blobs/uploads/?digest={digest(content)}", content, Authorization="Basic QTpi")
        ask(address, "GET", f"/v2/app/blobs/{digest(content)}")
        ask(address, "HEAD", f"/v2/app/blobs/{digest(content)}")
        process.terminate()
        output, errors = process.communicate(timeout=10)
    assert output == ""
    assert "QTpi" not in errors
    entries = [json.loads(line) for line in errors.splitlines()]
    found = [(entry["method"], entry["status"], entry["sent"]) for entry in entries]
    assert found == [("POST", 201, 0), ("GET", 200, len(content)), ("HEAD", 200, 0)]
    with registry(tmp_path) as (process, address):
        ask(address, "GET", "/v2/")
        process.terminate()
        assert process.communicate(timeout=10) == ("", "")
