"""What the layers of an image make together: whiteouts, opaque folders, links, and names of all sorts."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from isal import igzip

from boxship.digest import Digest
from boxship.errors import DigestMismatch, UnexpectedAnswer
from boxship.formats.memory import Memory
from boxship.image.bounds import UNBOUNDED, Bounds
from boxship.image.export import export
from boxship.platform import Platform
from boxship.spec.descriptor import Descriptor
from boxship.testing import Image
from tests.formats.stores import Entry, file, folder, in_memory, index_of, link, symlink, tar_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def exported(*layers: bytes, bounds: Bounds = UNBOUNDED) -> bytes:
    out = io.BytesIO()
    export(in_memory(Image.of(layers), "1"), "1", out.write, bounds=bounds)
    return out.getvalue()


def of(*layers: Sequence[Entry]) -> list[tuple[str, str]]:
    """The names in the tar, each with what it is."""
    return told(exported(*map(tar_of, layers)))


def told(exported: bytes) -> list[tuple[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(exported), mode="r:") as tar:
        return [(member.name, _told(tar, member)) for member in tar]


def _told(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    if member.isreg():
        return tar.extractfile(member).read().decode()  # type: ignore[union-attr]
    return {tarfile.SYMTYPE: f"-> {member.linkname}", tarfile.LNKTYPE: f"= {member.linkname}"}.get(member.type, "/")


# The rules of the specification (image-spec layer.md, "Whiteouts"): the lowest layer comes first.
RULES = [
    ("an upper file", [[file("a", b"1"), file("b", b"1")], [file("a", b"2")]], {"a": "2", "b": "1"}),
    ("a whiteout", [[file("a", b"1"), file("b", b"1")], [file(".wh.a")]], {"b": "1"}),
    ("of a folder", [[folder("d"), file("d/a", b"1"), file("da", b"1")], [file(".wh.d")]], {"da": "1"}),
    ("in a folder", [[folder("d"), file("d/a", b"1"), file("d/b", b"1")], [file("d/.wh.a")]], {"d": "/", "d/b": "1"}),
    (
        "an opaque folder",
        [[folder("d"), file("d/a", b"1"), file("e", b"1")], [file("d/.wh..wh..opq"), file("d/b", b"2")]],
        {"d": "/", "d/b": "2", "e": "1"},
    ),
    ("an opaque root", [[file("a", b"1"), file("d/b", b"1")], [file(".wh..wh..opq"), file("c", b"2")]], {"c": "2"}),
    ("of its own layer it hides nothing", [[file("a", b"1")], [file("a", b"2"), file(".wh.a")]], {"a": "2"}),
    ("nor when it comes first", [[file("a", b"1")], [file(".wh.a"), file("a", b"2")]], {"a": "2"}),
    (
        "a folder made anew",
        [[folder("d"), file("d/a", b"1")], [file(".wh.d"), folder("d"), file("d/b", b"2")]],
        {"d": "/", "d/b": "2"},
    ),
    ("it comes back", [[file("a", b"1")], [file(".wh.a")], [file("a", b"3")]], {"a": "3"}),
    ("a file for a folder", [[folder("d"), file("d/a", b"1")], [file("d", b"2")]], {"d": "2"}),
    ("a folder for a file", [[file("d", b"1")], [folder("d"), file("d/a", b"2")]], {"d": "/", "d/a": "2"}),
    ("a folder, a file and a folder", [[folder("d"), file("d/a", b"1")], [file("d", b"2")], [folder("d")]], {"d": "/"}),
    ("a link for a folder", [[folder("d"), file("d/a", b"1")], [symlink("d", "e")]], {"d": "-> e"}),
    ("a folder's rights", [[folder("d", mode=0o700)], [folder("d")]], {"d": "/"}),
    ("what AUFS notes", [[file("a", b"1")], [file(".wh..wh.plnk"), file(".wh..wh.aufs/x")]], {"a": "1"}),
    ("a whiteout of nothing", [[file("a", b"1")], [file(".wh."), file(".wh..."), file(".wh.zz")]], {"a": "1"}),
    ("other ways to write it", [[file("./a", b"1"), file("/b", b"1"), file("c//d", b"1")], [file("a/../b", b"2")]],
     {"a": "1", "b": "2", "c/d": "1"}),
    ("of two in one layer the last", [[file("a", b"1"), file("a", b"2")]], {"a": "2"}),
    ("long names", [[file("d/" * 60 + "a", b"1"), symlink("s", "t" * 200)], [file("./" + "e" * 150, b"2")]],
     {"d/" * 60 + "a": "1", "s": f"-> {'t' * 200}", "e" * 150: "2"}),
    ("letters", [[file("./ä", b"1"), file("./\udcff", b"2"), symlink("./é", "ö")]],
     {"ä": "1", "\udcff": "2", "é": "-> ö"}),
    ("a link that leads out stays a link", [[symlink("d/e", "../../../etc")]], {"d/e": "-> ../../../etc"}),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_layers_make_a_file_system(layers: list[list[Entry]], expected: dict[str, str]) -> None:
    assert dict(of(*layers)) == expected


LINKS = [
    ("to a file that comes before", [[file("a", b"1"), link("b", "a")]], [("a", "1"), ("b", "= a")]),
    ("written otherwise", [[file("a", b"1"), link("b", "./a"), link("c", "/a")]],
     [("a", "1"), ("b", "= a"), ("c", "= a")]),
    ("to a file of a lower layer", [[file("a", b"1")], [link("b", "a")]], [("a", "1"), ("b", "= a")]),
    ("to a file that comes later", [[link("b", "a"), file("a", b"1")]], [("a", "1"), ("b", "= a")]),
    ("to a file that is removed above", [[file("a", b"1"), link("b", "a"), link("c", "a")], [file(".wh.a")]],
     [("b", "1"), ("c", "= b")]),
    ("to a file that is another above", [[file("a", b"1"), link("b", "a")], [file("a", b"2")]],
     [("a", "2"), ("b", "1")]),
    ("to one that is removed and lower", [[file("a", b"1")], [link("b", "a")], [file(".wh.a")]], [("b", "1")]),
    ("to a link", [[file("a", b"1"), link("b", "a"), link("c", "b")], [file(".wh.a")]], [("b", "1"), ("c", "= b")]),
    ("to a link that is removed", [[file("a", b"1"), link("b", "a")], [link("c", "b")], [file(".wh.b")]],
     [("a", "1"), ("c", "= a")]),
    ("to what AUFS keeps apart", [[file(".wh..wh.plnk/7", b"1"), link("b", ".wh..wh.plnk/7")]], [("b", "1")]),
    ("hidden itself", [[file("a", b"1"), link("b", "a")], [file("b", b"2")]], [("b", "2"), ("a", "1")]),
    ("to nothing", [[link("b", "a")]], [("b", "= a")]),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), [case[1:] for case in LINKS], ids=[case[0] for case in LINKS])
def test_hard_links_have_their_file_before_them(layers: list[list[Entry]], expected: list[tuple[str, str]]) -> None:
    assert of(*layers) == expected


def test_a_tar_may_end_with_its_last_byte() -> None:
    """As umoci's insert writes it."""
    whole = tar_of([file("a", b"1"), file("b", b"22")], packed=False)
    assert told(_any(whole[:1538])) == [("a", "1"), ("b", "22")]


