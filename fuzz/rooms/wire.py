"""What a registry's answers have in their heads and bodies."""

from __future__ import annotations

__all__ = ["TARGETS"]

import io

from boxship.connect.question import parse as parse_question
from boxship.wire.challenge import parse_challenges, write_challenge
from boxship.wire.content import Content
from boxship.wire.failure import middlebox_words, parse_failures, write_failures
from boxship.wire.framing import END_OF_HEAD, Framing, NotHTTP, parse_framing
from boxship.wire.limits import NAMES, read_limits
from boxship.wire.links import next_link, parse_links
from boxship.wire.ranges import parse_byte_range, parse_content_range, parse_upload_range, write_upload_range
from boxship.wire.target import Target as Written
from fuzz.target import Target, target

_SIZE = 100
_HEADS = "HTTP/1.1 HTTP/1.0 200 206 401 Content-Length: Transfer-Encoding: chunked Connection: close Content-Range:"
_DOCUMENTS = "errors code message detail null true 1e999 UNAUTHORIZED <html> <title> <Error><Code>"


def _header(data: bytes) -> str:
    """Heads are read as Latin-1."""
    return data.decode("latin-1")


@target(longest=2048, words='Basic Bearer realm=" service=" scope=" error=" charset= \\" , = == \t')
def challenges(data: bytes) -> None:
    """A header is some challenges, and each of them is read again as it is written."""
    for challenge in parse_challenges([_header(data)]):
        assert challenge.scheme == challenge.scheme.lower()
        if challenge.parameters:
            assert challenge in parse_challenges([write_challenge(challenge.scheme, **challenge.parameters)])


@target(longest=2048, words='<> rel=next rel="next" ; , /v2/app/tags/list?n=2&last=b')
def links(data: bytes) -> None:
    """A header is some links, and where the next page is among them it is one of those."""
    found = parse_links([_header(data)])
    assert all("<" not in one and ">" not in one for one in found.values())
    assert (next_link([_header(data)]) or "") in ("", *found.values())


@target(ValueError, longest=128, words="bytes= bytes 0- -5 0-0/1 /* 18446744073709551616")
def ranges(data: bytes) -> None:
    """A range is inside of what it is asked of, the whole, or `ValueError`; one that says a size has it read again."""
    text = _header(data)
    content, held = parse_content_range(text), parse_upload_range(text)
    assert content is None or 0 <= content.start < content.stop <= (content.size or content.stop)
    assert held is None or parse_upload_range(write_upload_range(held)) == held
    asked = parse_byte_range(text, _SIZE)
    assert asked is None or 0 <= asked[0] < asked[1] <= _SIZE


@target(NotHTTP, longest=8192, words=f"{_HEADS} 0;a=b ff")
def answer(data: bytes) -> None:
    """An answer is a head and a body that is the same in whatever pieces it is read, or `NotHTTP`."""
    end = END_OF_HEAD.search(data)
    if not end:
        return
    framing = parse_framing(data[: end.end()], "GET")
    assert not any(mark in value for _, value in framing.head.pairs() for mark in "\r\n\0")
    rest = data[end.end() :]
    assert _body(framing, rest, 1) == _body(framing, rest, len(rest) + 1)


def _body(framing: Framing, rest: bytes, size: int) -> bytes | None:
    """The body, read by so much at a time; None for one that is broken."""
    content = Content(framing, io.BufferedReader(io.BytesIO(rest)))
    body, view = b"", memoryview(bytearray(size))
    try:
        while count := content.readinto(view):
            body += view[:count]
    except NotHTTP:
        return None
    assert len(body) <= len(rest)
    return body


@target(longest=4096, words=f"{_HEADS} Docker-Distribution-Api-Version: registry/2.0 Location: HTTP/1.1_103")
def first_answer(data: bytes) -> None:
    """What answers the first question is an answer at its end, and before it the same or not yet one."""
    whole = parse_question(data, "reg.corp", ended=True)
    assert whole is not None
    assert whole.refusal.isprintable()
    early = parse_question(data, "reg.corp", ended=False)
    assert early is None or (early.head, early.refusal) == (whole.head, whole.refusal)


@target(longest=4096, words=_DOCUMENTS)
def failures(data: bytes) -> None:
    """A body is some failures, which are read again as they are written, and can be said in a few printable words."""
    found = parse_failures(data)
    assert parse_failures(write_failures(found)) == found
    assert all(len(words) < 1000 and words.isprintable() for words in (*map(str, found), middlebox_words("", data)))


@target(longest=256, words="100;w=21600 76 ;w=0 1700000000 999999999999")
def limits(data: bytes) -> None:
    """Lines are the values of a registry's headers about limits, which are counts, or say nothing."""
    lines = _header(data).split("\n")
    found = read_limits(lambda name: dict(zip(NAMES, lines, strict=False)).get(name, ""), 1_000_000_000.0)
    assert found is None or (found.allowed >= 0 and found.left >= 0 and (found.reset or 0) >= 0 and str(found))


@target(ValueError, longest=512, words="http:// https:// // ../ ? # @ [::1] :443 %2f docker.io")
def url(data: bytes) -> None:
    """A URL leads to a host and can be sent, or is a `ValueError`; so it is beside another one."""
    text = _header(data)
    for base in ("", "https://reg.corp/v2/app/tags/list?n=1"):
        try:
            found = Written.parse(text, base)
        except ValueError:
            continue
        assert found.host
        assert 0 < found.port < 65536
        assert found.path.startswith("/")
        assert found.path.isascii()
        assert found.path.isprintable()
        assert " " not in found.path
        assert Written.parse(f"{found.registry}{found.path}").path == found.path


TARGETS: tuple[Target, ...] = (challenges, links, ranges, answer, first_answer, failures, limits, url)
