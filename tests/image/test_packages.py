"""Packages as dpkg, apk and rpm write them down."""

from __future__ import annotations

import os
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

import pytest

from boxship.errors import UnexpectedAnswer
from boxship.image.packages import Package, PackageFiles, packages_of

DPKG = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10
Description: GNU C Library
 Version: 0 is no field, but goes on with the one above

Package: gone
Status: deinstall ok config-files
Version: 1

Package: half
Status: install ok half-installed
Version: 1
"""
APK = b"""C:Q1abc=
P:musl
V:1.2.4-r2
A:x86_64
F:lib
R:ld-musl-x86_64.so.1

P:busybox
V:1.36.1-r15
A:x86_64
"""
SPEC = """Name: {name}
Version: 1.2
Release: 3
{epoch}Summary: of a test
License: none
BuildArch: noarch
%description
Of a test.
%files
"""
RPM = "var/lib/rpm/rpmdb.sqlite"


def test_dpkg() -> None:
    found = Package("deb", "libc6", "amd64", "2.36-9+deb12u10")
    assert packages_of([("var/lib/dpkg/status", DPKG)]) == (found,)


def test_dpkg_of_images_without_a_shell() -> None:
    content = b"Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n"
    assert packages_of([("var/lib/dpkg/status.d/tzdata", content)]) == (Package("deb", "tzdata", "all", "2024a-0"),)
    assert "var/lib/dpkg/status.d/tzdata" in PackageFiles()
    assert "var/lib/dpkg/status.d/tzdata.md5sums" not in PackageFiles()


def test_apk() -> None:
    assert packages_of([("lib/apk/db/installed", APK)]) == (
        Package("apk", "busybox", "x86_64", "1.36.1-r15"),
        Package("apk", "musl", "x86_64", "1.2.4-r2"),
    )


def test_this_machines_packages_are_those_that_dpkg_lists() -> None:
    status = Path("/var/lib/dpkg/status")
    if not status.exists():
        assert packages_of([("var/lib/dpkg/status", b"")]) == ()
        return
    words = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Architecture} ${Version}\n"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout
    wanted = {tuple(line.split()[1:]) for line in listed.splitlines() if line.startswith("installed ")}
    found = packages_of([("var/lib/dpkg/status", status.read_bytes())])
    assert {(one.name, one.architecture, one.version) for one in found} == wanted


@pytest.mark.peer("rpm", "rpmbuild")
def test_rpm(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    for name, epoch in (("one", ""), ("two", "Epoch: 4\n")):
        (tmp_path / f"{name}.spec").write_text(SPEC.format(name=name, epoch=epoch))
        words = ["rpmbuild", "--define", f"_topdir {tmp_path}/build", "-bb", str(tmp_path / f"{name}.spec")]
        subprocess.run(words, check=True, capture_output=True, timeout=60, env=environment)
    made = sorted(map(str, (tmp_path / "build/RPMS/noarch").glob("*.rpm")))
    root = tmp_path / "root"
    root.mkdir()
    words = ["rpm", "--root", str(root), "--dbpath", "/var/lib/rpm", "-i", "--nodeps", "--justdb", *made]
    words += ["--define", "_db_backend sqlite"]
    subprocess.run(words, check=True, capture_output=True, timeout=60, env=environment)
    with sqlite3.connect(root / RPM) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as rpm does when an image is built
    connection.close()
    found = packages_of([(RPM, (root / RPM).read_bytes())])
    assert found == (Package("rpm", "one", "noarch", "1.2-3"), Package("rpm", "two", "noarch", "4:1.2-3"))


def _database(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        return connection.serialize()


ENDLESS = (
    "CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 UNION ALL SELECT blob + 1 FROM n) SELECT blob FROM n"
)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no database" * 1000, id="none"),
        pytest.param(_database("CREATE TABLE x(y)"), id="another table"),
        pytest.param(_database(ENDLESS), id="a view without an end"),
        pytest.param(
            _database("CREATE TABLE Packages(hnum, blob)", "INSERT INTO Packages VALUES (1, x'ffffffff00000010')"),
            id="a header that is too long",
        ),
        pytest.param(
            _database("CREATE TABLE Packages(hnum, blob)", "INSERT INTO Packages VALUES (1, x'00')"), id="no header"
        ),
        pytest.param(
            _database("CREATE TABLE Packages(hnum, blob AS (zeroblob(900000000)))", "INSERT INTO Packages VALUES (1)"),
            id="a column that is a bomb",
        ),
        pytest.param(
            _database(
                "CREATE TABLE Packages(hnum, blob AS (zeroblob(5000)))", *["INSERT INTO Packages VALUES (1)"] * 5
            ),
            id="a column that is many",
        ),
    ],
)
def test_a_broken_database_is_said(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="no database of rpm"):
        packages_of([(RPM, content)])


def test_what_is_no_header_is_passed_over() -> None:
    """A number in a header's place would be so many bytes to Python."""
    content = _database("CREATE TABLE Packages(hnum, blob)", f"INSERT INTO Packages VALUES (1, {10**15})")
    assert packages_of([(RPM, content)]) == ()


def test_a_header_that_says_the_same_again_and_again_is_read_once() -> None:
    """Of 200,000 names, each of 200,000 letters, only the first is taken: all of them would be 40 GB to decode."""
    entry = struct.pack(">IIII", 1000, 6, 0, 1)
    data = b"x" * 200_000 + b"\0"
    header = struct.pack(">II", 200_000, len(data)) + entry * 200_000 + data
    content = _database("CREATE TABLE Packages(hnum, blob)", f"INSERT INTO Packages VALUES (1, x'{header.hex()}')")
    started = time.process_time()
    (found,) = packages_of([(RPM, content)])
    assert found.name == "x" * 200_000
    assert time.process_time() - started < 2