def test_what_is_said_of_a_file_stays(tmp_path: Path) -> None:
    fields = {"mode": 0o4750, "uid": 5_000_000, "gid": 12, "mtime": 1700000000.5, "uname": "me"}
    pax = {"SCHILY.xattr.user.note": "x", "SCHILY.xattr.security.capability": "\x01\udcff\x00"}
    content = exported(tar_of([file("./a", b"1", pax_headers=pax, **fields), folder("./d", mode=0o1777)]))
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        member, directory = tar.getmembers()
    assert {name: getattr(member, name) for name in fields} == fields
    assert {key: member.pax_headers[key] for key in pax} == pax
    assert (directory.name, directory.mode) == ("d", 0o1777)


def test_devices_and_pipes_stay_what_they_are() -> None:
    kinds = {"char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE}
    entries = []
    for name, kind in kinds.items():
        member = tarfile.TarInfo(f"./dev/{name}")
        member.type, member.devmajor, member.devminor = kind, 3 * (name != "pipe"), 7 * (name != "pipe")
        entries.append((member, b""))
    with tarfile.open(fileobj=io.BytesIO(exported(tar_of(entries))), mode="r:") as tar:
        found = {member.name: (member.type, member.devmajor, member.devminor) for member in tar}
    assert found == {
        "dev/char": (tarfile.CHRTYPE, 3, 7),
        "dev/block": (tarfile.BLKTYPE, 3, 7),
        "dev/pipe": (tarfile.FIFOTYPE, 0, 0),
    }


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "several gzip": lambda tar: gzip.compress(tar[:700]) + gzip.compress(tar[700:]) + bytes(100),
    "zstd": zstd.compress,
    "zstd:chunked": lambda tar: zstd.compress(tar) + b"\x50\x2a\x4d\x18\x04\0\0\0ABCD",
    "zstd, skippable first": lambda tar: b"\x5a\x2a\x4d\x18\x04\0\0\0ABCD" + zstd.compress(tar),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_layers_may_be_compressed_in_any_way(pack: Callable[[bytes], bytes]) -> None:
    content = os.urandom(3 << 20)
    layer = pack(tar_of([file("a", content)], packed=False))
    with tarfile.open(fileobj=io.BytesIO(_any(layer)), mode="r:") as tar:
        assert hashlib.sha256(tar.extractfile("a").read()).digest() == hashlib.sha256(content).digest()  # type: ignore[union-attr]


def _any(layer: bytes) -> bytes:
    """`Image.of` would unpack it by itself, and can gzip alone."""
    image = Image.of([b"stands for it"])
    store = in_memory(image)
    at = store.add_blob(layer, "")
    manifest = image.manifest.replace(str(_digest(b"stands for it")).encode(), str(at.digest).encode())
    manifest = manifest.replace(b'"size":13', b'"size":%d' % at.size)
    in_memory(Image(manifest=manifest, config=image.config, layers=(layer,)), "1", into=store)
    out = io.BytesIO()
    export(store, "1", out.write)
    return out.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


LAYER = tar_of([file("a", b"x" * 10_000)], packed=False)
BROKEN = {
    "cut in a file": LAYER[:3000],
    "cut in a header": LAYER[:300],
    "cut gzip": gzip.compress(LAYER)[:-9],
    "wrong gzip": gzip.compress(LAYER)[:60] + b"\xff" * 9 + gzip.compress(LAYER)[69:],
    "wrong checksum": b"b" + LAYER[1:],
    "no tar": b"hello " * 200,
}


@pytest.mark.parametrize("layer", BROKEN.values(), ids=BROKEN)
def test_a_layer_that_is_no_tar_is_said_to_be_none(layer: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="the layer sha256:"):
        _any(layer)


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/../a", ".."])
def test_a_name_that_leads_out_of_the_image_is_refused(name: str) -> None:
    for entry in (file(name, b"1"), link("a", name)):
        with pytest.raises(UnexpectedAnswer, match="leads out"):
            exported(tar_of([entry]))


def test_wrong_bytes_end_it() -> None:
    image = Image.of([tar_of([file("a", b"1")])])
    store = in_memory(image, "1")

    class Wrong(Memory):
        def open_blob(self, *_: object) -> object:  # type: ignore[override]
            raise DigestMismatch("a layer", expected="", actual="")

    store.__class__ = Wrong
    with pytest.raises(DigestMismatch):
        export(store, "1", lambda _: None)


def test_the_reader_may_leave() -> None:
    store = in_memory(Image.of([tar_of([file(str(n), os.urandom(20 << 20))], packed=False) for n in range(3)]), "1")

    def full(_: bytes | memoryview) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        export(store, "1", full)


def test_who_leaves_waits_for_no_layer_that_is_on_its_way() -> None:
    layers = [tar_of([file(str(number), os.urandom(200_000))], packed=False) for number in range(2)]
    over = threading.Event()

    class Stalled(Memory):
        @contextmanager
        def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
            if blob.digest == Digest.of(layers[0]):
                over.wait(20)
            with super().open_blob(blob, at) as pieces:
                yield pieces

    def full(_: bytes | memoryview) -> None:
        raise BrokenPipeError

    began = time.monotonic()
    with pytest.raises(BrokenPipeError):
        export(in_memory(Image.of(layers), "1", into=Stalled()), "1", full)
    assert time.monotonic() - began < 10
    over.set()


def test_of_an_index_the_platform_is_chosen() -> None:
    store = Memory()
    images = [(Image.of([tar_of([file(word)])], platform=word), word) for word in ("linux/s390x", str(Platform.here()))]
    for image, _ in images:
        in_memory(image, into=store)
    index_of(store, "1", images)
    for platform, expected in ((None, str(Platform.here())), (Platform("linux", "s390x"), "linux/s390x")):
        out = io.BytesIO()
        export(store, "1", out.write, platform=platform)
        assert [name for name, _ in told(out.getvalue())] == [expected]
    with pytest.raises(UnexpectedAnswer, match="linux/s390x"):
        export(store, "1", io.BytesIO().write, platform=Platform("linux", "riscv64"))


def test_what_is_no_layer_is_exported_as_it_is() -> None:
    image = Image.of([b"a chart"])
    chart = b"application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    manifest = image.manifest.replace(b"application/vnd.oci.image.layer.v1.tar", chart)
    out = io.BytesIO()
    export(in_memory(Image(manifest=manifest, config=image.config, layers=image.layers), "1"), "1", out.write)
    assert out.getvalue() == b"a chart"


def test_what_a_layer_may_become_is_bounded() -> None:
    bomb = igzip.compress(tar_of([file("a", bytes(300 << 20))], packed=False))
    with pytest.raises(UnexpectedAnswer, match="more than 5 times as large"):
        exported(bomb, bounds=Bounds(ratio=5))
    with pytest.raises(UnexpectedAnswer, match="more than 1000000 bytes"):
        exported(bomb, bounds=Bounds(size=1_000_000))
    many = tar_of([file(str(n)) for n in range(11)])
    with pytest.raises(UnexpectedAnswer, match="more than 10 entries"):
        exported(many, bounds=Bounds(entries=10))
    assert len(told(exported(many, bounds=Bounds(entries=11)))) == 11
