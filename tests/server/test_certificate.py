"""A certificate that is renewed is served, without a restart and without breaking off what is in progress."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from boxship.server.running.certificate import CertificateFiles
from tests.cli.ready_registry import Forked
from tests.peers.certificates import Certificate, issue
from tests.server.content import digest
from tests.server.running import CONTENT, forked


class Files:
    """The certificate and the key that a registry is given, and others to put in their place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.root = self.renew().root

    def another(self) -> Certificate:
        folder = self._folder / f"{time.monotonic_ns()}"
        folder.mkdir()
        return issue(folder, "127.0.0.1", authority=self._authority)

    def renew(self) -> Certificate:
        issued = self.another()
        shutil.copy(issued.key, self.key)
        shutil.copy(issued.chain, self.certificate)
        return issued


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "tls").mkdir()
    return Files(tmp_path / "tls")


async def renewals(files: Files, steps: list[str], *, before: bool = False) -> list[int]:
    """How often a certificate was taken after each step, which is given time enough.

    `before`: there is another one already when the watch begins.
    """
    taken: list[float] = []
    watched = CertificateFiles(files.certificate, files.key)
    if before:
        files.renew()
    watching = asyncio.create_task(watched.watch(lambda: taken.append(time.monotonic()), interval=0.02))
    found = []
    for step in steps:
        if step == "key only":
            shutil.copy(files.another().key, files.key)
        elif step == "gone":
            files.certificate.unlink()
        elif step == "renew":
            files.renew()
        await asyncio.sleep(0.5)
        found.append(len(taken))
    watching.cancel()
    return found


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["nothing", "renew", "nothing", "renew"], [0, 1, 1, 2]),
        (["nothing", "key only", "renew"], [0, 0, 1]),
        (["nothing", "gone", "renew"], [0, 0, 1]),
    ],
)
def test_a_certificate_counts_when_it_is_whole(files: Files, steps: list[str], expected: list[int]) -> None:
    assert asyncio.run(renewals(files, steps)) == expected


def test_one_that_comes_while_the_server_begins_counts(files: Files) -> None:
    assert asyncio.run(renewals(files, ["nothing", "nothing", "renew"], before=True)) == [1, 1, 2]


def test_why_one_does_not_count_is_said_once(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(renewals(files, ["nothing", "key only", "nothing"]))
    (record,) = caplog.records
    assert "stays as it was" in record.message
    assert str(files.certificate) in record.message


@contextmanager
def serving(tmp_path: Path, files: Files, *options: str) -> Iterator[tuple[Forked, int]]:
    tls = ("--tls-cert", str(files.certificate), "--tls-key", str(files.key))
    with forked(tmp_path / "registry", *tls, *options) as (process, address):
        yield process, int(address.rpartition(":")[2])


def dial(port: int, root: Path) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(root))
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname="127.0.0.1")


def shown(port: int, root: Path) -> bytes | None:
    """The certificate; None for a connection that is closed while listeners change, as docs/registry.md says."""
    try:
        with dial(port, root) as connection:
            return connection.getpeercert(binary_form=True)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):
        return None


def der(issued: Certificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(issued.chain.read_text())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_in_progress_goes_on_while_the_certificate_is_renewed(
    tmp_path: Path, files: Files, workers: str
) -> None:
    with serving(tmp_path, files, "--workers", workers) as (process, port), dial(port, files.root) as upload:
        head = f"POST /v2/app/blobs/uploads/?digest={digest(CONTENT)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        upload.sendall(f"{head}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT[:1000])
        process.send_signal(signal.SIGHUP)
        fresh = der(files.renew())
        until = time.monotonic() + 20
        # All of so many: none of the workers, and no listener that was there before, shows the older one.
        while [shown(port, files.root) for _ in range(16)] != [fresh] * 16:
            assert time.monotonic() < until
        upload.sendall(CONTENT[1000:])
        assert upload.recv(20).startswith(b"HTTP/1.1 201")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
