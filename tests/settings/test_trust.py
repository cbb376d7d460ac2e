from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from boxship.errors import InvalidSettings
from boxship.settings.roots import Roots
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust

SYSTEM = Path(ssl.get_default_verify_paths().openssl_capath)
BUNDLE = SYSTEM / "ca-certificates.crt"
needs_system = pytest.mark.skipif(not BUNDLE.is_file(), reason="no bundle in OpenSSL's own directory")


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pem(ca: trustme.CA) -> bytes:
    return ca.cert_pem.bytes()


def trusts(trust: Trust, ca: trustme.CA) -> bool:
    """Whether a client with these roots accepts a server of `ca`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load(context)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("reg.corp").configure_cert(serving)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="reg.corp")
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(3):
            for side in (client, server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLCertVerificationError:
        return False
    return client.version() is not None


def warnings(trust: Trust) -> tuple[str, ...]:
    return trust.load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def test_the_environment_and_flags_say_what_is_trusted() -> None:
    environment = {"SSL_CERT_FILE": "/f", "SSL_CERT_DIR": "/a::/b"}
    assert Trust.of(environment, ca_files=("/c",)) == Trust(
        file=Sourced("/f", "SSL_CERT_FILE"),
        directories=(Sourced("/a", "SSL_CERT_DIR"), Sourced("/b", "SSL_CERT_DIR")),
        added=(Sourced("/c", "flag --ca-file"),),
    )


@pytest.mark.parametrize("environment", [{}, {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}], ids=str)
def test_without_a_word_the_systems_roots_are_trusted(environment: dict[str, str], ca: trustme.CA) -> None:
    assert Trust.of(environment) == Trust()
    assert not trusts(Trust(), ca)
    assert warnings(Trust()) == ()


def test_skipping_is_another_trust_and_can_be_taken_back() -> None:
    trust = Trust.of({}, ca_files=("/c",))
    assert trust.skipping("insecure").skip_verify
    assert trust.skipping("insecure") != trust
    assert {trust.skipping("insecure").for_others(), trust} == {trust}


def test_a_ca_file_is_trusted_beside_the_others(tmp_path: Path, ca: trustme.CA, pem: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(b"# our own, \xfc\n" + trustme.CA().cert_pem.bytes() + b"\r\n" + pem.replace(b"\n", b"\r\n"))
    assert trusts(Trust.of({}, ca_files=(str(file),)), ca)


def test_ssl_cert_file_is_trusted(tmp_path: Path, ca: trustme.CA, pem: bytes) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes(pem)
    assert trusts(Trust.of({"SSL_CERT_FILE": str(file)}), ca)


@pytest.mark.parametrize("name", ["corp.crt", "no-suffix", "deadbeef.0", ".hidden"])
def test_every_file_of_ssl_cert_dir_is_trusted_whatever_its_name(
    tmp_path: Path, ca: trustme.CA, pem: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(pem)
    assert trusts(Trust.of({"SSL_CERT_DIR": f"/nowhere:{tmp_path}"}), ca)


def test_rubbish_in_ssl_cert_dir_does_not_stand_in_the_way(tmp_path: Path, ca: trustme.CA, pem: bytes) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "a").write_bytes(b"\xff\0 rubbish")
    (tmp_path / "b").write_bytes(broken + pem + broken + b"-----BEGIN CERTIFICATE-----\n\xff")
    (tmp_path / "c").mkdir()
    (tmp_path / "d").symlink_to("nowhere")
    os.mkfifo(tmp_path / "e")
    trust = Trust.of({"SSL_CERT_DIR": str(tmp_path)})
    assert trusts(trust, ca)
    assert warnings(trust) == ()


def test_a_directory_without_a_certificate_is_said(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert warnings(Trust.of({"SSL_CERT_DIR": f"{tmp_path}:/nowhere"})) == (
        f"SSL_CERT_DIR: no certificate was found in {tmp_path}",
        "SSL_CERT_DIR: no certificate was found in /nowhere",
    )


def test_a_replacement_that_is_not_there_is_said() -> None:
    assert warnings(Trust.of({"SSL_CERT_FILE": "/nowhere"})) == (
        "SSL_CERT_FILE: /nowhere cannot be read: No such file or directory",
    )


BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"", 0, "it is empty"),
        (b"hello", 0, "there is no certificate in it"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0, "it holds a private key"),
        (b"-----BEGIN TRUSTED CERTIFICATE-----\n", 0, "it holds a trusted certificate"),
        (b"\x30\x82\x01\x0a", 0, "it is not in PEM"),
        (b"words\n\n" + BROKEN, 3, "the certificate that begins here is broken"),
        (b"words\n-----BEGIN CERTIFICATE-----\nAAAA", 2, "the certificate that begins here is broken"),
        (
            b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----",
            1,
            "the certificate that begins here is broken",
        ),
    ],
    ids=["empty", "words", "key", "trusted", "der", "broken", "cut short", "not ascii"],
)
@pytest.mark.parametrize("source", ["SSL_CERT_FILE", "flag --ca-file"])
def test_a_file_that_is_wrong_is_refused_with_what_is_wrong(
    tmp_path: Path, content: bytes, line: int, why: str, source: str
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    sourced = Sourced(str(file), source)
    trust = Trust(file=sourced) if source == "SSL_CERT_FILE" else Trust(added=(sourced,))
    with pytest.raises(InvalidSettings, match=why) as caught:
        warnings(trust)
    assert (caught.value.file, caught.value.line) == (str(file), line)
    assert caught.value.remedy.startswith(("openssl x509 -inform der", source))


def test_one_broken_certificate_among_good_ones_is_found(tmp_path: Path, pem: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(pem + BROKEN + pem)
    with pytest.raises(InvalidSettings, match="broken") as caught:
        warnings(Trust.of({}, ca_files=(str(file),)))
    assert caught.value.line == pem.count(b"\n") + 1


def test_a_ca_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"cannot be read: No such file or directory \(flag --ca-file names it\)"):
        warnings(Trust.of({}, ca_files=(str(tmp_path / "none.pem"),)))
    with pytest.raises(InvalidSettings, match=r"no file in this folder has a certificate \(flag --ca-file names it\)"):
        warnings(Trust.of({}, ca_files=(str(tmp_path),)))


@needs_system
def test_the_systems_roots_are_found_by_their_hash_and_not_parsed() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    Trust().load(context)
    assert context.cert_store_stats()["x509_ca"] == 0
    # The same directory under another name is as good.
    Trust.of({"SSL_CERT_DIR": str(SYSTEM.resolve()), "SSL_CERT_FILE": str(BUNDLE)}).load(context)
    assert context.cert_store_stats()["x509_ca"] == 0


def rehash(directory: Path) -> None:
    subprocess.run(["openssl", "rehash", directory], check=True, capture_output=True)


def test_what_a_system_directory_has_without_a_hash_is_trusted_too(
    tmp_path: Path, ca: trustme.CA, pem: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = trustme.CA()
    (tmp_path / "other.pem").write_bytes(other.cert_pem.bytes())
    rehash(tmp_path)
    (tmp_path / "corp.crt").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    Roots(context)._add_hashed(tmp_path)
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(pem.decode())]


def test_a_peer_is_verified_by_a_root_that_only_its_hash_leads_to(tmp_path: Path, ca: trustme.CA, pem: bytes) -> None:
    (tmp_path / "corp.pem").write_bytes(pem)
    rehash(tmp_path)

    class Hashed(Trust):
        def load(self, context: ssl.SSLContext) -> tuple[str, ...]:
            Roots(context)._add_hashed(tmp_path)
            assert context.cert_store_stats()["x509_ca"] == 0
            return ()

    assert trusts(Hashed(), ca)


def test_trust_is_known_without_loading_tls() -> None:
    code = "import sys, boxship.settings.trust; sys.exit('ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
