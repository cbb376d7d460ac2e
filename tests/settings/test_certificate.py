"""The certificate that says who asks: what is wrong with its files is said of the file."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from boxship.errors import InvalidSettings
from boxship.settings.certificate import load_certificate
from boxship.settings.sourced import Sourced

ENCRYPTED = (
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A pair in two files and in one, another key, and files that are no such thing."""
    ca = trustme.CA()
    mine, other = (ca.issue_cert("someone@corp.test") for _ in range(2))
    contents = {
        "cert": mine.cert_chain_pems[0].bytes(),
        "key": mine.private_key_pem.bytes(),
        "both": mine.private_key_and_cert_chain_pem.bytes(),
        "other key": other.private_key_pem.bytes(),
        "empty": b"",
        "broken": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "broken key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "encrypted": ENCRYPTED[0].encode(),
        "old encrypted": ENCRYPTED[1].encode(),
        "der": ssl.PEM_cert_to_DER_cert(mine.cert_chain_pems[0].bytes().decode()),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in (*contents, "missing")}


def load(cert: Path, key: Path | None = None) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_certificate(context, Sourced(str(cert), "flag --cert"), Sourced(str(key), "flag --key") if key else None)


def test_a_pair_is_loaded_from_two_files_or_one(files: dict[str, Path]) -> None:
    load(files["cert"], files["key"])
    load(files["both"])
    load(files["cert"], files["both"])


@pytest.mark.parametrize(
    ("cert", "key", "wrong", "why"),
    [
        ("missing", "key", "missing", "cannot be read"),
        ("cert", "missing", "missing", "cannot be read"),
        ("key", "key", "key", "private key, and no certificate"),
        ("empty", "key", "empty", "it is empty"),
        ("der", "key", "der", "not in PEM"),
        ("cert", None, "cert", "no private key in it"),
        ("cert", "cert", "cert", "no private key in it"),
        ("cert", "other key", "other key", "does not belong to the certificate"),
        ("cert", "encrypted", "encrypted", "encrypted"),
        ("cert", "old encrypted", "old encrypted", "encrypted"),
        ("broken", "key", "broken", "broken"),
        ("cert", "broken key", "broken key", "broken"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    files: dict[str, Path], cert: str, key: str | None, wrong: str, why: str
) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        load(files[cert], files[key] if key else None)
    assert str(files[wrong]) in caught.value.file
