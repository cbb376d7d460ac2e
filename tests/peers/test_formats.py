"""Images in files, between boxship and other people's programs, both ways: the same digests, the same files."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship.digest import Digest
from boxship.errors import NotFound, UnexpectedAnswer
from boxship.formats.memory import Memory
from boxship.formats.opening import source_at, target_at
from boxship.formats.place import Kind, Place
from boxship.image.export import export
from boxship.image.opening import image_at
from boxship.platform import Platform
from boxship.store import Source
from boxship.testing import Image
from tests.formats.stores import copied, file, folder, in_memory, link, platform_index, symlink, tar_of
from tests.peers.containers import Containers
from tests.peers.docker import Docker, docker
from tests.peers.machine import Machine, machine
from tests.peers.programs import skopeo, skopeo_copy

IMAGE = Image.of(
    [
        tar_of([folder("etc"), file("etc/a", b"1" * 50_000), link("etc/b", "etc/a"), symlink("lib", "usr/lib")]),
        tar_of([file("etc/.wh.a"), file("etc/c", b"2")]),
    ],
    platform=str(Platform.here()),
)
NAMES = ["etc", "etc/b", "etc/c", "lib"]
FILES = (Kind.OCI, Kind.OCI_ARCHIVE, Kind.DOCKER_ARCHIVE, Kind.DIR)


def place(kind: Kind, folder: Path, name: str = "app:1") -> Place:
    return Place(kind, folder / kind.value, "" if kind is Kind.DIR else name)


def write(there: Place) -> None:
    with target_at(there) as target:
        copied(in_memory(IMAGE, "1"), "1", target, there.name)


def exported(source: Source, name: str) -> list[str]:
    out = io.BytesIO()
    export(source, name, out.write)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue()), mode="r:") as tar:
        return sorted(tar.getnames())


def read(there: Place, name: str | None = None) -> tuple[Digest, list[str], Digest]:
    """The digest, the names in the file system, and the digest of the configuration."""
    with source_at(there) as source:
        called = there.name if name is None else name
        config = image_at(source, called).config.digest
        return copied(source, called, Memory()).digest, exported(source, called), config


CONFIG = Digest.of(IMAGE.config)


# skopeo.


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize("kind", FILES)
def test_skopeo_reads_what_is_written(tmp_path: Path, kind: Kind) -> None:
    write(place(kind, tmp_path))
    skopeo_copy(str(place(kind, tmp_path)), f"dir:{tmp_path}/read")
    found = read(Place(Kind.DIR, tmp_path / "read"))
    # skopeo makes a manifest of its own of a docker archive, and unpacks its layers for that.
    assert found == (found[0] if kind is Kind.DOCKER_ARCHIVE else IMAGE.digest, NAMES, CONFIG)
    inspected = json.loads(skopeo("inspect", str(place(kind, tmp_path))))
    assert (inspected["Architecture"], len(inspected["Layers"])) == (Platform.here().architecture, 2)


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize("kind", FILES)
def test_what_skopeo_writes_is_read(tmp_path: Path, kind: Kind) -> None:
    write(place(Kind.OCI, tmp_path))
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    skopeo_copy(str(place(Kind.OCI, tmp_path)), str(place(kind, theirs)))
    found = read(place(kind, theirs))
    assert found == (found[0] if kind is Kind.DOCKER_ARCHIVE else IMAGE.digest, NAMES, CONFIG)


@pytest.mark.peer("skopeo")
@pytest.mark.parametrize("kind", [Kind.OCI, Kind.OCI_ARCHIVE])
def test_an_index_goes_through_skopeo_and_back(tmp_path: Path, kind: Kind) -> None:
    store, theirs = Memory(), tmp_path / "theirs"
    theirs.mkdir()
    digest = platform_index(store, "1", ("linux/amd64", "linux/arm64"))
    with target_at(place(kind, tmp_path)) as target:
        copied(store, "1", target, "app:1")
    skopeo_copy(str(place(kind, tmp_path)), str(place(kind, theirs)), "--all")
    with source_at(place(kind, theirs)) as source:
        assert copied(source, "app:1", Memory()).digest == digest


# umoci.


@pytest.mark.peer("umoci")
def test_umoci_unpacks_what_is_written_and_what_it_makes_is_read(tmp_path: Path) -> None:
    there = place(Kind.OCI, tmp_path, "1")
    write(there)

    def umoci(*words: str) -> None:
        subprocess.run(["umoci", *words], check=True, capture_output=True, timeout=60)

    umoci("unpack", "--rootless", "--image", f"{there.path}:1", str(tmp_path / "bundle"))
    rootfs = tmp_path / "bundle" / "rootfs"
    assert sorted(path.relative_to(rootfs).as_posix() for path in rootfs.rglob("*")) == NAMES
    (tmp_path / "more").write_text("more")
    umoci("insert", "--rootless", "--image", f"{there.path}:1", "--tag", "2", str(tmp_path / "more"), "/etc/more")
    _, names, _ = read(there, "2")
    assert names == sorted([*NAMES, "etc/more"])
    assert read(there)[0] == IMAGE.digest


# podman.


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


@pytest.fixture(scope="module")
def containers(alone: Machine) -> Iterator[Containers]:
    with TemporaryDirectory(prefix="boxship-") as short:  # podman takes no --runroot of more than 50 characters
        yield Containers(alone, Path(short))


@pytest.mark.network
@pytest.mark.peer("podman")
@pytest.mark.parametrize("kind", FILES)
def test_podman_loads_what_is_written(containers: Containers, tmp_path: Path, kind: Kind) -> None:
    containers.podman("rmi", "--all", "--force")
    there = place(kind, tmp_path, "podman.io/team/app:1")
    write(there)
    said = containers.podman("load", "--input", str(there.path))
    if kind not in (Kind.DIR, Kind.OCI):  # which podman calls by their paths
        assert "podman.io/team/app:1" in said
    (identity,) = containers.podman("images", "--quiet", "--no-trunc").split()
    assert identity == str(CONFIG)
    containers.podman("image", "inspect", identity)


@pytest.mark.network
@pytest.mark.peer("podman")
@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("docker-archive", Kind.DOCKER_ARCHIVE),
        ("oci-archive", Kind.OCI_ARCHIVE),
        ("oci-dir", Kind.OCI),
        ("docker-dir", Kind.DIR),
    ],
)
def test_what_podman_saves_is_read(containers: Containers, tmp_path: Path, form: str, kind: Kind) -> None:
    write(place(Kind.OCI_ARCHIVE, tmp_path))
    containers.podman("load", "--input", str(place(Kind.OCI_ARCHIVE, tmp_path).path))
    saved = Place(kind, tmp_path / "saved")
    containers.podman("save", "--format", form, "--output", str(saved.path), "localhost/app:1")
    names = ("", "app:1", "localhost/app:1", "1") if kind is Kind.DOCKER_ARCHIVE else ("",)
    for name in names:
        assert read(saved, name)[1:] == (NAMES, CONFIG)


@pytest.mark.network
@pytest.mark.peer("podman")
def test_what_podman_saves_of_several_images_is_told_apart(containers: Containers, tmp_path: Path) -> None:
    for number in (1, 2):
        containers.build(f"localhost/many:{number}", layers=number)
    saved = Place(Kind.DOCKER_ARCHIVE, tmp_path / "saved")
    words = ("--multi-image-archive", "--output", str(saved.path), "localhost/many:1", "localhost/many:2")
    containers.podman("save", *words)
    with source_at(saved) as source:
        for number in (1, 2):
            assert len(image_at(source, f"many:{number}").layers) == number
            assert len(image_at(source, f"@{number - 1}").layers) == number
        with pytest.raises(NotFound, match="which is meant"):
            source.resolve("")


# docker.


@pytest.fixture(scope="module")
def dockerd(alone: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    with docker(alone, tmp_path_factory.mktemp("docker")) as running:
        yield running


@pytest.mark.network
@pytest.mark.peer("dockerd", "docker")
def test_docker_loads_what_is_written_and_what_it_saves_is_read(dockerd: Docker, tmp_path: Path) -> None:
    there = place(Kind.DOCKER_ARCHIVE, tmp_path)
    write(there)
    assert "Loaded image: app:1" in dockerd("load", "--input", str(there.path))
    assert dockerd("image", "inspect", "--format", "{{.Id}}", "app:1").strip() == str(CONFIG)
    saved = Place(Kind.DOCKER_ARCHIVE, tmp_path / "saved.tar")
    dockerd("save", "--output", str(saved.path), "app:1")
    for name in ("app:1", "", "1", "@0"):
        assert read(saved, name)[1:] == (NAMES, CONFIG)


@pytest.mark.network
@pytest.mark.peer("dockerd", "docker")
def test_docker_gets_this_machine_s_image_of_an_index(dockerd: Docker, tmp_path: Path) -> None:
    there, store = place(Kind.DOCKER_ARCHIVE, tmp_path, "two:1"), Memory()
    platform_index(store, "1", (str(Platform.here()), "linux/s390x"))
    with target_at(there) as target:
        copied(store, "1", target, "two:1")
    dockerd("load", "--input", str(there.path))
    architecture = dockerd("image", "inspect", "--format", "{{.Architecture}}", "two:1").strip()
    assert architecture == Platform.here().architecture


@pytest.mark.network
@pytest.mark.peer("dockerd", "docker")
def test_the_daemon_takes_and_gives_images_over_its_socket(dockerd: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{dockerd.socket}")
    there = Place(Kind.DOCKER_DAEMON, Path(), "socket.io/team/app:1")
    write(there)
    assert dockerd("image", "inspect", "--format", "{{.Id}}", there.name).strip() == str(CONFIG)
    for name in (there.name, str(CONFIG)):
        assert read(Place(Kind.DOCKER_DAEMON, Path(), name))[1:] == (NAMES, CONFIG)
    with pytest.raises(NotFound, match=r"nobody:1"):
        read(Place(Kind.DOCKER_DAEMON, Path(), "nobody:1"))
    new = Image.of([tar_of([file("new/one", b"1")]), tar_of([file("new/two", b"2")])])
    with pytest.raises(UnexpectedAnswer, match="diffID"), target_at(there) as target:
        copied(in_memory(_out_of_order(new), "1"), "1", target, there.name)


def _out_of_order(image: Image) -> Image:
    """Its manifest has the layers in another order than the configuration."""
    document = json.loads(image.manifest)
    document["layers"].reverse()
    return Image(manifest=json.dumps(document).encode(), config=image.config, layers=image.layers)


@pytest.mark.network
@pytest.mark.peer("dockerd", "ctr")
@pytest.mark.parametrize("kind", [Kind.OCI_ARCHIVE, Kind.DOCKER_ARCHIVE])
def test_containerd_imports_what_is_written(dockerd: Docker, tmp_path: Path, kind: Kind) -> None:
    there = place(kind, tmp_path, f"ctr.io/team/{kind.value}:1")
    write(there)
    dockerd.ctr("images", "import", str(there.path))
    (row,) = (line for line in dockerd.ctr("images", "ls").splitlines() if line.startswith(there.name))
    assert str(IMAGE.digest) in row
    exported = tmp_path / "exported.tar"
    dockerd.ctr("images", "export", str(exported), there.name)
    assert read(Place(Kind.OCI_ARCHIVE, exported), there.name) == (IMAGE.digest, NAMES, CONFIG)
