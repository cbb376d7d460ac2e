"""What asks registries: wrk, and a client that moves a large blob the way docker does, at the cost of a memory copy."""

from __future__ import annotations

__all__ = ["Blob", "boxship_registry", "give_tags", "noise", "peak_kib", "pull", "push", "requests_a_second"]

import hashlib
import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlencode

from measure import BOXSHIP, environment

from boxship.testing import put_image, random_image

_MIB = 1024 * 1024
_START, _END = 15.0, 15.0  # seconds
_CONNECTIONS = 32
_TAGS_AT_ONCE = 32
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_WRONG = re.compile(r"^\s*(Non-2xx or 3xx responses|Socket errors).*", re.MULTILINE)
_SERVES = b"serving http://"


@contextmanager
def boxship_registry(folder: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Run boxship's registry over `folder`; yields `HOST:PORT` and its process id."""
    command = [BOXSHIP, "registry", "serve", "--address", "127.0.0.1:0", "--disk", str(folder), *options]
    with (
        (folder.parent / f"{folder.name}.log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment()) as process,
    ):
        assert process.stdout
        line = process.stdout.readline()
        if not line.startswith(_SERVES):
            raise RuntimeError(f"the registry did not start: {(folder.parent / f'{folder.name}.log').read_text()}")
        try:
            yield line.removeprefix(_SERVES).decode().strip(), process.pid
        finally:
            process.terminate()
            process.wait(_END)


def requests_a_second(address: str, path: str, *, numbers: int, seconds: int, headers: Sequence[str] = ()) -> float:
    """The answers that wrk gets, all of them good ones; a `%d` in `path` is each of so many numbers in turn."""
    shown = [word for header in headers for word in ("-H", header)]
    with NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_NUMBERED.format(path=path, numbers=numbers))
        script.flush()
        asks = ["-s", script.name, f"http://{address}/"] if "%" in path else [f"http://{address}{path}"]
        wrk = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", *shown, *asks]
        said = subprocess.run(wrk, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    wrong, rate = _WRONG.search(said), _RATE.search(said)
    if wrong or not rate:
        raise RuntimeError(f"{address}{path}: {said}")
    return float(rate[1])


# The step has no divisor in common with how many there are: none comes again before the others had their turn.
_NUMBERED = """
local number = 0
request = function()
  number = (number + 7919) % {numbers}
  return wrk.format("GET", string.format("{path}", number))
end
"""


def give_tags(address: str, repository: str, names: Sequence[str]) -> None:
    """Let all of `names` name one small image, as many at a time as a push may have."""
    image = random_image(layers=1, layer_size=64)
    put_image(address, repository, names[0], image)
    connection = http.client.HTTPConnection(address, timeout=120)
    for first in range(0, len(names), _TAGS_AT_ONCE):
        query = urlencode([("tag", name) for name in names[first : first + _TAGS_AT_ONCE]])
        target = f"/v2/{repository}/manifests/{image.digest}?{query}"
        connection.request("PUT", target, image.manifest, {"Content-Type": image.media_type})
        _answered(connection, 201)
    connection.close()


def noise(mebibytes: int) -> Iterator[bytes]:
    """Bytes that nothing compresses within reach of a window: one random block, marked with its number."""
    block = os.urandom(_MIB - 8)
    for number in range(mebibytes):
        yield number.to_bytes(8, "big") + block


@dataclass(frozen=True, slots=True)
class Blob:
    """A file to push, and its digest."""

    path: Path
    size: int
    digest: str

    @classmethod
    def noise(cls, path: Path, mebibytes: int) -> Blob:
        """A file of `noise`."""
        value = hashlib.sha256()
        with path.open("wb") as file:
            for piece in noise(mebibytes):
                value.update(piece)
                file.write(piece)
        return cls(path, mebibytes * _MIB, f"sha256:{value.hexdigest()}")


def push(address: str, repository: str, blob: Blob) -> float:
    """The seconds of a POST, a PATCH with all the bytes, and a closing PUT."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(address, timeout=120)
    location = _asked(connection, "POST", f"/v2/{repository}/blobs/uploads/", 202)
    connection.putrequest("PATCH", location)
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(blob.size))
    connection.endheaders()
    with blob.path.open("rb") as file:
        connection.sock.sendfile(file)
    location = _answered(connection, 202)
    joined = "&" if "?" in location else "?"
    _asked(connection, "PUT", f"{location}{joined}digest={blob.digest}", 201)
    connection.close()
    return time.perf_counter() - began


def _asked(connection: http.client.HTTPConnection, method: str, target: str, status: int) -> str:
    connection.request(method, target, headers={"Content-Length": "0"})
    return _answered(connection, status)


def _answered(connection: http.client.HTTPConnection, status: int) -> str:
    response = connection.getresponse()
    content = response.read()
    if response.status != status:
        raise RuntimeError(f"{response.status}, not {status}: {content.decode(errors='replace')}")
    return response.headers["Location"].removeprefix(f"http://{connection.host}:{connection.port}")


def pull(address: str, repository: str, blob: Blob) -> float:
    """The seconds until the last byte has come; nothing is done with them, so that the registry is what is measured."""
    host, _, port = address.partition(":")
    began = time.perf_counter()
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        target = f"/v2/{repository}/blobs/{blob.digest}"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        room = bytearray(_MIB)
        received = 0
        while count := connection.recv_into(room):
            received += count
    if received < blob.size:
        raise RuntimeError(f"{received} bytes, not {blob.size}: {bytes(room[:200])!r}")
    return time.perf_counter() - began


def peak_kib(pid: int) -> int:
    """The most memory that a process has had (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
