"""One small file of an image of ten layers: what comes of it over the wire, beside whole images."""

from __future__ import annotations

__all__ = ["rows", "run"]

import gzip
import hashlib
import io
import os
import shlex
import shutil
import socket
import socketserver
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from measure import BOXSHIP, Comparison, Row, Sides, Times, environment, interleaved
from programs import OCI, Storage, docker_registry, missing

_ROUNDS, _ROUNDS_OF_BYTES = 7, 2
_LAYERS, _SIZE = 10, 10_000_000
_WORDS = b"It is small.\n"
_BESIDES = 100_000  # bytes of manifest, configuration and heads
_PIECE = 64 * 1024
_WHOLE = "boxship, the whole image"


def run(folder: Path) -> Iterator[Row]:
    """The rows of looking."""
    if missing("docker-registry"):
        return
    _put_ten(Storage(folder / "there", "ten"))
    taken = folder / "taken"
    with docker_registry(folder / "there") as registry, _counting(registry) as counted:
        said = subprocess.run(_ways(registry, taken)["boxship"], check=True, env=environment(), capture_output=True)
        assert said.stdout == _WORDS
        came = {name: list(_came(counted, argv, taken)) for name, argv in _ways(counted.address, taken).items()}
        times = interleaved(_ROUNDS, _ways(registry, taken), before=lambda: _emptied(taken))
    yield from rows(came, times)


def _ways(address: str, taken: Path) -> dict[str, list[str]]:
    """Others have no word for one file: crane's export is read for it, and skopeo only fetches the whole image."""
    image = f"{address}/ten:1"
    ways = {
        "boxship": [BOXSHIP, "files", "cat", image, "small"],
        _WHOLE: [BOXSHIP, "pull", "-q", "--format=oci", image, f"{taken}/image"],
    }
    if not missing("crane"):
        ways["crane"] = ["sh", "-c", f"crane export {shlex.quote(image)} - | tar -xO small"]
    if not missing("skopeo"):
        copy = ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false"]
        ways["skopeo, the whole image"] = [*copy, f"docker://{image}", f"dir:{taken}/image"]
    return ways


def _came(counted: _Counting, argv: Sequence[str], taken: Path) -> Iterator[int]:
    for _ in range(_ROUNDS_OF_BYTES):
        _emptied(taken)
        counted.came = 0
        subprocess.run(argv, check=True, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield counted.came


def _emptied(taken: Path) -> None:
    shutil.rmtree(taken, ignore_errors=True)
    taken.mkdir()


def rows(came: Mapping[str, Sequence[int]], times: Mapping[str, Times]) -> Iterator[Row]:
    """The rows of the bytes that came of the registry, and of the seconds that it took."""
    ours, whole = came["boxship"], came[_WHOLE]
    most = _SIZE + _BESIDES
    yield Row(
        name=f"files cat of a file in the upper one of {_LAYERS} layers of {_SIZE / 1e6:.0f} MB",
        target="that layer comes, and no other",
        measured=f"{max(ours) / 1e6:.2f} MB come, {max(ours) / min(whole):.2f} x the whole image",
        spread=f"{min(ours) / 1e6:.2f}-{max(ours) / 1e6:.2f} MB, {len(ours)} rounds",
        holds="yes" if max(ours) <= most else "no",
        facts={"came": ours},
        sides=Sides(work="bytes that come for one file", values=came, unit="bytes"),
    )
    sides = Sides.timed("one file", times)
    for name, theirs in times.items():
        if name != "boxship":
            compared = Comparison(times["boxship"], theirs)
            yield compared.row(f"files cat of it ({times['boxship']}), over {name} ({theirs})", 1.0, sides)


def _put_ten(storage: Storage) -> None:
    layers, diff_ids = [], []
    for number in range(_LAYERS):
        upper = number == _LAYERS - 1
        plain = _tar({f"noise-{number}": os.urandom(_SIZE), **({"small": _WORDS} if upper else {})})
        layers.append(storage.put_blob([gzip.compress(plain, 0, mtime=0)], f"{OCI}.layer.v1.tar+gzip"))
        diff_ids.append(f"sha256:{hashlib.sha256(plain).hexdigest()}")
    storage.put_manifest(layers, diff_ids, ["1"])


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


class _Counting(socketserver.ThreadingTCPServer):
    """Passes everything on to the registry and back, and counts what comes back."""

    daemon_threads = True

    def __init__(self, registry: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.registry, self.came = registry, 0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Pass on, both ways, until one of them ends."""
        assert isinstance(self.server, _Counting)
        host, _, port = self.server.registry.partition(":")
        with socket.create_connection((host, int(port))) as upstream:
            threading.Thread(target=_pass_on, args=(self.request, upstream), daemon=True).start()
            with suppress(OSError):  # who has read all it wants may have gone
                for piece in _pieces(upstream):
                    self.server.came += len(piece)
                    self.request.sendall(piece)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        for piece in _pieces(source):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    while piece := source.recv(_PIECE):
        yield piece


@contextmanager
def _counting(registry: str) -> Iterator[_Counting]:
    with _Counting(registry) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
