"""Lines of the README, as a shell runs them: with pipes, `&&`, other people's programs, and Docker Hub's mirror."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship.media_type import OCI_INDEX
from boxship.testing import Image, RunningRegistry, put_image, put_manifest, registry
from tests.cli.running import COMMAND
from tests.copying.images import artifact
from tests.formats.daemon import daemon
from tests.formats.stores import file, folder, tar_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its shell is another one")
LAYER = tar_of([folder("bin"), file("bin/sh", b"#!", mode=0o755)])
IMAGES = {name: Image.of([LAYER], platform=f"linux/{name}") for name in ("amd64", "arm64", "s390x")}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    """What `busybox` is at Docker Hub's mirror, and `reg/app:1`, for three platforms and with something about it."""
    with registry() as r:
        put_image(r.address, "library/busybox", "latest", IMAGES["amd64"])
        for image in IMAGES.values():
            put_image(r.address, "app", "kept", image)
        entries = [
            {
                "mediaType": image.media_type,
                "digest": str(image.digest),
                "size": len(image.manifest),
                "platform": {"os": "linux", "architecture": name},
            }
            for name, image in IMAGES.items()
        ]
        index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
        digest = put_manifest(r.address, "app", "1", index, media_type=OCI_INDEX)
        artifact(r.address, "", b"about it", subject=(digest, len(index)))
        yield r


class Shell:
    """A shell with `boxship` on its PATH, in a folder of its own."""

    def __init__(self, here: Path, home: Path, mirror: str) -> None:
        self._here = here
        (here / "bin").mkdir()
        (here / "bin" / "boxship").write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
        (here / "bin" / "boxship").chmod(0o755)
        conf = home / ".config" / "containers" / "registries.conf"
        conf.parent.mkdir(parents=True)
        mirrored = f"[[registry.mirror]]\nlocation='{mirror}'\ninsecure=true\n"
        conf.write_text(f"[[registry]]\nlocation='docker.io'\n{mirrored}")

    def __call__(self, line: str) -> str:
        """What the line prints; it has to succeed, whichever of its programs fails."""
        env = {**os.environ, "PATH": f"{self._here / 'bin'}:{os.environ['PATH']}"}
        argv = ["bash", "-o", "pipefail", "-c", line]
        done = subprocess.run(argv, cwd=self._here, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path, home: Path, running: RunningRegistry) -> Shell:
    return Shell(tmp_path, home, running.address)


def test_an_image_of_docker_hub_is_pulled_pushed_and_tagged(shell: Shell, running: RunningRegistry) -> None:
    at = running.address
    shell(f"boxship pull busybox b.tar && boxship push b.tar {at}/busybox:latest && boxship tag {at}/busybox:latest v1")
    assert shell(f"boxship digest {at}/busybox:latest {at}/busybox:v1").split() == [str(IMAGES["amd64"].digest)] * 2
    assert json.loads(shell("tar -xOf b.tar manifest.json"))[0]["RepoTags"] == ["busybox:latest"]


@pytest.mark.peer("skopeo")
def test_two_platforms_are_copied_to_a_layout_with_what_refers_to_them(shell: Shell, running: RunningRegistry) -> None:
    line = f"boxship copy --referrers --platform linux/amd64,linux/arm64 {running.address}/app:1 oci:backup:app"
    shell(line)
    for name in ("amd64", "arm64"):
        told = shell(f"skopeo --override-arch {name} inspect --raw oci:backup:app")
        listed = {entry["platform"]["architecture"]: entry["digest"] for entry in json.loads(told)["manifests"]}
        assert listed[name] == str(IMAGES[name].digest)
        assert (
            json.loads(shell(f"skopeo --override-arch {name} inspect --config oci:backup:app"))["architecture"] == name
        )
    assert not Path(shell("pwd").strip(), "backup/blobs/sha256", IMAGES["s390x"].digest.hex).exists()
    assert shell("grep -rahx about.it backup/blobs") == "about it\n"


def test_an_image_of_dockers_is_copied_to_a_registry(
    shell: Shell, running: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory(prefix="docker-") as short, daemon(Path(short, "socket")) as docker:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.socket}")
        shell("boxship pull busybox b.tar")
        docker.images["busybox:latest"] = Path(shell("pwd").strip(), "b.tar").read_bytes()
        shell(f"boxship copy docker-daemon:busybox:latest {running.address}/from-docker:latest")
    assert shell(f"boxship digest {running.address}/from-docker").strip() == str(IMAGES["amd64"].digest)


def test_a_file_system_goes_through_a_pipe(shell: Shell, running: RunningRegistry) -> None:
    names = shell(f"boxship export --platform linux/arm64 {running.address}/app:1 - | tar -t").split()
    assert names == ["bin/", "bin/sh"]


@pytest.mark.peer("skopeo", "umoci")
def test_an_image_is_appended_to_and_mutated(shell: Shell, running: RunningRegistry, tmp_path: Path) -> None:
    at = running.address
    (tmp_path / "app.tar").write_bytes(tar_of([file("app", b"#!/bin/sh\n", mode=0o755)], packed=False))
    shell(
        f"boxship append -b busybox -f app.tar -t {at}/reg/app:1"
        f" && boxship mutate -l team=a --entrypoint /app {at}/reg/app:1 -t {at}/reg/app:2"
    )
    shell(f"boxship validate {at}/reg/app:1 {at}/reg/app:2 && boxship copy {at}/reg/app:2 oci:layout:2")
    shell(
        "umoci unpack --rootless --image layout:2 bundle && test -x bundle/rootfs/app && test -x bundle/rootfs/bin/sh"
    )
    told = json.loads(shell(f"skopeo inspect --config --tls-verify=false docker://{at}/reg/app:2"))["config"]
    assert (told["Labels"], told["Entrypoint"]) == ({"team": "a"}, ["/app"])


def test_a_bill_of_materials_is_attached_and_listed(shell: Shell, running: RunningRegistry, tmp_path: Path) -> None:
    at = running.address
    (tmp_path / "sbom.json").write_text("{}")
    shell(
        f"boxship copy {at}/app:1 {at}/reg/app:3"
        f" && boxship artifact attach {at}/reg/app:3 sbom.json --artifact-type application/spdx+json"
    )
    assert "application/spdx+json" in shell(f"boxship referrers {at}/reg/app:3")
    assert shell(f"boxship referrers {at}/reg/app:3 -o json | python3 -m json.tool").count("spdx+json") == 1


def test_two_images_are_compared_and_looked_into(shell: Shell, running: RunningRegistry, tmp_path: Path) -> None:
    at = running.address
    (tmp_path / "more.tar").write_bytes(tar_of([file("etc/os-release", b"NAME=new\n")], packed=False))
    shell(
        f"boxship copy {at}/app:kept {at}/looked/app:1"
        f" && boxship append -b {at}/looked/app:1 -f more.tar -t {at}/looked/app:2"
    )
    line = (
        f"boxship diff {at}/looked/app:1 {at}/looked/app:2 -o json > diff.json;"
        f"  boxship files cat {at}/looked/app:2 /etc/os-release;  boxship tree {at}/looked/app:2 > tree"
    )
    assert shell(line) == "NAME=new\n"
    told = json.loads((tmp_path / "diff.json").read_text())
    assert [one["path"] for one in told["files"]] == ["/etc/os-release"]
    assert "100.0% of the files' bytes are of use" in (tmp_path / "tree").read_text()
