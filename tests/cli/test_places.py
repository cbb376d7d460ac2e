"""Places as people write them: docker's daemon, `dir:` and pipes, between themselves and with a registry."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship.testing import Image, RunningRegistry, put_image, registry
from tests.cli.running import boxship, three_parts
from tests.formats.daemon import Daemon, daemon
from tests.formats.stores import file, tar_of

IMAGE = Image.of([tar_of([file("a", b"1" * 5000)])])


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        put_image(r.address, "app", "1", IMAGE)
        yield r


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with TemporaryDirectory(prefix="docker-") as short, daemon(Path(short, "socket")) as made:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{made.socket}")
        yield made


def done(*words: str, given: bytes = b"") -> bytes:
    outcome = boxship(*words, given=given)
    assert outcome.status == 0, outcome.errors
    return outcome.raw


def tags_in(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        listed = tar.extractfile("manifest.json")
        assert listed
        return [tag for entry in json.load(listed) for tag in entry["RepoTags"]]


def test_an_image_goes_into_docker_and_comes_out_of_it(running: RunningRegistry, docker: Daemon) -> None:
    at = running.address
    done("copy", f"{at}/app:1", "docker-daemon:busybox:latest")
    (archive,) = docker.loaded
    assert tags_in(archive) == ["busybox:latest"]
    docker.images["busybox:latest"] = archive
    done("copy", "docker-daemon:busybox:latest", f"{at}/back:1")
    assert done("digest", f"{at}/back:1") == done("digest", f"{at}/app:1")
    with tarfile.open(fileobj=io.BytesIO(done("export", "docker-daemon:busybox:latest"))) as tar:
        assert tar.getnames() == ["a"]


def test_what_docker_has_not_is_not_found(running: RunningRegistry, docker: Daemon) -> None:
    failed = boxship("copy", "docker-daemon:nobody:1", f"{running.address}/back:2")
    what, why, remedy = three_parts(failed)
    assert (failed.status, what) == (3, f"the image nobody:1 from docker's daemon at unix://{docker.socket}")
    assert (why, remedy) == ("No such image: nobody:1", "docker image ls lists what it has")


def test_where_no_docker_runs_it_is_said(
    running: RunningRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    failed = boxship("copy", f"{running.address}/app:1", "docker-daemon:app:1")
    _, why, remedy = three_parts(failed)
    assert (failed.status, why) == (5, "no such file or directory; so says DOCKER_HOST")
    assert remedy == "is docker running? DOCKER_HOST says where it listens"


def test_archives_go_through_pipes(running: RunningRegistry, tmp_path: Path) -> None:
    at = running.address
    archive = done("pull", f"{at}/app:1", "-")
    assert tags_in(archive) == [f"{at}/app:1"]
    done("copy", "-", f"dir:{tmp_path / 'dir'}", given=archive)
    again = done("copy", f"dir:{tmp_path / 'dir'}", "-")
    done("copy", "-", f"oci:{tmp_path / 'layout'}:app", given=again)
    done("copy", f"oci:{tmp_path / 'layout'}:app", f"{at}/piped:1")
    assert done("digest", f"{at}/piped:1") == done("digest", f"{at}/app:1")


def test_a_pulled_folder_of_skopeo_s_can_be_pushed(running: RunningRegistry, tmp_path: Path) -> None:
    at, path = running.address, str(tmp_path / "pulled")
    done("pull", "--format", "dir", f"{at}/app:1", path)
    assert (tmp_path / "pulled" / "version").is_file()
    done("push", path, f"{at}/pushed:1")
    assert done("digest", f"{at}/pushed:1") == done("digest", f"{at}/app:1")


def test_what_comes_through_a_pipe_and_is_no_archive_is_said(running: RunningRegistry) -> None:
    failed = boxship("copy", "-", f"{running.address}/no:1", given=b"hello" * 1000)
    assert (failed.status, three_parts(failed)[0]) == (1, "- is no tar file")


def test_documents_are_printed_from_places_as_from_a_registry(running: RunningRegistry, tmp_path: Path) -> None:
    at = running.address
    places = [f"oci:{tmp_path}/layout:1", f"docker-archive:{tmp_path}/app.tar", f"dir:{tmp_path}/dir"]
    for place in places:
        done("copy", f"{at}/app:1", place)
        assert done("manifest", place) == done("manifest", f"{at}/app:1") == IMAGE.manifest
        assert done("config", place) == done("config", f"{at}/app:1") == IMAGE.config
        assert done("digest", place).decode().strip() == str(IMAGE.digest)
    assert done("digest", "--full-ref", places[0]).decode().strip() == f"{places[0]}@{IMAGE.digest}"
    assert done("manifest", "-", given=(tmp_path / "app.tar").read_bytes()) == IMAGE.manifest
    assert boxship("config", f"oci:{tmp_path}/layout:2").status == 3
