"""Certificates in files and directories, put into an `ssl.SSLContext` as Go reads them and as cheaply as OpenSSL can.

Parsing the 140 roots of a system takes some 20 ms, and one of them is needed: those that OpenSSL finds by itself, by
the hash in a file's name, are left to it. Which files count is `trust`'s to know.
"""

from __future__ import annotations

__all__ = ["Roots", "files_in", "named_by", "no_certificate", "system_bundle", "system_directories"]

import re
import ssl
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.settings.file_bytes import file_bytes
from boxship.settings.sourced import Sourced

# root_linux.go, in its order; for interpreters whose OpenSSL looks in places that are not there.
_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")

# A certificate, or the beginning of one that is cut short.
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(?:[^-]*-----END CERTIFICATE-----)?")
_OTHER = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")  # the names that `openssl rehash` gives
_DER = b"\x30\x82"  # how a certificate begins that is not in PEM


class Roots:
    """Fills one context. Directories come before files: what they make findable is not parsed again."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._findable: set[bytes] = set()

    def add_system_directories(self) -> None:
        """Trust what the system's directories hold, or what Windows keeps in stores instead."""
        if sys.platform == "win32":
            self._context.load_default_certs()
        for directory in system_directories():
            self._add_hashed(directory)

    def add_directory(self, directory: Sourced[str]) -> str:
        """Trust what every file of a directory holds, whatever their names; a warning where that is nothing."""
        path = Path(directory.value)
        if path.resolve() in {system.resolve() for system in system_directories()}:
            self._add_hashed(path)
            return ""
        found = dict.fromkeys(block for file in files_in(path) for block in _certificates(file))
        return "" if self._add_usable(found) else f"{directory.source}: no certificate was found in {directory.value}"

    def add_system_file(self) -> None:
        """Trust the system's bundle, where there is one."""
        bundle = system_bundle()
        if bundle:
            self._add_usable(_certificates(bundle))

    def add_replacement(self, file: Sourced[str]) -> str:
        """Trust the bundle that stands for the system's; a warning where it cannot be read, as Go goes on without."""
        try:
            content = file_bytes(Path(file.value))
        except OSError as error:
            return f"{file.source}: {file.value} cannot be read: {error.strerror}"
        self._add_all(content, file)
        return ""

    def add_told(self, place: Sourced[str]) -> None:
        """Trust every certificate of a file, or of all files in a folder, or raise `InvalidSettings`."""
        if not Path(place.value).is_dir():
            self.add_file(place)
        elif self.add_directory(place):
            why = "no file in this folder has a certificate"
            raise InvalidSettings(place.value, why=why, remedy=named_by(place))

    def add_file(self, file: Sourced[str]) -> None:
        """Trust every certificate of a file, or raise `InvalidSettings`."""
        try:
            content = file_bytes(Path(file.value))
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
            raise InvalidSettings(file.value, why=why, remedy=named_by(file)) from error
        self._add_all(content, file)

    def _add_hashed(self, directory: Path) -> None:
        """Let OpenSSL find what has a hashed name in `directory`, and parse what has not."""
        self._context.load_verify_locations(capath=directory)
        others: dict[bytes, None] = {}
        for file in files_in(directory):
            keep = self._findable.update if _HASHED.fullmatch(file.name) else others.update
            keep(dict.fromkeys(_certificates(file)))
        self._add_usable(others)

    def _add_usable(self, blocks: Iterable[bytes]) -> bool:
        """Trust those of `blocks` that are certificates; whether there was one."""
        wanted = list(blocks)
        parsed = [block for block in wanted if block not in self._findable]
        if not parsed:
            return bool(wanted)
        if self._parse(b"\n".join(parsed)):
            return True
        usable = [block for block in parsed if self._parse(block)]
        return bool(usable) or len(parsed) < len(wanted)

    def _add_all(self, content: bytes, file: Sourced[str]) -> None:
        blocks = [match.group() for match in _CERTIFICATE.finditer(content)]
        if not blocks:
            raise no_certificate(content, file)
        wanted = [block for block in blocks if block not in self._findable]
        if wanted and not self._parse(b"\n".join(wanted)):
            bad = next(match.start() for match in _CERTIFICATE.finditer(content) if not self._parse(match.group()))
            line = content.count(b"\n", 0, bad) + 1
            why = "the certificate that begins here is broken"
            raise InvalidSettings(file.value, line, why=why, remedy=named_by(file))

    def _parse(self, blocks: bytes) -> bool:
        try:
            self._context.load_verify_locations(cadata=blocks.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            return False
        return True


def system_bundle() -> Path | None:
    """The system's file of authorities, where there is one."""
    paths = (ssl.get_default_verify_paths().openssl_cafile, *_FILES)
    return next((path for path in map(Path, paths) if path.is_file()), None)


def system_directories() -> tuple[Path, ...]:
    """The system's directories of authorities."""
    own = Path(ssl.get_default_verify_paths().openssl_capath)
    return (own,) if own.is_dir() else tuple(path for path in map(Path, _DIRECTORIES) if path.is_dir())


def files_in(directory: Path) -> list[Path]:
    """The files of a directory; none where it cannot be read."""
    try:
        return [path for path in directory.iterdir() if path.is_file()]
    except OSError:
        return []


def _certificates(file: Path) -> list[bytes]:
    with suppress(OSError):
        return _CERTIFICATE.findall(file.read_bytes())
    return []


def no_certificate(content: bytes, file: Sourced[str]) -> InvalidSettings:
    """The error of a file without a certificate: what is in it instead."""
    other = _OTHER.search(content)
    remedy = named_by(file)
    if other:
        why = f"it holds a {other.group(1).decode().lower()}, and no certificate"
    elif content.startswith(_DER):
        why, remedy = "it is not in PEM", f"openssl x509 -inform der -in {file.value} -out {file.value}.pem"
    else:
        why = "there is no certificate in it" if content else "it is empty"
    return InvalidSettings(file.value, why=why, remedy=remedy)


def named_by(file: Sourced[str]) -> str:
    """Why the file is read at all, for an error's last part."""
    return f"{file.source} names it"
