from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.event import Event
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from tests.property.words import DIGESTS, NEAR_REFERENCES, REGISTRIES, REPOSITORIES, TAGS

PARSERS: dict[str, Callable[[str], object]] = {
    "reference": Reference.parse,
    "registry": Registry.parse,
    "digest": Digest.parse,
    "platform": Platform.parse,
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@given(text=NEAR_REFERENCES)
def test_any_text_is_read_or_refused_with_a_place_in_it(parse: Callable[[str], object], text: str) -> None:
    outcome = outcome_of(parse, text)
    if isinstance(outcome, InvalidReference):
        start, end = outcome.span
        assert 0 <= start <= end <= len(outcome.text)
        # A user's name and password before an `@` are masked; everything else is shown as it was written.
        assert outcome.text == text or text.endswith(outcome.text[outcome.text.index("…@") + 1 :])
        assert outcome.why
        assert len(outcome.caret.split("\n")) == 2
    else:
        assert parse(str(outcome)) == outcome


def outcome_of(parse: Callable[[str], object], text: str) -> object:
    try:
        return parse(text)
    except InvalidReference as error:
        return error


@given(REGISTRIES, REPOSITORIES, st.none() | TAGS, st.none() | DIGESTS)
def test_a_reference_that_is_written_is_read_again(
    registry: Registry, repository: str, tag: str | None, digest: Digest | None
) -> None:
    # Alone after a registry without a scheme, a name like `reg` would be Docker Hub's.
    written = str(Reference(registry, repository, tag, digest))
    assume(registry.scheme or any(mark in str(registry) for mark in ".:") or str(registry) != str(registry).lower())
    reference = Reference.parse(written)
    assert (reference.tag, reference.digest) == (tag, digest)
    assert reference.repository.removeprefix("library/") == repository.removeprefix("library/")
    assert Reference.parse(str(reference)) == reference


@given(REGISTRIES)
def test_a_registry_that_is_written_is_read_again(registry: Registry) -> None:
    read = Registry.parse(str(registry))
    assert read.name.lower() == registry.name.lower() or read.is_docker_hub
    assert read.scheme == registry.scheme
    assert Registry.parse(read.name) == Registry.parse(Registry.parse(read.name).name)


@given(DIGESTS)
def test_a_digest_that_is_written_is_read_again(digest: Digest) -> None:
    assert Digest.parse(str(digest)) == digest


WORDS = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
PLATFORMS = st.builds(Platform, WORDS, WORDS, st.just("") | WORDS, st.just("") | WORDS)


@given(PLATFORMS)
def test_a_platform_that_is_written_is_read_again_and_fits_itself(platform: Platform) -> None:
    assert Platform.parse(str(platform)) == platform
    assert platform.satisfies(platform)


@given(PLATFORMS)
def test_what_is_not_asked_for_always_fits(platform: Platform) -> None:
    assert platform.satisfies(Platform(platform.os, platform.architecture))


@given(st.text(), st.floats(0, 4e9))
def test_an_event_is_one_line_whatever_happened(text: str, at: float) -> None:
    line = str(Event("Name", text, at, "file.py:1"))
    assert line.isprintable()
    assert line[0] == "I"
    assert line.index("]") == len("I1123 16:30:01.044838 file.py:1")
