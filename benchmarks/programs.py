"""The other programs: Debian's docker-registry over a storage folder that is written directly, and skopeo."""

from __future__ import annotations

__all__ = [
    "Storage",
    "askers",
    "docker_registry",
    "free_address",
    "listening",
    "listers",
    "missing",
    "registry_settings",
    "versions",
]

import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

OCI = "application/vnd.oci.image"
_START, _END = 15.0, 5.0  # seconds
_VERSIONS = {
    "docker-registry": ["docker-registry", "--version"],
    "skopeo": ["skopeo", "--version"],
    "crane": ["crane", "version"],
    "nginx": ["nginx", "-v"],
}


def missing(*names: str) -> list[str]:
    """Those of the programs that are not installed."""
    return [name for name in names if shutil.which(name) is None]


def versions() -> dict[str, str]:
    """What each installed program says it is."""
    found = {}
    for name, argv in _VERSIONS.items():
        if not missing(name):
            ran = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
            said = ran.stdout or ran.stderr
            found[name] = said.strip().rpartition(" ")[2].removeprefix(f"{name}/")
    return found


def askers(repository: str, tag: str) -> dict[str, dict[str, list[str]]]:
    """How others do what verbs of boxship do with an image over plain HTTP, by the verb; of those installed."""
    image = f"{repository}:{tag}"
    skopeo, name = ["skopeo", "inspect", "--tls-verify=false"], f"docker://{image}"
    copy = ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false"]
    ways = {
        "digest": {"crane": ["crane", "digest", image], "skopeo": [*skopeo, "--no-tags", "--format={{.Digest}}", name]},
        "manifest": {"crane": ["crane", "manifest", image], "skopeo": [*skopeo, "--raw", name]},
        "config": {"crane": ["crane", "config", image], "skopeo": [*skopeo, "--config", "--raw", name]},
        # skopeo has no word for a tag: it copies within the repository, and moves no blob.
        "tag": {"crane": ["crane", "tag", image, "more"], "skopeo": [*copy, name, f"docker://{repository}:more"]},
    }
    return {"ls": listers(repository)} | {verb: _installed(each) for verb, each in ways.items()}


def listers(repository: str) -> dict[str, list[str]]:
    """How others list the tags of a repository over plain HTTP, of those that are installed."""
    ways = {
        "crane": ["crane", "ls", repository],
        "skopeo": ["skopeo", "list-tags", "--tls-verify=false", f"docker://{repository}"],
    }
    return _installed(ways)


def _installed(ways: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: argv for name, argv in ways.items() if not missing(name)}


@contextmanager
def docker_registry(folder: Path, *, upstream: str = "") -> Iterator[str]:
    """Run docker-registry over `folder`, as a cache where it has an upstream; yields `HOST:PORT`."""
    address = free_address()
    config = folder / "config.yml"
    config.write_text(registry_settings(folder, address, upstream=upstream))
    with listening(["docker-registry", "serve", str(config)], address, folder / "registry.log"):
        yield address


def registry_settings(folder: Path, address: str, *, upstream: str = "") -> str:
    """What the file of a docker-registry over `folder` says, which listens there."""
    # JSON is YAML. Its log would be written while it is timed: errors only.
    storage = {"filesystem": {"rootdirectory": str(folder)}}
    log = {"level": "error", "accesslog": {"disabled": True}}
    proxy = {"proxy": {"remoteurl": f"http://{upstream}"}} if upstream else {}
    return json.dumps({"version": "0.1", "log": log, "storage": storage, "http": {"addr": address}} | proxy)


def free_address() -> str:
    """An address that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def listening(argv: Sequence[str], address: str, log: Path) -> Iterator[None]:
    """Run a program that listens at the address while the block runs."""
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait(process, address)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    host, _, port = address.partition(":")
    until = time.monotonic() + _START
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen at {address}; it ended with {process.poll()}")


class Storage:
    """CNCF distribution's folder, written without it: 50,000 tags in seconds, and a blob without an upload."""

    def __init__(self, folder: Path, repository: str) -> None:
        self._blobs = folder / "docker/registry/v2/blobs"
        self._repository = folder / "docker/registry/v2/repositories" / repository

    def put_blob(self, pieces: Iterable[bytes], media_type: str) -> dict[str, object]:
        """Write a blob; returns its descriptor."""
        arriving = self._repository.parent / "arriving"
        arriving.parent.mkdir(parents=True, exist_ok=True)
        hasher, size = hashlib.sha256(), 0
        with arriving.open("wb") as target:
            for piece in pieces:
                hasher.update(piece)
                size += target.write(piece)
        value = hasher.hexdigest()
        place = self._blobs / "sha256" / value[:2] / value
        place.mkdir(parents=True, exist_ok=True)
        arriving.rename(place / "data")
        _link(self._repository / "_layers/sha256" / value, value)
        return {"mediaType": media_type, "digest": f"sha256:{value}", "size": size}

    def put_image(self, layer: Iterable[bytes], tags: Iterable[str]) -> str:
        """Write an image of one layer under all the tags; returns the layer's digest."""
        described = self.put_blob(layer, f"{OCI}.layer.v1.tar")
        self.put_manifest([described], [str(described["digest"])], tags)
        return str(described["digest"])

    def put_manifest(
        self, layers: Sequence[Mapping[str, object]], diff_ids: Sequence[str], tags: Iterable[str]
    ) -> None:
        """Write an image of these layers under all the tags."""
        rootfs = {"type": "layers", "diff_ids": list(diff_ids)}
        settings = {"architecture": "amd64", "os": "linux", "rootfs": rootfs}
        config = self.put_blob([json.dumps(settings).encode()], f"{OCI}.config.v1+json")
        kind = f"{OCI}.manifest.v1+json"
        document = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": list(layers)}
        manifest = self.put_blob([json.dumps(document).encode()], kind)
        value = str(manifest["digest"]).partition(":")[2]
        _link(self._repository / "_manifests/revisions/sha256" / value, value)
        for tag in tags:
            _link(self._repository / "_manifests/tags" / tag / "current", value)


def _link(folder: Path, value: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(f"sha256:{value}")
