from __future__ import annotations

import pytest

from boxship.wire.message import Head, Request
from boxship.wire.target import Target


def test_a_request_is_written_with_its_length() -> None:
    request = Request("POST", "/v2/app/blobs/uploads/?digest=sha256:a", {"Accept": "*/*"}, b"body")
    assert request.encode("reg.corp:5000", [("User-Agent", "boxship")]) == (
        b"POST /v2/app/blobs/uploads/?digest=sha256:a HTTP/1.1\r\nHost: reg.corp:5000\r\n"
        b"User-Agent: boxship\r\nAccept: */*\r\nContent-Length: 4\r\n\r\n"
    )


def test_an_empty_body_has_its_length_and_no_body_has_none() -> None:
    assert b"Content-Length: 0\r\n" in Request("PUT", "/", body=b"").encode("h")
    assert b"Content-Length" not in Request("GET", "/").encode("h")


def test_a_query_a_header_and_a_body_are_shown_to_nobody() -> None:
    request = Request("PUT", "/store?X-Signature=s3cret", {"X-Key": "s3cret"}, b"s3cret")
    assert (str(request), repr(request)) == ("PUT /store", "Request('PUT /store')")
    assert repr(Target.parse("https://store.corp/blob?X-Signature=s3cret")) == "Target('https://store.corp/blob')"


@pytest.mark.parametrize("injected", ["\r\nX: y", "\n", "\r", "\0", "a\x0bb", "\x7f"], ids=repr)
def test_no_value_can_end_a_line(injected: str) -> None:
    request = Request("GET", "/v2/", {"Accept": f"a{injected}"})
    with pytest.raises(ValueError, match="'Accept'"):
        request.encode("reg.corp")
    with pytest.raises(ValueError, match="'X-Y'"):
        Request("GET", "/v2/").encode("reg.corp", [("X-Y", injected)])


@pytest.mark.parametrize("name", ["", "A B", "A:", "A\r\nB", "é", "A\0"], ids=repr)
def test_no_name_can_be_more_than_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        Request("GET", "/", {name: "x"}).encode("reg.corp")


@pytest.mark.parametrize("path", ["", "/a b", "/a\r\nX: y", "/ü", "/\0", "/\x7f"], ids=repr)
def test_no_path_can_be_more_than_a_path(path: str) -> None:
    with pytest.raises(ValueError, match="request"):
        Request("GET", path).encode("reg.corp")


@pytest.mark.parametrize(("method", "host"), [("GET /x", "h"), ("", "h"), ("GET", "h\r\nX: y"), ("GET", "")], ids=repr)
def test_no_method_or_host_can_be_more_than_that(method: str, host: str) -> None:
    with pytest.raises(ValueError, match="request"):
        Request(method, "/").encode(host)


def test_what_latin_1_cannot_write_is_refused() -> None:
    with pytest.raises(ValueError, match="latin-1"):
        Request("GET", "/", {"X": "…"}).encode("h")


@pytest.mark.parametrize(("method", "safe"), [("GET", True), ("HEAD", True), ("POST", False), ("DELETE", False)])
def test_only_reading_is_safe(method: str, safe: bool) -> None:  # noqa: FBT001 -- a table's column
    assert Request(method, "/").safe is safe


def test_headers_are_added_to_a_copy() -> None:
    request = Request("GET", "/", {"Accept": "a"})
    assert request.with_headers(Accept="b", Content_Type="c").headers == {"Accept": "b", "Content-Type": "c"}
    assert request.headers == {"Accept": "a"}


def test_a_request_shows_neither_headers_nor_body() -> None:
    request = Request("GET", "/", {"Authorization": "hunter2"}, b"hunter2")
    assert "hunter2" not in repr(request)


def test_a_head_finds_headers_whatever_their_case_and_keeps_repeated_ones() -> None:
    head = Head.of(401, "Unauthorized", [("Link", "a"), ("WWW-Authenticate", "x"), ("LINK", "b"), ("link", "c")])
    assert (head.get("link"), head.all("link")) == ("a", ("a", "b", "c"))
    assert (head.get("www-authenticate"), head.all("www-authenticate")) == ("x", ("x",))
    assert (head.get("via"), head.get("via", "d"), head.all("via")) == ("", "d", ())
