"""The packages that are installed in an image, as its package managers have written them down.

dpkg: /var/lib/dpkg/status, and status.d/ of images without a shell. apk: /lib/apk/db/installed. rpm: the database of
sqlite that it has had since 4.16, of headers as rpm's "Package format" has them; older ones, of Berkeley DB, are not.
"""

from __future__ import annotations

__all__ = ["Package", "PackageFiles", "in_order", "packages_of"]

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing

from boxship.errors import UnexpectedAnswer
from boxship.value import dataclass

_STATUS, _STATUS_FOLDER = "var/lib/dpkg/status", "var/lib/dpkg/status.d/"
_APK = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})
_RPM = frozenset({"var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite"})
# Of rpm's headers (rpmtag.h): tags, and the types of their values.
_NAME, _VERSION, _RELEASE, _EPOCH, _ARCHITECTURE = 1000, 1001, 1002, 1003, 1022
_INT32, _STRING = 4, 6
_STEPS = 50_000_000  # of sqlite's machine: a database of 10,000 packages takes some 100,000
_READ, _WRITE = 18, 19  # where a database says how it is written (sqlite's "Database File Format", 1.3)


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is installed; `manager` is `deb`, `apk` or `rpm`."""

    manager: str
    name: str
    architecture: str
    version: str


def in_order(package: Package) -> tuple[str, ...]:
    """What packages are sorted by."""
    return package.manager, package.name, package.architecture, package.version


class PackageFiles:
    """The names of the files in which packages are written down."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name == _STATUS or name in _APK or name in _RPM or _is_of_folder(name))


def packages_of(files: Iterable[tuple[str, bytes]]) -> tuple[Package, ...]:
    """The packages that these files of an image, with their names, write down; `UnexpectedAnswer` for broken ones."""
    found = {package for name, content in files for package in _packages(name, content)}
    return tuple(sorted(found, key=in_order))


def _packages(name: str, content: bytes) -> Iterator[Package]:
    if name == _STATUS or _is_of_folder(name):
        return _deb(content)
    if name in _APK:
        return _apk(content)
    return _rpm(content, name)


def _is_of_folder(name: str) -> bool:
    return name.startswith(_STATUS_FOLDER) and not name.endswith(".md5sums")


def _deb(content: bytes) -> Iterator[Package]:
    for fields in _paragraphs(content, ": "):
        # A file of status.d is of one package that is installed, and does not say so.
        if "Package" in fields and fields.get("Status", "installed").split()[-1:] == ["installed"]:
            yield Package("deb", fields["Package"], fields.get("Architecture", ""), fields.get("Version", ""))


def _apk(content: bytes) -> Iterator[Package]:
    for fields in _paragraphs(content, ":"):
        if "P" in fields:
            yield Package("apk", fields["P"], fields.get("A", ""), fields.get("V", ""))


def _paragraphs(content: bytes, colon: str) -> Iterator[dict[str, str]]:
    """Fields of each paragraph; lines that go on with one are passed over."""
    for paragraph in content.decode("utf-8", "replace").split("\n\n"):
        lines = (line.partition(colon) for line in paragraph.split("\n") if line and not line[0].isspace())
        fields = {name: value.strip() for name, found, value in lines if found}
        if fields:
            yield fields


def _rpm(content: bytes, name: str) -> Iterator[Package]:
    try:
        headers = [_header(blob) for blob in _blobs(content)]
    # MemoryError: what sqlite says of some databases that are broken.
    except (sqlite3.Error, struct.error, ValueError, OverflowError, MemoryError) as error:
        raise UnexpectedAnswer(f"the image's {name} is no database of rpm", why=str(error) or "it is broken") from error
    for header in headers:
        if header.get(_NAME, "gpg-pubkey") != "gpg-pubkey":  # keys are no packages
            epoch = f"{header[_EPOCH]}:" if _EPOCH in header else ""
            version = f"{epoch}{header.get(_VERSION, '')}-{header.get(_RELEASE, '')}"
            yield Package("rpm", header[_NAME], header.get(_ARCHITECTURE, ""), version)


def _blobs(content: bytes) -> Iterator[bytes]:
    """The headers in a database that nobody vouches for: only a table is read, and not more than there is."""
    database = bytearray(content)
    # One in WAL mode wants a second file beside it, which has what was not done yet.
    database[_READ : _WRITE + 1] = b"\x01\x01"
    left = len(content)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(bytes(database))
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_progress_handler(lambda: 1, _STEPS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, left)
        kinds = connection.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchall()
        if kinds != [("table",)]:
            raise ValueError("it has no table Packages")
        for (blob,) in connection.execute("SELECT blob FROM Packages"):
            if isinstance(blob, bytes | str):
                left -= len(blob)
            if left < 0:  # a column that is computed, or one place that several rows have
                raise ValueError("its table has more bytes than the whole of it")
            if isinstance(blob, bytes):
                yield blob


def _header(blob: bytes) -> dict[int, str]:
    """The tags of a header that are wanted: its index, then its data (rpm, "Header format")."""
    entries, size = struct.unpack_from(">II", blob)
    data = blob[8 + 16 * entries :][:size]
    if len(data) < size:
        raise ValueError("a header ends too early")
    found: dict[int, str] = {}
    for tag, kind, offset, _ in struct.iter_unpack(">IIII", blob[8 : 8 + 16 * entries]):
        if tag in found or tag not in (_NAME, _VERSION, _RELEASE, _EPOCH, _ARCHITECTURE):
            continue
        if kind == _STRING:
            found[tag] = data[offset : data.index(b"\0", offset)].decode("utf-8", "replace")
        elif kind == _INT32:
            (number,) = struct.unpack_from(">I", data, offset)
            found[tag] = str(number)
    return found
