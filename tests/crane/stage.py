"""A registry with images of which every byte is known, and what command lines do there."""

from __future__ import annotations

__all__ = ["Done", "Stage", "staged"]

import json
import shlex
import struct
import subprocess
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from boxship.digest import Digest
from boxship.media_type import OCI_INDEX
from boxship.testing import Image, put_image, registry
from boxship.testing.pushing import put_manifest
from tests.cli.running import COMMAND, PATIENCE, boxship
from tests.formats.stores import file, link, tar_of

BASE = "org.opencontainers.image.base"
FOREIGN = b"who has it gives it to whom they like"
_STEP = {"created": "2024-01-01T00:00:00Z", "created_by": "COPY"}


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended, what it printed, and what it said; places are written `{at}`, `{new}` and `{here}`."""

    status: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A program with a registry and a folder: the places that lines are written with, and each image's digest."""

    name: str
    program: Sequence[str]
    at: str
    here: Path
    digests: Mapping[str, str]

    def part(self, name: str) -> Stage:
        """The same images, with a folder of its own."""
        folder = self.here / name
        folder.mkdir()
        layer = tar_of([file("srv/page", b"hello")], packed=False)
        (folder / "layer.tar").write_bytes(layer)
        (folder / "layer.tar.gz").write_bytes(_packed(layer))
        return Stage(self.name, self.program, self.at, folder, self.digests)

    @property
    def places(self) -> Mapping[str, str]:
        """What stands for each place: `{new}` is a repository that nobody else writes."""
        return {"at": self.at, "new": f"{self.at}/{self.here.name}", "here": str(self.here), **self.digests}

    def fill(self, text: str) -> str:
        """The text with what stands for its places."""
        for name, place in self.places.items():
            text = text.replace(f"{{{name}}}", place)
        return text

    def run(self, line: str) -> Done:
        """What becomes of a line; after `<<<` stands what its standard input has."""
        line, _, given = line.partition(" <<< ")
        words, said = [self.fill(word) for word in shlex.split(line)], self.fill(given).encode()
        if self.program == COMMAND:
            ours = boxship(*words, given=said, folder=self.here)
            return self._done(ours.status, ours.raw, ours.errors)
        done = subprocess.run(
            [*self.program, *words], input=said, capture_output=True, cwd=self.here, timeout=PATIENCE, check=False
        )
        return self._done(done.returncode, done.stdout, done.stderr.decode())

    def _done(self, status: int, output: bytes, errors: str) -> Done:
        return Done(status, self._emptied(output.decode("utf-8", "replace")), self._emptied(errors))

    def _emptied(self, text: str) -> str:
        for name in ("new", "at", "here"):
            text = text.replace(self.places[name], f"{{{name}}}")
        return text


@contextmanager
def staged(name: str, program: Sequence[str], folder: Path) -> Iterator[Stage]:
    """The stage of a program."""
    folder.mkdir(parents=True, exist_ok=True)
    with registry(allow_delete=True) as running:
        yield Stage(name, program, running.address, folder, _put_all(running.address))


def _put_all(at: str) -> Mapping[str, str]:
    """Put every image there that a line may name: `{app:1}` is its digest."""
    old, new, app, more = (
        _packed(tar_of(entries, packed=False))
        for entries in (
            [file("etc/version", b"1")],
            [file("etc/version", b"2")],
            [file("app", b"#!/bin/sh\n", mode=0o755), link("also", "app")],
            [file("more")],
        )
    )
    base, first, arm = _image(old), _image(old, app), _image(old, app, platform="linux/arm64")
    annotations = {f"{BASE}.name": f"{at}/base:2", f"{BASE}.digest": str(base.digest)}
    images = {
        "base:1": base,
        "base:2": _image(new),
        "app:1": first,
        "app:2": _image(old, app, more),
        "app:arm": arm,
        "based:1": _image(old, app, annotations=annotations),
    }
    for name, image in images.items():
        repository, tag = name.split(":")
        put_image(at, repository, tag, image)
    put_image(at, "app", "foreign", _foreign())
    index = _index((first, "amd64"), (arm, "arm64"))
    put_manifest(at, "app", "multi", index, media_type=OCI_INDEX)
    digests = {name: str(image.digest) for name, image in images.items()}
    others = {"app:multi": index, "config": first.config, "foreign": FOREIGN, "layer": app}
    return {**digests, **{name: str(Digest.of(content)) for name, content in others.items()}}


def _packed(content: bytes) -> bytes:
    """In gzip's format, not compressed: what that comes to is not the same with every zlib (RFC 1951, 3.2.4)."""
    size, end = len(content), struct.pack("<II", zlib.crc32(content), len(content))
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01" + struct.pack("<HH", size, 0xFFFF ^ size) + content + end


def _image(*layers: bytes, platform: str = "linux/amd64", annotations: Mapping[str, str] | None = None) -> Image:
    """As Go's programs write it: the same members in the same order."""
    plain = Image.of(layers, platform=platform)
    system, architecture = platform.split("/")
    config = _json(
        architecture=architecture,
        created="2024-01-01T00:00:00Z",
        history=[_STEP] * len(layers),
        os=system,
        rootfs=json.loads(plain.config)["rootfs"],
        config={"Cmd": ["sh"], "Env": ["PATH=/bin", "OLD=1"], "Labels": {"kept": "yes"}},
    )
    told = json.loads(plain.manifest)
    parts = [told["config"] | {"size": len(config), "digest": str(Digest.of(config))}, *told["layers"]]
    about, *below = ({name: part[name] for name in ("mediaType", "size", "digest")} for part in parts)
    said = {"annotations": annotations} if annotations else {}
    manifest = _json(schemaVersion=2, mediaType=told["mediaType"], config=about, layers=below, **said)
    return Image(manifest=manifest, config=config, layers=layers)


def _foreign() -> Image:
    """With a layer that may not be distributed, and that is there all the same."""
    image = _image(FOREIGN)
    document = json.loads(image.manifest)
    document["layers"][0] |= {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "urls": ["http://127.0.0.1:1/layer"],
    }
    return Image(manifest=_json(**document), config=image.config, layers=image.layers)


def _index(*images: tuple[Image, str]) -> bytes:
    entries = [
        {
            "mediaType": image.media_type,
            "size": len(image.manifest),
            "digest": str(image.digest),
            "platform": {"architecture": architecture, "os": "linux"},
        }
        for image, architecture in images
    ]
    return _json(schemaVersion=2, mediaType=OCI_INDEX, manifests=entries)


def _json(**members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
