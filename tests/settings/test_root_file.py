"""The file that made a root trusted is found, whoever named it."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path

import pytest
import trustme

from boxship.settings import roots
from boxship.settings.root_file import file_with
from boxship.settings.trust import Trust


@pytest.fixture(scope="module")
def root() -> bytes:
    return trustme.CA().cert_pem.bytes()


def _found(trust: Trust, root: bytes) -> str:
    return file_with(trust, ssl.PEM_cert_to_DER_cert(root.decode()))


def test_the_file_of_a_flag(root: bytes, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(b"# ours\r\n" + trustme.CA().cert_pem.bytes() + root.replace(b"\n", b"\r\n"))
    assert _found(Trust.of({}, ca_files=[str(file)]), root) == f"{file} (flag --ca-file)"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes in folders")
def test_a_pipe_has_said_all_that_it_does(root: bytes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert _found(Trust.of({}, ca_files=[str(tmp_path / "pipe")]), root) == ""


def test_the_file_of_a_variable(root: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes(root)
    assert _found(Trust.of({"SSL_CERT_FILE": str(file)}), root) == f"{file} (SSL_CERT_FILE)"


def test_a_file_in_the_directory_of_a_variable(root: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.crt").write_bytes(trustme.CA().cert_pem.bytes())
    (tmp_path / "b.crt").write_bytes(root)
    assert _found(Trust.of({"SSL_CERT_DIR": str(tmp_path)}), root) == f"{tmp_path / 'b.crt'} (SSL_CERT_DIR)"


def test_the_system_s_file(root: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "ca-certificates.crt"
    bundle.write_bytes(root)
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(bundle), openssl_capath=str(tmp_path / "none"))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(roots, "_DIRECTORIES", ())
    assert _found(Trust(), root) == f"{bundle} (the system's)"
    # What is replaced does not count.
    assert _found(Trust.of({"SSL_CERT_FILE": str(tmp_path / "other.pem")}), root) == ""


def test_nobody_s(root: bytes, tmp_path: Path) -> None:
    assert _found(Trust.of({}, ca_files=[str(tmp_path / "absent.pem")]), root) == ""
