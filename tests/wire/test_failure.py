from __future__ import annotations

import json
import time

import pytest

from boxship.wire.failure import Failure, middlebox_words, parse_failures, write_failures


def body(*entries: object) -> bytes:
    return json.dumps({"errors": entries}).encode()


@pytest.mark.parametrize(
    ("entry", "failure"),
    [
        ({"code": "DENIED", "message": "no", "detail": {"a": 1}}, Failure("DENIED", "no", '{"a": 1}')),
        ({"code": "DENIED"}, Failure("DENIED")),
        ({"code": "DENIED", "message": None, "detail": None}, Failure("DENIED")),
        ({"message": "no"}, Failure("UNKNOWN", "no")),
        ({"code": "DENIED", "detail": "text"}, Failure("DENIED", "", '"text"')),
        ({}, Failure("UNKNOWN")),
    ],
    ids=str,
)
def test_a_failure_is_read(entry: object, failure: Failure) -> None:
    assert parse_failures(body(entry)) == (failure,)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"errors": null}',
        b'{"errors": {}}',
        b'{"errors": ["no"]}',
        b'{"errors": [{"code": 7}]}',
        b'{"errors": [{"message": []}]}',
        b"\xff",
        b'{"errors":' + b"[" * 100_000,
        b'{"errors": [{"code": ' + b"1" * 5000 + b"}]}",
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_what_is_no_error_body_has_no_failures(raw: bytes) -> None:
    assert parse_failures(raw) == ()


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_a_detail_of_any_depth_is_read_or_refused(depth: int) -> None:
    raw = b'{"errors": [{"code": "X", "detail": ' + b"[" * depth + b"]" * depth + b"}]}"
    assert len(parse_failures(raw)) in (0, 1)


def test_what_is_written_can_be_read() -> None:
    failures = (Failure("DENIED", "no", '{"a": [1, null]}'), Failure("UNKNOWN", "ü"))
    assert parse_failures(write_failures(failures)) == failures


def test_a_failure_is_shown_on_one_line_without_what_a_terminal_obeys() -> None:
    (failure,) = parse_failures(
        body({"code": "X\x1b]0;t\x07", "message": "a\r\nb\x1b[2J\u202e\ud800" + "c" * 1_000_000})
    )
    assert str(failure).isprintable()
    assert str(failure).startswith("X ]0;t : a  b [2J")
    assert len(str(failure)) == 301
    assert str(Failure("DENIED")) == "DENIED"


# As S3 and Azure say that the time of a signed address is over.
EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message>'
    b"<Expires>2026-01-01T00:00:00Z</Expires></Error>"
)
OF_AZURE = (
    b"<Error><Code>AuthenticationFailed</Code><Message>Not authenticated.\nRequestId:1\nTime:2</Message>"
    b"<AuthenticationErrorDetail>Signature not valid in the time frame</AuthenticationErrorDetail></Error>"
)


@pytest.mark.parametrize(
    ("content_type", "page", "words"),
    [
        ("text/html", b"<html><head><TITLE lang=de>\n Anmeldung \n</TITLE>", "an HTML page, 'Anmeldung'"),
        ("", "<title>Café</title>".encode(), "an HTML page, 'Café'"),
        ("text/html", b"<title>\x1b[31m\xff</title>", "an HTML page, ' [31m\ufffd'"),
        ("TEXT/HTML; charset=utf-8", b"hello", "an HTML page"),
        ("", b"  <!doctype html>", "an HTML page"),
        ("text/plain", b" Bad \x1b[31mGateway\r\n", "Bad  [31mGateway"),
        ("", b"", ""),
        ("application/xml", EXPIRED, "AccessDenied: Request has expired"),
        ("application/xml", OF_AZURE, "AuthenticationFailed: Not authenticated. Signature not valid in the time frame"),
        ("application/xml", b"<Error><Code>SlowDown\x1b[31m</Code></Error>", "SlowDown [31m"),
    ],
    ids=repr,
)
def test_a_middlebox_is_quoted_in_a_few_printable_words(content_type: str, page: bytes, words: str) -> None:
    assert middlebox_words(content_type, page) == words
    assert words.isprintable()


@pytest.mark.parametrize(
    "piece", [b"<title", b"<title>", b" ", b"<", b"<title> ", b"\xff", b"<Error><Code>x</Code>", b"<Message>"], ids=repr
)
def test_no_page_keeps_the_reader_busy_or_fills_an_error(piece: bytes) -> None:
    started = time.monotonic()
    words = middlebox_words("text/plain", b"<title>" + piece * (4_000_000 // len(piece)))
    assert len(words) < 400
    assert time.monotonic() - started < 2
