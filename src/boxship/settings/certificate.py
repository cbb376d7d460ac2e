"""The certificate that says who asks, and its private key: from their files into an `ssl.SSLContext`.

What is wrong with a file is said of that file; OpenSSL's own words say neither which nor what.
"""

from __future__ import annotations

__all__ = ["load_certificate"]

import re
import ssl
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.settings.file_bytes import file_bytes
from boxship.settings.roots import named_by, no_certificate
from boxship.settings.sourced import Sourced

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED", re.MULTILINE)


def load_certificate(context: ssl.SSLContext, certificate: Sourced[str], key: Sourced[str] | None) -> None:
    """Let `context` show the certificate to who asks for one, or raise `InvalidSettings` for a wrong file."""
    content = _read(certificate)
    if _CERTIFICATE not in content:
        raise no_certificate(content, certificate)
    where = key or certificate
    _check_key(_read(key) if key else content, where, alone=key is not None)
    try:
        # Without a passphrase, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate.value, where.value, password=lambda: "")
    except ssl.SSLError as error:
        raise _broken(error, certificate, where) from error


def _read(file: Sourced[str]) -> bytes:
    try:
        return file_bytes(Path(file.value))
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise InvalidSettings(file.value, why=why, remedy=named_by(file)) from error


def _check_key(content: bytes, file: Sourced[str], *, alone: bool) -> None:
    if not _KEY.search(content):
        remedy = named_by(file) if alone else "give the file of the key by --key"
        raise InvalidSettings(file.value, why="there is no private key in it", remedy=remedy)
    if _ENCRYPTED.search(content):
        why = "its private key is encrypted, and boxship asks for no passphrase"
        raise InvalidSettings(file.value, why=why, remedy=f"openssl pkey -in {file.value} -out a file of your own")


def _broken(error: ssl.SSLError, certificate: Sourced[str], key: Sourced[str]) -> InvalidSettings:
    if error.reason == "KEY_VALUES_MISMATCH":
        why = f"the private key does not belong to the certificate in {certificate.value}"
        return InvalidSettings(key.value, why=why, remedy=named_by(key))
    files = dict.fromkeys((certificate.value, key.value))
    words = (error.reason or str(error)).lower().replace("_", " ")
    return InvalidSettings(" and ".join(files), why=f"the certificate or its key is broken: {words}")
