from __future__ import annotations

import time

import pytest

from boxship.wire.ranges import (
    ContentRange,
    parse_byte_range,
    parse_content_range,
    parse_upload_range,
    write_upload_range,
)


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=0-0", (0, 1)),
        ("bytes=5-", (5, 100)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        (" bytes= 1 - 2 ", (1, 3)),
        ("bytes=099-", (99, 100)),
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),
        ("bytes=--1", None),
        ("bytes=1-2-3", None),
        ("items=0-9", None),
        (f"bytes=0-{'9' * 20}", None),
    ],
    ids=repr,
)
def test_a_range_of_a_blob_is_read(value: str, asked: tuple[int, int] | None) -> None:
    assert parse_byte_range(value, 100) == asked


@pytest.mark.parametrize(
    ("value", "size"),
    [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=5-4", 100), ("bytes=-0", 100), ("bytes=0-", 0)],
)
def test_a_range_that_is_not_there_cannot_be_satisfied(value: str, size: int) -> None:
    with pytest.raises(ValueError, match=value):
        parse_byte_range(value, size)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("bytes 0-9/100", ContentRange(0, 10, 100)),
        ("bytes 5-9/*", ContentRange(5, 10, None)),
        ("bytes=5-9/10", ContentRange(5, 10, 10)),
        ("0-1023", ContentRange(0, 1024, None)),
        (" 7-7 ", ContentRange(7, 8, None)),
        ("bytes 0-100/100", None),
        ("bytes 9-5/100", None),
        ("bytes */100", None),
        ("bytes 0-9/", None),
        ("0-", None),
        ("", None),
        ("items 0-9/100", None),
        (f"0-{'9' * 20}", None),
    ],
    ids=repr,
)
def test_a_content_range_is_read_as_both_specifications_write_it(value: str, content: ContentRange | None) -> None:
    assert parse_content_range(value) == content


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("0-1023", 1024),
        ("bytes=0-1023", 1024),
        ("00-1023", 1024),
        (" 0-0 ", 1),
        ("1-5", None),
        ("0-", None),
        ("", None),
        ("-5", None),
        (f"0-{'9' * 20}", None),
    ],
    ids=repr,
)
def test_an_uploads_range_says_how_much_it_holds(value: str, size: int | None) -> None:
    assert parse_upload_range(value) == size


@pytest.mark.parametrize(("size", "value"), [(0, "0-0"), (1, "0-0"), (1024, "0-1023")])
def test_an_uploads_range_is_written_as_the_specification_does(size: int, value: str) -> None:
    assert write_upload_range(size) == value


@pytest.mark.parametrize("start", ["", "bytes=", "bytes=0", "bytes=0-", "bytes ", "0-"], ids=repr)
@pytest.mark.parametrize("piece", [" ", "1", "-", "0-"], ids=repr)
def test_no_header_keeps_the_parsers_busy(start: str, piece: str) -> None:
    value = f"{start}{piece * 65536}x"
    started = time.monotonic()
    found = (parse_byte_range(value, 5), parse_content_range(value), parse_upload_range(value))
    assert found == (None, None, None)
    assert time.monotonic() - started < 2
