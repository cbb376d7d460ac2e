"""`export` as people run it: to a pipe, to a file, into a folder, from a registry, a file or a pipe."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.testing import Image, RunningRegistry, put_image, registry
from tests.cli.running import begin, boxship, three_parts
from tests.formats.stores import file, folder, symlink, tar_of

LAYERS = [
    tar_of([folder("etc"), file("etc/a", b"1"), file("etc/b", b"1"), symlink("lib", "usr/lib")]),
    tar_of([file("etc/.wh.a"), file("etc/c", b"2" * 100_000)]),
]
NAMES = ["etc/c", "etc", "etc/b", "lib"]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        put_image(r.address, "app", "1", layers=LAYERS)
        yield r


def names(tar: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as opened:
        return opened.getnames()


@pytest.mark.parametrize("target", [[], ["-"]])
def test_the_file_system_goes_to_standard_output(running: RunningRegistry, target: list[str]) -> None:
    done = boxship("export", f"{running.address}/app:1", *target)
    assert (done.status, done.errors) == (0, "")
    assert names(done.raw) == NAMES


def test_it_goes_to_a_file_which_has_its_name_when_it_is_whole(running: RunningRegistry, tmp_path: Path) -> None:
    target = tmp_path / "app.tar"
    assert boxship("export", f"{running.address}/app:1", str(target)).status == 0
    assert names(target.read_bytes()) == NAMES
    broken = Image.of([b"no tar" * 1000])
    put_image(running.address, "broken", "1", broken)
    failed = boxship("export", f"{running.address}/broken:1", str(tmp_path / "broken.tar"))
    assert (failed.status, three_parts(failed)[0]) == (1, f"the layer {list(broken.blobs)[1]} is no whole tar")
    assert [path.name for path in tmp_path.iterdir()] == ["app.tar"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_archive_comes_from_standard_input(running: RunningRegistry, tmp_path: Path, pack: type[bytes]) -> None:
    pulled = tmp_path / "app.tar"
    assert boxship("pull", f"{running.address}/app:1", str(pulled)).status == 0
    done = boxship("export", "-", "-", given=pack(pulled.read_bytes()))
    assert (done.status, names(done.raw)) == (0, NAMES)
    assert boxship("export", f"docker-archive:{pulled}", str(tmp_path / "again.tar")).status == 0
    assert names((tmp_path / "again.tar").read_bytes()) == NAMES


def test_it_is_unpacked_into_a_folder(running: RunningRegistry, tmp_path: Path) -> None:
    image = f"{running.address}/app:1"
    (tmp_path / "empty").mkdir()
    for target in (f"{tmp_path}/new/", f"{tmp_path}/empty"):
        assert boxship("export", image, target).status == 0
        assert sorted(path.name for path in Path(target, "etc").iterdir()) == ["b", "c"]
        assert Path(target, "lib").readlink() == Path("usr/lib")
    failed = boxship("export", image, f"{tmp_path}/empty")
    assert (failed.status, three_parts(failed)[1]) == (2, "there is something in it")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


def test_what_does_not_come_well_leaves_no_folder(running: RunningRegistry, tmp_path: Path) -> None:
    put_image(running.address, "hostile", "1", layers=[tar_of([file("a"), file("../b")])])
    (tmp_path / "empty").mkdir()
    for target in (f"{tmp_path}/new/", f"{tmp_path}/empty"):
        failed = boxship("export", f"{running.address}/hostile:1", target)
        assert (failed.status, three_parts(failed)[1]) == (1, "it leads out of the image")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert not list((tmp_path / "empty").iterdir())


def test_devices_that_are_left_out_are_said(running: RunningRegistry, tmp_path: Path) -> None:
    member = tarfile.TarInfo("dev/null")
    member.type, member.devmajor, member.devminor = tarfile.CHRTYPE, 1, 3
    put_image(running.address, "devices", "1", layers=[tar_of([(member, b"")])])
    done = boxship("export", f"{running.address}/devices:1", f"{tmp_path}/new/")
    assert (done.status, done.errors) == (0, "boxship: 1 devices are left out: dev/null (see --devices)\n")


def test_what_it_may_come_to_can_be_told(running: RunningRegistry, tmp_path: Path) -> None:
    image = f"{running.address}/app:1"
    failed = boxship("export", "--max-size", "64K", image, f"{tmp_path}/new/")
    assert (failed.status, three_parts(failed)[1]) == (1, "unpacked it has more than 65536 bytes")
    assert boxship("export", "--max-entries", "2", image, str(tmp_path / "a.tar")).status == 1
    assert boxship("export", "--max-ratio", "0", "--max-size", "0", image, f"{tmp_path}/new/").status == 0
    assert boxship("export", "--max-size", "1X", image, f"{tmp_path}/other/").status == 2


def test_a_reader_that_leaves_is_no_failure(running: RunningRegistry) -> None:
    put_image(running.address, "big", "1", layers=[tar_of([file("a", bytes(8 << 20))], packed=False)])
    with begin("export", f"{running.address}/big:1") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_the_library_writes_to_whatever_is_open(running: RunningRegistry, tmp_path: Path) -> None:
    out = io.BytesIO()
    with Client() as client:
        client.export(f"{running.address}/app:1", out)
        with (tmp_path / "raw").open("wb", buffering=0) as raw:
            client.export(f"{running.address}/app:1", raw)
        made = client.unpack(f"{running.address}/app:1", tmp_path / "folder")
    assert names(out.getvalue()) == NAMES
    assert (tmp_path / "raw").read_bytes() == out.getvalue()
    assert (made.entries, made.size, made.left_out) == (5, 100_002, [])
