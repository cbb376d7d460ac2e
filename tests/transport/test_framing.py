from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from boxship import Client
from boxship.errors import BrokenAnswer, NotFound, RegistryError
from boxship.testing import NEVER, Answer, ScriptedRegistry, endless, in_turn, serving
from tests.transport.reaching import bounds, failing, repository, tags

PAGE = b'{"name":"app","tags":["a","b"]}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(PAGE)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def raw(*parts: bytes) -> Answer:
    """An answer that is written here to its last byte, and its connection then closed."""
    return Answer(raw=b"".join(parts), truncate_after=0)


READ = {
    "with a length": raw(OK, LENGTH, PAGE),
    "without a length, until the end": raw(OK, b"\r\n", PAGE),
    "in chunks": raw(OK, CHUNKED, chunks(PAGE[:5], PAGE[5:], b"")),
    "in chunks of a byte": raw(OK, CHUNKED, chunks(*(bytes([byte]) for byte in PAGE), b"")),
    "in chunks with extensions and trailers": raw(
        OK, CHUNKED, b"%x;a=b\r\n%b\r\n" % (len(PAGE), PAGE), b"0\r\nX: y\r\n\r\n"
    ),
    "in chunks that name a length too": raw(OK, b"Content-Length: 3\r\n", CHUNKED, chunks(PAGE, b"")),
    "of HTTP/1.0": raw(OK.replace(b"1.1", b"1.0"), b"\r\n", PAGE),
    "of HTTP/1.0 with a length": raw(OK.replace(b"1.1", b"1.0"), LENGTH, PAGE),
    "without a reason": raw(b"HTTP/1.1 200\r\n", LENGTH, PAGE),
    "with bare newlines": raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(PAGE), PAGE),
    "with bare newlines, and an empty line in its body": raw(
        b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % (len(PAGE) + 4), PAGE[:-1], b"\r\n\r\n", PAGE[-1:]
    ),
    "with a folded header": raw(OK, b"X-Long: a\r\n  b\r\n", LENGTH, PAGE),
    "with odd bytes in a header": raw(OK, b"X-Odd: \xff\xfe\xe4\r\n", LENGTH, PAGE),
    "after an early hint": raw(INTERIM, OK, LENGTH, PAGE),
    "after a continue": raw(CONTINUE, OK, LENGTH, PAGE),
    "after both": raw(CONTINUE, INTERIM, CONTINUE, INTERIM, OK, LENGTH, PAGE),
    "after sixteen early hints": raw(INTERIM * 16, OK, LENGTH, PAGE),
    "with a head of 60 KiB": raw(OK, *(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(60)), LENGTH, PAGE),
}
BROKEN = {
    "nothing": raw(b""),
    "half a status line": raw(b"HTTP/1."),
    "half a head": raw(OK, b"X-Half: "),
    "a body that is cut short": raw(OK, LENGTH, PAGE[:-1]),
    "a body that is missing": raw(OK, LENGTH),
    "chunks that are cut short in one": raw(OK, CHUNKED, chunks(PAGE)[:-5]),
    "chunks without the last": raw(OK, CHUNKED, chunks(PAGE)),
    "a chunk of no size": raw(OK, CHUNKED, b"zz\r\n", PAGE),
    "a chunk of a negative size": raw(OK, CHUNKED, b"-5\r\n", PAGE, b"\r\n0\r\n\r\n"),
    "another protocol": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "rubbish": raw(bytes(range(256)) * 4),
    "HTTP/2": raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
    "HTTP/0.9": raw(PAGE),
    "a status that is none": raw(b"HTTP/1.1 abc OK\r\n\r\n"),
    "seventeen early hints": raw(INTERIM * 17, OK, LENGTH, PAGE),
    "a head of more than 64 KiB": raw(OK, *(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(80)), LENGTH, PAGE),
    "a header of more than 64 KiB": raw(OK, b"X: ", b"y" * 70_000, b"\r\n", LENGTH, PAGE),
    "two lengths that differ": raw(OK, b"Content-Length: 31\r\nContent-Length: 3\r\n\r\n", PAGE),
    "a length with a sign": raw(OK, b"Content-Length: +31\r\n\r\n", PAGE),
    "a length below nothing": raw(OK, b"Content-Length: -1\r\n\r\n", PAGE),
    "a length that is none": raw(OK, b"Content-Length: abc\r\n\r\n", PAGE),
    "a coding that nobody asked for": raw(OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n", chunks(PAGE, b"")),
    "a line that is no header": raw(OK, b"Nonsense\r\n", LENGTH, PAGE),
    "a line of which only the end is a header": raw(OK, b"No such: header\r\n", LENGTH, PAGE),
    "an empty line before it": raw(b"\r\n", OK, LENGTH, PAGE),
    "a space before a colon": raw(OK, b"Content-Length : 31\r\n\r\n", PAGE),
    "another version": raw(OK.replace(b"1.1", b"3.0"), LENGTH, PAGE),
    "more than a hundred headers": raw(OK, b"X: y\r\n" * 200, LENGTH, PAGE),
}
ENDLESS = {
    "continues": Answer(interim=itertools.repeat(100)),
    "early hints": Answer(interim=itertools.repeat(103)),
    "headers": Answer(headers=((f"X-{n}", "y") for n in itertools.count())),
    "long headers": Answer(headers=((f"X-{n}", "y" * 1000) for n in itertools.count())),
    "a status line": Answer(raw=b"HTTP/1.1 200 " + b"x" * 1_000_000, stall_after=0),
    "trailers": Answer(200, (b"%d: y" % n for n in itertools.count()), raw=OK + CHUNKED + b"0\r\n"),
}


@pytest.mark.parametrize("answer", READ.values(), ids=READ.keys())
def test_an_answer_is_read(answer: Answer) -> None:
    with serving(answer) as server, Client() as client:
        assert tags(client, server) == ["a", "b"]


@pytest.mark.parametrize("name", [name for name in READ if name != "with a head of 60 KiB"])
def test_an_answer_whose_head_comes_byte_by_byte_is_read(name: str) -> None:
    with serving(replace(READ[name], head_byte_every=0.00001)) as server, Client() as client:
        assert tags(client, server) == ["a", "b"]


@pytest.mark.parametrize("name", ["a line that is no header", "a space before a colon", "more than a hundred headers"])
def test_a_broken_answer_whose_head_comes_byte_by_byte_is_broken_too(name: str) -> None:
    with serving(replace(BROKEN[name], head_byte_every=0.00001)) as server, Client() as client:
        assert isinstance(failing(lambda: tags(client, server)), BrokenAnswer)


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_said_to_be_one(answer: Answer) -> None:
    with serving(answer) as server, Client() as client:
        with pytest.raises(BrokenAnswer) as caught:
            tags(client, server)
        assert len(server.requests) == 1
    assert server.address in caught.value.what
    assert str(caught.value).isprintable()
    assert caught.value.timeline


def test_an_empty_line_for_a_status_is_said_in_words() -> None:
    with serving(BROKEN["an empty line before it"]) as server, Client() as client:
        assert failing(lambda: tags(client, server)).why.endswith("it begins with an empty line")


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_does_not_end_is_ended(answer: Answer) -> None:
    began = time.monotonic()
    with serving(answer) as server, Client(bounds=bounds(document=2, head=2)) as client:
        assert failing(lambda: tags(client, server)).exit_status == 5
    assert time.monotonic() - began < 10


def test_a_page_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxship.registry.pages.LONGEST_PAGE", 1_000_000)
    with serving(Answer(200, endless(b'"a",' * 1000))) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert error.why == "it is longer than 1000000 bytes"


LONG_ERRORS: dict[str, Iterable[bytes] | bytes] = {"long": b"x" * 10_000_000, "endless": endless(b"x" * 1000)}


@pytest.mark.parametrize("body", LONG_ERRORS.values(), ids=LONG_ERRORS.keys())
def test_an_error_counts_however_long_its_words_are(body: Iterable[bytes] | bytes) -> None:
    with serving(Answer(404, body)) as server, Client() as client, pytest.raises(NotFound) as caught:
        tags(client, server)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("fault", ["stall_after", "truncate_after", "reset_after"])
def test_an_error_counts_however_its_words_break_off(fault: str) -> None:
    answer = Answer(404, b'{"errors": [' + b" " * 100, **{fault: 20})  # type: ignore[arg-type] # a field of its kind
    with serving(answer) as server, Client(bounds=bounds(document=0.3)) as client, pytest.raises(NotFound):
        tags(client, server)


def test_words_of_an_error_cannot_change_the_terminal() -> None:
    odd = raw(b"HTTP/1.1 500 \x1b[31mred\x1b]0;x\x07\r\nContent-Length: 4\r\n\r\n\x1b[2J")
    with serving(odd) as server, Client() as client, pytest.raises(RegistryError) as caught:
        tags(client, server)
    assert str(caught.value).isprintable()


def test_an_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    good = ScriptedRegistry()
    with serving(good) as server, Client() as client:
        for _ in range(3):
            assert client.digest(f"{repository(server)}:v1") == good.image.digest
        assert len(server.connections) == 1


def test_answers_without_bodies_may_be_many_on_one_connection() -> None:
    digest = "sha256:" + "a" * 64
    head = Answer(200, headers={"Docker-Content-Digest": digest, "X-Long": "y" * 6000})
    with serving(head) as server, Client() as client:
        found = [str(client.digest(f"{server.url}/app:v1")) for _ in range(12)]
        assert found == [digest] * 12
        assert len(server.connections) == 1


def test_http_1_0_connections_are_not_used_again() -> None:
    with serving(READ["of HTTP/1.0 with a length"]) as server, Client() as client:
        for _ in range(3):
            assert tags(client, server) == ["a", "b"]
        assert len(server.connections) == 3


def test_an_answer_that_is_given_up_leaves_no_complaint_of_the_interpreter() -> None:
    source = """if True:
        import asyncio, sys
        from boxship import AsyncClient
        async def main():
            asyncio.get_running_loop().slow_callback_duration = 60  # else a busy machine is complained of
            async with AsyncClient() as client:
                task = asyncio.create_task(client.ping(f"http://{sys.argv[1]}"))
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                print(task.cancelled())
        asyncio.run(main())
    """
    with serving(NEVER) as server:
        argv = [sys.executable, "-X", "dev", "-c", source, server.address]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_bytes_after_an_answer_are_not_the_next_one() -> None:
    smuggled = Answer(200, raw=OK + LENGTH + PAGE + OK + b"Content-Length: 15\r\n\r\n" + b'{"tags":["no"]}')
    with serving(in_turn(smuggled, Answer(200, PAGE))) as server, Client() as client:
        for _ in range(2):
            assert tags(client, server) == ["a", "b"]
