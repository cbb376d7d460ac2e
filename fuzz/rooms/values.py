"""What people, files and registries write for values: references, digests, platforms, versions, amounts, places."""

from __future__ import annotations

__all__ = ["TARGETS"]

from boxship.digest import Digest
from boxship.errors import InvalidInput, InvalidReference
from boxship.formats.place import Place
from boxship.platform import Platform
from boxship.prune.rules import parse_age
from boxship.reference import Reference, Registry
from boxship.server.access.rights import Pattern
from boxship.server.quota import read_size
from boxship.settings.durations import parse_duration
from boxship.sync.chosen import parse_moment
from boxship.sync.regsync_range import RegsyncRange
from boxship.sync.semver import Range, Version
from boxship.sync.sharing import Shard
from fuzz.target import Target, as_text, target

_NAMES = "docker.io localhost [::1] :5000 @sha256: :latest https:// library/ xn-- .. __ %"


@target(InvalidReference, longest=512, words=_NAMES)
def reference(data: bytes) -> None:
    """A text is a reference that is read again as it is written, or an error with a caret below what is wrong."""
    try:
        found = Reference.parse(as_text(data))
    except InvalidReference as error:
        assert "^" in error.caret
        raise
    assert Reference.parse(str(found)) == found
    assert found.name


@target(InvalidReference, longest=512, words=_NAMES)
def registry(data: bytes) -> None:
    """A text is a registry that is read again as it is written, or an error with a caret below what is wrong."""
    try:
        found = Registry.parse(as_text(data))
    except InvalidReference as error:
        assert "^" in error.caret
        raise
    assert Registry.parse(str(found)) == found
    assert found.name


@target(InvalidInput, longest=256, words="sha256: sha512: sha384:")
def digest(data: bytes) -> None:
    """A text is a digest that is written as it was, or `InvalidInput`."""
    text = as_text(data)
    assert str(Digest.parse(text)) == text


@target(InvalidInput, longest=256, words="linux windows amd64 arm64 v8 10.0.17763.1")
def platform(data: bytes) -> None:
    """A text is a platform that is read again as it is written, or `InvalidInput`."""
    found = Platform.parse(as_text(data))
    assert Platform.parse(str(found)) == found
    assert found.satisfies(found)


@target(InvalidInput, longest=512, words=">= <= => =< ~> || != ^ ~ x * - , 1.2.3 -rc.1 +build")
def versions(data: bytes) -> None:
    """The first line is a range of versions, or `InvalidInput`; any other line is a version in it, or is not."""
    wanted, *tags = as_text(data).split("\n")
    for tag in tags:
        version = Version.parse(tag)
        assert version is None or version.key <= version.key
    for kind in (RegsyncRange, Range):
        try:
            chosen = kind.parse(wanted)
        except InvalidInput:
            continue
        assert not any(chosen.has(tag) for tag in tags if not tag[:2].strip("v")[:1].isdecimal())


@target(InvalidInput, longest=256, words="30d 2w 1d12h 90m 1.5h ns us ms 500MiB 50GB 2024-01-31 T12:00:00Z 0/4 ** *")
def amounts(data: bytes) -> None:
    """A text is an age, a date, a duration, a size, a pattern or a shard, or `InvalidInput`; none is below nothing."""
    text = as_text(data)
    assert (parse_duration(text) or 0) >= 0
    assert (read_size(text) or 0) >= 0
    for read in (parse_age, parse_moment, Pattern.parse, Shard.parse):
        try:
            read(text)
        except InvalidInput:
            continue


@target(InvalidInput, longest=512, words="oci: oci-archive: docker-archive: docker-daemon: dir:")
def place(data: bytes) -> None:
    """A text is a place that is read again as it is written, or none, or `InvalidInput`."""
    found = Place.parse(as_text(data))
    assert found is None or Place.parse(str(found)) == found


TARGETS: tuple[Target, ...] = (reference, registry, digest, platform, versions, amounts, place)
