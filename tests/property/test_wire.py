from __future__ import annotations

import contextlib
import json
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.spec.config import Config
from boxship.spec.fields import Malformed, parse_object
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.wire.challenge import Challenge, parse_challenges, write_challenge
from boxship.wire.failure import Failure, middlebox_words, parse_failures, write_failures
from boxship.wire.links import next_link, parse_links, write_next
from boxship.wire.message import Head, Request
from boxship.wire.printable import LONGEST, printable
from boxship.wire.ranges import parse_byte_range, parse_content_range, parse_upload_range, write_upload_range
from boxship.wire.recognition import not_a_registry
from boxship.wire.shown import shown_headers
from tests.property.words import NEAR_HEADERS, TOKENS

VALUES = st.text(string.printable.strip() + " ")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations"])
NEAR_DOCUMENTS = st.dictionaries(NAMES, JSON).map(lambda document: json.dumps(document).encode())


@given(TOKENS, st.dictionaries(TOKENS, VALUES, min_size=1))
def test_a_challenge_that_is_written_is_read_again(scheme: str, parameters: dict[str, str]) -> None:
    assert parse_challenges([write_challenge(scheme, **parameters)]) == (Challenge(scheme, parameters),)


@given(st.lists(st.tuples(TOKENS, st.dictionaries(TOKENS, VALUES, min_size=1)), max_size=4))
def test_challenges_in_one_header_are_those_of_several(challenges: list[tuple[str, dict[str, str]]]) -> None:
    written = [write_challenge(scheme, **parameters) for scheme, parameters in challenges]
    assert parse_challenges([", ".join(written)]) == parse_challenges(written)


@given(st.lists(NEAR_HEADERS, max_size=3))
def test_any_header_is_read_as_some_challenges(values: list[str]) -> None:
    for challenge in parse_challenges(values):
        assert challenge.scheme == challenge.scheme.lower()
        assert all(name == name.lower() for name in challenge.parameters)


@given(st.text(string.ascii_letters + string.digits + "/?=&%,;:\"'.-_~@[]!$()*+ü", min_size=1))
def test_a_link_that_is_written_is_read_again(target: str) -> None:
    assert next_link([write_next(target)]) == target


@given(st.lists(NEAR_HEADERS, max_size=3))
def test_any_header_is_read_as_some_links(values: list[str]) -> None:
    targets = parse_links(values)
    assert all(relation == relation.lower() and relation.split() == [relation] for relation in targets)
    assert all("<" not in target and ">" not in target for target in targets.values())


@given(NEAR_HEADERS | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(0, 100))
def test_any_range_lies_inside_the_blob(value: str, size: int) -> None:
    with contextlib.suppress(ValueError):
        asked = parse_byte_range(value, size)
        assert asked is None or 0 <= asked[0] < asked[1] <= size


@given(st.integers(0, 99), st.integers(1, 100))
def test_a_range_that_is_there_is_what_is_served(start: int, length: int) -> None:
    stop = min(start + length, 100)
    assert parse_byte_range(f"bytes={start}-{stop - 1}", 100) == (start, stop)
    assert parse_byte_range(f"bytes=-{length}", 100) == (100 - length, 100)
    assert parse_byte_range(f"bytes={start}-", 100) == (start, 100)


@given(NEAR_HEADERS | st.from_regex(r"(bytes )?\d+-\d+(/(\d+|\*))?", fullmatch=True))
def test_any_content_range_is_whole_or_unusable(value: str) -> None:
    found = parse_content_range(value)
    assert found is None or 0 <= found.start < found.stop <= (found.size or found.stop)
    held = parse_upload_range(value)
    assert held is None or held > 0


@given(st.integers(1, 2**63))
def test_an_uploads_size_that_is_written_is_read_again(size: int) -> None:
    assert parse_upload_range(write_upload_range(size)) == size


@pytest.mark.parametrize("parse", [Manifest.parse, Index.parse, Config.parse, parse_object])
@given(raw=st.binary() | NEAR_DOCUMENTS)
def test_any_bytes_are_a_document_or_malformed(parse: Callable[[bytes], object], raw: bytes) -> None:
    try:
        document = parse(raw)
    except Malformed as error:
        str(error).encode()
    else:
        assert getattr(document, "raw", raw) == raw


@given(st.binary() | NEAR_DOCUMENTS | JSON.map(lambda errors: json.dumps({"errors": errors}).encode()))
def test_any_body_is_shown_in_a_few_printable_words(raw: bytes) -> None:
    shown = [str(failure) for failure in parse_failures(raw)] + [middlebox_words("", raw)]
    assert all(words.isprintable() and len(words) < 2 * LONGEST for words in shown)


FAILURES = st.builds(Failure, st.text(string.ascii_uppercase, min_size=1), st.text(string.printable))


@given(st.lists(FAILURES))
def test_failures_that_are_written_are_read_again(failures: list[Failure]) -> None:
    assert parse_failures(write_failures(failures)) == tuple(failures)


@given(st.text())
def test_words_are_always_printable(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST + 1
    assert printable(shown[:LONGEST]) == shown[:LONGEST]


@given(st.integers(100, 599), st.lists(st.tuples(st.sampled_from(["Location", "WWW-Authenticate", "x"]), st.text())))
def test_any_answer_is_a_registrys_or_what_it_is_is_said(status: int, headers: list[tuple[str, str]]) -> None:
    assert not_a_registry(Head.of(status, "", headers), b"").isprintable()


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text(), max_size=2), st.text())
def test_no_request_has_more_lines_than_were_meant(method: str, path: str, headers: dict[str, str], host: str) -> None:
    with contextlib.suppress(ValueError):
        head = Request(method, path, headers).encode(host)
        assert len(head.splitlines()) == 3 + len(headers)


@given(st.lists(st.tuples(NEAR_HEADERS, st.text())))
def test_a_trace_of_headers_is_one_printable_line(headers: list[tuple[str, str]]) -> None:
    assert all(part.isprintable() for pair in shown_headers(headers) for part in pair)
