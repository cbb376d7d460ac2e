"""Images of which every byte is known, in memory, and copies of them without a client."""

from __future__ import annotations

__all__ = [
    "Entry",
    "copied",
    "file",
    "folder",
    "in_memory",
    "index_of",
    "layers_of",
    "link",
    "platform_index",
    "symlink",
    "tar_of",
]

import io
import json
import tarfile
import threading
import uuid
from collections.abc import Iterable, Sequence

from isal import igzip

from boxship.connect.crew import Crew
from boxship.connect.deadline import Work
from boxship.copy import Copied, copy
from boxship.digest import Digest
from boxship.formats.memory import Memory
from boxship.image.bounds import Bounds
from boxship.image.layers import Layers
from boxship.image.opening import image_at
from boxship.media_type import OCI_INDEX
from boxship.platform import Platform
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.store import Source, Target
from boxship.testing import Image

Entry = tuple[tarfile.TarInfo, bytes]


def copied(source: Source, name: str, target: Target, *names: str, platforms: Iterable[Platform] = ()) -> Copied:
    """Copy what `name` stands for, with threads of its own, which have ended afterwards."""
    own = f"test-formats-{uuid.uuid4().hex}"
    crew = Crew(4, own)
    try:
        return copy(source, name, target, names, platforms=platforms, crew=crew, work=Work())
    finally:
        crew.close()
        for thread in threading.enumerate():
            if thread.name.startswith(own):
                thread.join()


def in_memory(image: Image, name: str = "", *, into: Memory | None = None) -> Memory:
    """The image in a store in memory, under the name."""
    store = into or Memory()
    for content in image.blobs.values():
        store.add_blob(content, "")
    store.name(Document(image.manifest, image.media_type, image.digest), (name,) if name else ())
    return store


def layers_of(store: Source, name: str = "1", bounds: Bounds | None = None) -> Layers:
    """The layers of the image that has the name."""
    return Layers(store, image_at(store, name).layers, bounds or Bounds())


def platform_index(store: Memory, name: str, platforms: Sequence[str], media_type: str = OCI_INDEX) -> Digest:
    """Put an index with a small image for each platform there; its digest."""
    images = [Image.of([tar_of([file(f"etc/{platform}", b"x" * 1000)])], platform=platform) for platform in platforms]
    for image in images:
        in_memory(image, into=store)
    return index_of(
        store, name, [(image, platform) for image, platform in zip(images, platforms, strict=True)], media_type
    )


def index_of(store: Memory, name: str, images: Sequence[tuple[Image, str]], media_type: str = OCI_INDEX) -> Digest:
    """Put an index of these images there, each with its platform; its digest."""
    entries = []
    for image, platform in images:
        system, _, architecture = platform.partition("/")
        at = Descriptor(media_type=image.media_type, digest=image.digest, size=len(image.manifest))
        entry = {"mediaType": at.media_type, "digest": str(at.digest), "size": at.size}
        entries.append({**entry, "platform": {"os": system, "architecture": architecture}})
    raw = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
    document = Document(raw, media_type, Digest.of(raw))
    store.name(document, (name,))
    return document.digest


# Layers.


def tar_of(entries: Iterable[Entry], *, packed: bool = True) -> bytes:
    """A layer: a tar of these entries, by default gzipped."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in entries:
            archive.addfile(member, io.BytesIO(content))
    return igzip.compress(buffer.getvalue(), mtime=0) if packed else buffer.getvalue()


def file(name: str, content: bytes = b"", **fields: object) -> Entry:
    """A regular file."""
    return _member(name, tarfile.REGTYPE, size=len(content), **{"mode": 0o644, **fields}), content


def folder(name: str, **fields: object) -> Entry:
    """A folder."""
    return _member(name, tarfile.DIRTYPE, **{"mode": 0o755, **fields}), b""


def symlink(name: str, target: str) -> Entry:
    """A symbolic link."""
    return _member(name, tarfile.SYMTYPE, linkname=target), b""


def link(name: str, target: str) -> Entry:
    """A hard link."""
    return _member(name, tarfile.LNKTYPE, linkname=target), b""


def _member(name: str, kind: bytes, **fields: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    for field, value in fields.items():
        setattr(member, field, value)
    return member
