"""Images that are changed, in a layout, and what is to be seen of them afterwards."""

from __future__ import annotations

__all__ = [
    "AMD_AND_ARM",
    "BASE",
    "blob",
    "config",
    "described",
    "digest",
    "image",
    "manifest",
    "names",
    "opened",
    "put",
    "sound",
]

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from boxship import Client
from boxship.digest import Digest
from boxship.formats.ends import source_end
from boxship.formats.memory import Memory
from boxship.formats.opening import target_at
from boxship.formats.place import Place
from boxship.spec.descriptor import Descriptor
from boxship.store import Source
from boxship.testing import Image
from tests.formats.stores import Entry, copied, file, in_memory, index_of, tar_of

AMD_AND_ARM = ["linux/amd64", "linux/arm64"]
BASE = [[file("etc/release", b"1"), file("bin/sh", b"#")], [file("etc/hosts", b"localhost")]]


def image(*layers: Sequence[Entry], platform: str = "linux/amd64") -> Image:
    return Image.of([tar_of(entries) for entries in layers], platform=platform)


def described(image: Image, **config: object) -> Image:
    """The image with another configuration, of the fields that it has and these."""
    raw = json.dumps({**json.loads(image.config), **config}, indent=1).encode()
    manifest = json.loads(image.manifest)
    digest = str(in_memory(replace(image, config=raw)).add_blob(raw, "").digest)
    manifest["config"] |= {"digest": digest, "size": len(raw)}
    return replace(image, config=raw, manifest=json.dumps(manifest).encode())


def put(layout: str, name: str, *images: Image, platforms: Sequence[str] = ()) -> None:
    store = Memory()
    if platforms:
        for one in images:
            in_memory(one, into=store)
        index_of(store, name, list(zip(images, platforms, strict=True)))
    else:
        in_memory(images[0], name, into=store)
    place = Place.parse(layout)
    assert place
    with target_at(place) as target:
        copied(store, name, target, name)


def manifest(client: Client, where: str) -> dict[str, Any]:
    with opened(client, where) as (store, descriptor):
        told: dict[str, Any] = json.loads(store.read(descriptor).raw)
        return told


def config(client: Client, where: str) -> dict[str, Any]:
    with opened(client, where) as (store, descriptor):
        pointer = json.loads(store.read(descriptor).raw)["config"]
        told: dict[str, Any] = json.loads(blob(store, pointer))
        return told


def blob(store: Source, pointer: Mapping[str, Any]) -> bytes:
    at = Descriptor(media_type="", digest=Digest.parse(pointer["digest"]), size=pointer["size"])
    with store.open_blob(at) as pieces:
        return b"".join(map(bytes, pieces))


@contextmanager
def opened(client: Client, where: str) -> Iterator[tuple[Source, Descriptor]]:
    with source_end(client._operations, where) as end:
        yield end.store, end.store.resolve(end.name)


def digest(client: Client, where: str) -> Digest:
    with opened(client, where) as (_, descriptor):
        return descriptor.digest


def names(client: Client, where: str) -> list[str]:
    out = io.BytesIO()
    client.export(where, out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        return sorted(tar.getnames())


def sound(client: Client, where: str) -> bool:
    return not client.validate(where).findings
