"""What README and docs show for a shell runs as it stands there, but for names of hosts, and ports that are taken."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.testing import Image, put_image, put_manifest, registry
from tests.cli import asking
from tests.cli.running import COMMAND, ready
from tests.docs_blocks import PAGES, STORIES, Block, blocks_of, label
from tests.peers.certificates import issue
from tests.server.test_tokens import KEY, pem

_SERVE = "boxship registry serve "
# What is not of this machine: names on Docker Hub and elsewhere, and ports that are taken.
_ELSEWHERE = {
    r"\breg\.corp(?![\w.])": "{address}",
    r"\bmirror\.corp/": "{address}/mirror/",
    r"127\.0\.0\.1:5000": "{address}",
    r"pull busybox ": "pull {address}/busybox ",
    r"-b alpine ": "-b {address}/alpine ",
    r"user add alice ": "user add alice --password-stdin ",
}
_FINDING = re.compile(r"^boxship diff .*", re.MULTILINE)  # two images that differ are one, which the status says


def _blocks() -> Iterator[object]:
    for page in (page for page in PAGES if page not in STORIES):
        for block in blocks_of(page):
            if block.is_shell:
                yield pytest.param(block, id=f"{label(page)}-{block.number}")


def _image(platform: str) -> Image:
    return Image.of((_tar(f"of {platform}"),), platform=platform)


def _tar(name: str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return written.getvalue()


def _put_index(address: str, repository: str, tag: str) -> None:
    """Push an image for two platforms."""
    images = {architecture: _image(f"linux/{architecture}") for architecture in ("amd64", "arm64")}
    for image in images.values():
        put_image(address, repository, str(image.digest), image)
    listed = [
        {
            "mediaType": OCI_MANIFEST,
            "digest": str(image.digest),
            "size": len(image.manifest),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture, image in images.items()
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    put_manifest(address, repository, tag, json.dumps(document).encode(), media_type=OCI_INDEX)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A registry with what the pages speak of; its folder is `./registry`."""
    with registry(tmp_path / "registry", allow_delete=True) as running:
        for name in ("busybox", "alpine"):
            put_image(running.address, name, "latest", _image("linux/amd64"))
        put_image(running.address, "team/app", "1.2", _image("linux/amd64"))
        _put_index(running.address, "app", "1")
        put_image(running.address, "app", "2", Image.of([_tar("etc/os-release")], platform="linux/amd64"))
        yield running.address


@pytest.fixture
def folder(tmp_path: Path, address: str) -> Path:
    """A folder with the files that the pages speak of, and their programs in `bin`."""
    certificate = issue(tmp_path, "localhost")
    (tmp_path / "cert.pem").write_bytes(certificate.chain.read_bytes())
    (tmp_path / "key.pem").write_bytes(certificate.key.read_bytes())
    (tmp_path / "clients.pem").write_bytes(certificate.root.read_bytes())
    (tmp_path / "grants.toml").write_text("".join(block.text for block in _grants()))
    (tmp_path / "token.pem").write_bytes(pem(KEY))
    (tmp_path / "app.tar").write_bytes(_tar("app"))
    (tmp_path / "sbom.json").write_text("{}")
    mirrored = {"source": f"{address}/app", "target": f"{address}/mirror/{{repository}}"}
    (tmp_path / "mirror.yaml").write_text(json.dumps({"sync": [mirrored]}))
    logins = {"auths": {address: {"username": "ana", "password": "secret"}}}
    secret = {
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps(logins)},
    }
    forking = (sys.executable, "-IS", asking.__file__, str(ready().control))
    _program(tmp_path / "bin/boxship", f'exec {shlex.join(forking)} "$@"')
    _program(tmp_path / "bin/python", f'exec {sys.executable} "$@"')
    _program(tmp_path / "bin/kubectl", f"echo {shlex.quote(json.dumps(secret))}")
    chart = f"kind: Pod\nspec:\n  containers:\n  - image: {address}/app:1 # the app\n"
    _program(tmp_path / "bin/helm", f"echo {shlex.quote(chart)}")
    (tmp_path / "pull.yaml").write_text(json.dumps({**secret, "metadata": {"name": "pull"}}))
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s/app.yaml").write_text(chart)
    return tmp_path


def _grants() -> Iterator[Block]:
    """What the page of the registry shows of a file of grants."""
    for page in PAGES:
        yield from (block for block in blocks_of(page) if page.name == "registry.md" and "[[grant]]" in block.text)


def _program(path: Path, line: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def _surroundings(folder: Path) -> Mapping[str, str]:
    told = {"REGISTRY_PASSWORD": "a secret", "VERSION": "3"}  # what a CI system does
    return {**os.environ, **told, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


def _here(text: str, address: str) -> str:
    for name, stand_in in _ELSEWHERE.items():
        text = re.sub(name, stand_in.format(address=address), text)
    return text


def _run(block: Block, folder: Path, address: str) -> None:
    for line in block.lines:
        if line.startswith(_SERVE):
            _serve(re.sub(r"(:443|127\.0\.0\.1:5000)", "127.0.0.1:0", line), folder)
    commands = "\n".join(line for line in block.lines if not line.startswith(_SERVE))
    if not commands:
        return
    script = _FINDING.sub(r"\g<0> || test $? = 8", _here(commands, address))
    _end(["sh", "-euxc", script], folder)


def _serve(line: str, folder: Path) -> None:
    """Have a registry begin, in a folder of its own, and end as by Ctrl-C."""
    elsewhere = line if "--disk" not in line else line.replace("./registry", "./another")
    elsewhere = elsewhere.replace("boxship", shlex.join(COMMAND), 1)
    with subprocess.Popen(
        ["sh", "-c", f"exec {elsewhere}"], cwd=folder, env=_surroundings(folder), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("serving http"), line
        process.send_signal(signal.SIGINT)
    assert process.returncode == 0, line


def _end(words: list[str], folder: Path) -> None:
    ended = subprocess.run(
        words,
        cwd=folder,
        env=_surroundings(folder),
        input="a secret\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        pass_fds=[ready().control],
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"


@pytest.mark.parametrize("block", list(_blocks()))
def test_the_commands_of_a_block_work(block: Block, folder: Path, address: str) -> None:
    _run(block, folder, address)


@pytest.mark.peer("skopeo")
def test_what_skopeo_was_told_before_is_what_it_takes(folder: Path, address: str, home: Path) -> None:
    settings = home / ".config/containers"
    settings.mkdir(parents=True)
    (settings / "registries.conf").write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    page = next(page for page in STORIES if page.stem == "from-skopeo")
    told = re.findall(r"^\| `(skopeo [^`]+)` \|", page.read_text(), re.MULTILINE)
    assert told
    _end(["sh", "-euxc", _here("\n".join(told), address)], folder)


@pytest.mark.parametrize("page", [pytest.param(page, id=label(page)) for page in STORIES])
def test_a_page_can_be_followed_to_its_end(page: Path, folder: Path, address: str) -> None:
    for block in blocks_of(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_here(block.text, address))
        elif block.is_shell:
            _run(block, folder, address)
        elif block.is_python:
            _end([sys.executable, "-W", "error", "-c", _here(block.text, address)], folder)
