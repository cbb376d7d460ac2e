"""What of the content is looked at: the beginning of a blob from wherever it is kept, and the configuration whole."""

from __future__ import annotations

__all__ = ["Piece", "beginning", "blob_check", "config_check", "config_platform", "platform_check"]

from collections.abc import Iterator, Sequence

from boxship.client import Client
from boxship.doctor.redirects import way_to
from boxship.doctor.report import Check, Status
from boxship.doctor.story import Story
from boxship.doctor.taken import Taken
from boxship.errors import UnexpectedAnswer
from boxship.media_type import DOCKER_CONFIG, OCI_CONFIG
from boxship.platform import Platform
from boxship.reference import Reference
from boxship.registry.remote import error_of_response
from boxship.spec.config import Config
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed
from boxship.transport.response import Response
from boxship.value import dataclass
from boxship.wire import routes
from boxship.wire.printable import printable

_LITTLE = 8192  # bytes: a way that loses large packets would let one byte through
# As `registry/blobs` asks: the bytes as they are stored.
_BEGINNING = {"Accept-Encoding": "identity", "Range": f"bytes=0-{_LITTLE - 1}"}


@dataclass(frozen=True, slots=True)
class Piece:
    """The beginning of a blob: its size, who sent it, and whether that sends a part where one is asked for."""

    size: int
    origin: str
    part: bool


def beginning(client: Client, reference: Reference, blob: Descriptor) -> Piece:
    """Ask for a little of the blob, from wherever it is kept."""
    path = routes.blob(reference.repository, blob.digest)
    with client.api("GET", reference.registry, path, headers=_BEGINNING) as response:
        if response.status not in (200, 206):
            raise error_of_response(_named(reference, blob), reference.registry.api, response)
        read = _read(response, min(blob.size, _LITTLE))
        if not read and blob.size:
            raise UnexpectedAnswer(_named(reference, blob), why="not a byte of it came")
        return Piece(read, str(response.verdict.origin), response.status == 206)


def _read(response: Response, size: int) -> int:
    """How much of so many bytes comes."""
    view, read = memoryview(bytearray(size)), 0
    while read < size and (count := response.readinto(view[read:])):
        read += count
    return read


def blob_check(taken: Taken[Piece], blob: Descriptor, story: Story) -> Check:
    """What came of that."""
    at = str(blob.digest)
    if taken.error:
        way = way_to(story, taken.error)
        return _needs("content.blob", way, at) if way else taken.failed("content.blob", at)
    piece = taken.value
    assert piece
    ranges = "it sends a part where one is asked for" if piece.part else "it only sends the whole: no download goes on"
    words = f"the first {piece.size} of {blob.size} bytes came from {piece.origin}"
    return Check(id="content.blob", status=Status.OK, at=at, words=words, ms=taken.ms, evidence=(ranges,))


def config_check(taken: Taken[bytes], config: Descriptor, story: Story) -> Check:
    """Whether the configuration is what its digest says."""
    at = str(config.digest)
    if taken.error:
        way = way_to(story, taken.error)
        return _needs("content.config", way, at) if way else taken.failed("content.config", at)
    words = f"all its {config.size} bytes came, and are what the digest says"
    return Check(id="content.config", status=Status.OK, at=at, words=words, ms=taken.ms)


def config_platform(raw: bytes | None, config: Descriptor) -> Iterator[Check]:
    """For which machine the image is, as its configuration says; nothing for what is no image."""
    if raw and config.media_type in (OCI_CONFIG, DOCKER_CONFIG) and (platform := _platform(raw)):
        yield platform_check((platform,))


def platform_check(offered: Sequence[Platform]) -> Check:
    """Whether one of the platforms is this machine's."""
    here = Platform.here()
    names = printable(", ".join(map(str, offered))) or "none"
    if any(platform.satisfies(here) for platform in offered):
        words = f"{here} is one of {names}" if len(offered) > 1 else f"it is for this machine: {names}"
        return Check(id="content.platform", status=Status.OK, words=words)
    words = f"there is nothing for this machine, {here}: only {names}"
    return Check(id="content.platform", status=Status.WARNING, words=words)


def _named(reference: Reference, blob: Descriptor) -> str:
    return f"the blob {blob.digest} of {reference.repository}"


def _needs(name: str, way: str, at: str) -> Check:
    return Check(id=name, status=Status.SKIPPED, at=at, words=f"needs {way}")


def _platform(raw: bytes) -> Platform | None:
    """What the configuration says; None where it says nothing that can be compared."""
    try:
        said = Config.parse(raw).platform
    except Malformed:
        return None
    return said if said.os and said.architecture else None
