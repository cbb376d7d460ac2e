"""Work on this machine's own files ends with its operation: at `timeout`, and with its task."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from boxship import AsyncClient, Client
from boxship.connect.deadline import Work, current_work
from boxship.digest import Digest
from boxship.errors import Cancelled, DigestMismatch, NotFound, TimedOut
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Place
from boxship.formats.resumed import complete
from boxship.formats.written import open_to_go_on
from boxship.testing import Image
from tests.formats.stores import copied, file, in_memory, tar_of
from tests.formats.test_copy import write_docker_archive

IMAGE = Image.of([tar_of([file("a", bytes(3_000_000))], packed=False), tar_of([file("b", b"small")])])
AT_ONCE = 5.0  # what does not end waits for 60 s at least
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe that nobody opens is waited for")


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A folder with the image in each format."""
    for text in ("oci:layout:1", "dir:folder", "oci-archive:oci.tar:1"):
        place = Place.parse(text.replace(":", f":{tmp_path}/", 1))
        assert place
        with target_at(place) as target:
            copied(in_memory(IMAGE, "1"), "1", target, *filter(None, [place.name]))
    write_docker_archive(tmp_path / "docker.tar", [b"one" * 1_000_000])
    return tmp_path


SOURCES = ("oci:{}/layout:1", "dir:{}/folder", "oci-archive:{}/oci.tar:1", "docker-archive:{}/docker.tar")
VERBS: dict[str, Callable[[Client, str, Path], object]] = {
    "copy": lambda client, source, to: client.copy(source, f"oci:{to}/new:1"),
    "validate": lambda client, source, _: client.validate(source),
    "export": lambda client, source, to: client.export(source, to / "root.tar"),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("source", SOURCES)
def test_files_are_read_until_time_is_up(
    places: Path, source: str, verb: Callable[[Client, str, Path], object]
) -> None:
    with Client(timeout=1e-6) as client, pytest.raises(TimedOut, match="not done within"):
        verb(client, source.format(places), places)
    assert not (places / "root.tar").exists()


def test_what_is_kept_of_a_blob_is_read_until_the_operation_ends(tmp_path: Path) -> None:
    store, work = Memory(), Work()
    work.cancel()
    blob = store.add_blob(bytes(3_000_000), "")
    (tmp_path / "kept").write_bytes(bytes(3_000_000))
    token = current_work.set(work)
    try:
        with open_to_go_on(tmp_path / "kept") as kept, pytest.raises(Cancelled):
            complete(kept, blob, store, begin=0, held=3_000_000)
    finally:
        current_work.reset(token)


@linux_only
def test_a_layout_that_another_process_writes_is_waited_for_until_time_is_up(places: Path) -> None:
    import fcntl

    began = time.monotonic()
    with (places / "layout" / "oci-layout").open("r+b") as marker, Client(timeout=0.5) as client:
        fcntl.flock(marker, fcntl.LOCK_EX)
        with pytest.raises(TimedOut, match="not done within"):
            client.copy(f"dir:{places}/folder", f"oci:{places}/layout:2")
    assert time.monotonic() - began < AT_ONCE


def hold_open(pipe: Path) -> int:
    """Write the beginning of an archive to the pipe."""
    descriptor = os.open(pipe, os.O_RDWR)
    os.write(descriptor, bytes(1000))
    return descriptor


@linux_only
@linux_only
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("oci:{}/layout:1", "layout/index.json"),
        ("oci:{}/layout:1", f"layout/blobs/sha256/{IMAGE.digest.hex}"),
        ("dir:{}/folder", "folder/manifest.json"),
        ("dir:{}/folder", f"folder/{Digest.of(IMAGE.layers[1]).hex}"),
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_none(places: Path, source: str, name: str) -> None:
    """Nobody writes to it: a folder that others have made would keep who reads it, beyond every bound."""
    (places / name).unlink()
    os.mkfifo(places / name)
    with Client() as client, pytest.raises(NotFound):
        client.copy(source.format(places), f"oci:{places}/new:1")


@pytest.mark.parametrize("begun", [False, True])
def test_a_pipe_is_waited_for_until_time_is_up(tmp_path: Path, *, begun: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    began = time.monotonic()
    with ExitStack() as stack:
        if begun:
            stack.callback(os.close, hold_open(tmp_path / "pipe"))
        with Client(timeout=0.5) as client, pytest.raises(TimedOut, match="not done within"):
            client.copy(f"docker-archive:{tmp_path}/pipe", f"oci:{tmp_path}/new:1")
    assert time.monotonic() - began < AT_ONCE


@linux_only
def test_a_task_that_waits_for_a_pipe_is_cancelled(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    async def scenario() -> None:
        async with AsyncClient() as client:
            await asyncio.wait_for(client.copy(f"docker-archive:{tmp_path}/pipe", f"oci:{tmp_path}/new:1"), 0.5)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(scenario())
    assert time.monotonic() - began < AT_ONCE


@linux_only
@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    "verb", [VERBS["export"], lambda client, source, to: client.copy(source, f"oci-archive:{to}/root.tar:1")]
)
def test_a_pipe_that_nobody_reads_is_waited_for_until_time_is_up(
    places: Path, verb: Callable[[Client, str, Path], object], *, opened: bool
) -> None:
    os.mkfifo(places / "root.tar")
    began = time.monotonic()
    with ExitStack() as stack:
        if opened:
            stack.callback(os.close, os.open(places / "root.tar", os.O_RDWR))
        with Client(timeout=1.0) as client, pytest.raises(TimedOut, match="not done within"):
            verb(client, f"oci:{places}/layout:1", places)
    assert time.monotonic() - began < AT_ONCE


@linux_only
def test_an_archive_goes_through_a_pipe_that_is_read_late(places: Path) -> None:
    pipe, came = places / "pipe", list[bytes]()
    os.mkfifo(pipe)

    def read() -> None:
        time.sleep(0.3)
        with pipe.open("rb") as file:
            time.sleep(0.3)
            came.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    with Client() as client:
        client.copy(f"oci:{places}/layout:1", f"oci-archive:{pipe}:1")
        thread.join()
        (places / "again.tar").write_bytes(came[0])
        client.copy(f"oci-archive:{places}/again.tar:1", f"oci:{places}/new:1")
    assert (places / "new/blobs/sha256" / IMAGE.digest.hex).read_bytes() == IMAGE.manifest


@linux_only
def test_an_archive_comes_through_a_pipe_that_is_written_late(places: Path) -> None:
    pipe = places / "pipe"
    os.mkfifo(pipe)

    def writes() -> None:
        time.sleep(0.3)
        pipe.write_bytes((places / "oci.tar").read_bytes())

    writer = threading.Thread(target=writes)
    writer.start()
    with Client() as client:
        assert client.copy(f"oci-archive:{pipe}", f"oci:{places}/new:1").digest == IMAGE.digest
    writer.join()


def test_where_a_layer_is_wrong_no_other_is_worked_on_any_more(tmp_path: Path) -> None:
    layers = [b"wrong", *(bytes([number]) * 4_000_000 for number in range(5))]
    write_docker_archive(tmp_path / "docker.tar", layers, [b"right", *layers[1:]])
    place = Place.parse(f"docker-archive:{tmp_path}/docker.tar")
    assert place
    with source_at(place) as source, pytest.raises(DigestMismatch):
        source.resolve("")
    working = [thread for thread in threading.enumerate() if thread.name.startswith("boxship-layers")]
    for thread in working:
        thread.join(1.0)
    assert not any(thread.is_alive() for thread in working)
