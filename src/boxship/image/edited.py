"""An image with another file in it, in a layer of its own."""

from __future__ import annotations

__all__ = ["Edit", "with_file"]

import tarfile
from collections.abc import Callable, Mapping

from boxship.errors import UnexpectedAnswer
from boxship.image.above import clean
from boxship.image.bounds import UNBOUNDED
from boxship.image.image import Image
from boxship.image.layers import Layers
from boxship.image.listing import Entry
from boxship.image.stack import Seen, Stack
from boxship.image.tar_stream import BLOCK, END, Kind
from boxship.image.workshop import Workshop
from boxship.spec.draft import Json
from boxship.store import Source

Edit = Callable[[bytes], bytes]
"""What becomes of a file's bytes; of none, where there is no such file."""

_MOST = 64 * 1024 * 1024  # bytes of a file that is held in memory
_NEW = Entry(kind=Kind.FILE, mode=0o555)  # as crane's: it can be read and run, whatever it is


def with_file(
    source: Source,
    image: Image,
    shop: Workshop,
    path: str,
    edit: Edit,
    *,
    modified: int | None,
    said: Mapping[str, Json],
) -> Image:
    """The image with what `edit` makes of the file on top, where links lead; rights and owner stay what they were."""
    with Stack(Layers(source, image.manifest.layers, UNBOUNDED)) as stack:
        seen = stack.find(path)
        name, entry, before = _now(stack, seen) if seen else (_place(stack, path), _NEW, b"")
    content = edit(before)
    if seen and content == before:
        return image
    header = _header(name, entry, len(content), modified)
    tar = b"".join((header, content, bytes(-len(content) % BLOCK), END))
    layer = shop.from_writing(lambda write: write(tar), oci=image.is_oci, history=said)
    return image.append([layer])


def _now(stack: Stack, seen: Seen) -> tuple[str, Entry, bytes]:
    entry = stack.linked(seen).entry
    if entry.size > _MOST:
        why = f"it has {entry.size} bytes, more than {_MOST}"
        raise UnexpectedAnswer(
            f"the image's {seen.name!r} is too long", why=why, remedy="boxship append puts a file there"
        )
    return seen.name, entry, b"".join(stack.content(seen))


def _place(stack: Stack, path: str) -> str:
    """Where a new file is put: its folder may be a link."""
    folder, _, base = clean(path.lstrip("/")).rpartition("/")
    there = stack.find(folder) if folder else None
    return f"{there.name if there else folder}/{base}".lstrip("/")


def _header(name: str, entry: Entry, size: int, modified: int | None) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, (info.uid, info.gid) = size, entry.mode, entry.owner
    info.mtime = entry.modified // 1_000_000_000 if modified is None else modified
    info.pax_headers = dict(entry.attributes)
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
