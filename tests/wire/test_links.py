from __future__ import annotations

import time

import pytest

from boxship.wire.links import next_link, parse_links, write_next

NEXT = "/v2/_catalog?last=b&n=2"


@pytest.mark.parametrize(
    "value",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next",
        f"<{NEXT}>;rel=next",
        f'< {NEXT} > ; Rel = "NEXT"',
        f'<{NEXT}>; title="a; b, c"; rel="next"',
        f'<{NEXT}>; title="a \\"; rel=prev"; rel="next"',
        f'<{NEXT}>; rel="last next"; type=x',
        f'<{NEXT}>; crossorigin; rel="next"',
        f'<{NEXT}>; rel="next"; rel="prev"',
        f'</first>; rel="first", <{NEXT}>; rel="next"',
        f'</first>; rel="first"<{NEXT}>; rel="next"',
        f'</plain>, <{NEXT}>; rel="next", </other>; rel="next"',
        f'rubbish <, <{NEXT}>; rel="next"',
    ],
)
def test_the_next_page_is_found_however_it_is_written(value: str) -> None:
    assert next_link([value]) == NEXT


@pytest.mark.parametrize(
    "value",
    [
        "",
        NEXT,
        f"<{NEXT}>",
        f'<{NEXT}>; rel="prev"',
        f'<{NEXT}>; relation="next"',
        f'<{NEXT}>; title="rel=next"',
        f'<{NEXT}>; title="; rel=next"',
        f'<{NEXT}>; rel="prev"; rel="next"',
        f'<{NEXT}; rel="next"',
        '<>; rel="next"',
        '< >; rel="next"',
    ],
    ids=repr,
)
def test_on_the_last_page_there_is_none(value: str) -> None:
    assert next_link([value]) is None


def test_every_relation_has_its_first_target() -> None:
    values = ['</a>; rel="first", </b>; rel="next"', '</c>; rel="next prev"']
    assert parse_links(values) == {"first": "/a", "next": "/b", "prev": "/c"}


def test_what_is_written_can_be_read() -> None:
    assert next_link([write_next(NEXT)]) == NEXT


@pytest.mark.parametrize("piece", ["<", " ", "; x", '; a="', "; ", "<>", '; a="\\', "<a>;", "; a = "], ids=repr)
@pytest.mark.parametrize("start", ["", "<a>", "<a>;"], ids=repr)
def test_no_header_keeps_the_parser_busy(start: str, piece: str) -> None:
    started = time.monotonic()
    parse_links([start + piece * (65536 // len(piece))])
    assert time.monotonic() - started < 2
