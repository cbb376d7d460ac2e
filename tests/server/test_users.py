"""Users in a registry's folder: what is kept of them, and who may have it."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path

import pytest

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.access.rights import Grant, Right
from boxship.server.access.users import Known, User, are_there, opened
from tests.server.people import add, remove


def test_users_come_back_by_name_with_their_grants(tmp_path: Path) -> None:
    add(tmp_path / "registry", "bob", pull="*")
    add(tmp_path / "registry", "alice", push="team/*", delete="team/*", pull="a b")
    with opened(tmp_path / "registry") as users:
        alice, bob = asyncio.run(users.all())
        assert [user.name for user in (alice, bob)] == ["alice", "bob"]
        assert alice.grants == (
            Grant.of("a", Right.PULL),
            Grant.of("b", Right.PULL),
            Grant.of("team/*", Right.PUSH, Right.DELETE),
        )
        assert asyncio.run(users.find("alice")) == alice
        assert asyncio.run(users.find("Alice")) is None
    remove(tmp_path / "registry", "alice")
    with opened(tmp_path / "registry") as users:
        assert [user.name for user in asyncio.run(users.all())] == ["bob"]


def test_no_password_is_kept_or_shown(tmp_path: Path) -> None:
    add(tmp_path / "registry", "alice", pull="*", password="correct horse")
    with opened(tmp_path / "registry") as users:
        assert "$2b$" not in repr(asyncio.run(users.all()))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "registry").glob("registry.db*"))
    assert b"alice" in kept
    assert b"correct horse" not in kept
    if sys.platform != "win32":
        for path in (tmp_path / "registry").glob("registry.db*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "\0", " a", "a ", "a" * 256, "\udcff"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidSettings):
        User.of(name, Secret("x"), [], cost=4)


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37])
def test_a_password_that_bcrypt_would_cut_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(InvalidSettings, match="bytes") as caught:
        User.of("alice", Secret(password), [], cost=4)
    assert not password or password not in str(caught.value)


def test_a_folder_without_a_registry_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="there is no registry"), opened(tmp_path / "absent"):
        pass
    assert not (tmp_path / "absent").exists()


def test_whether_there_are_users_is_told_of_every_folder(tmp_path: Path) -> None:
    assert not are_there(tmp_path)
    add(tmp_path / "registry?&%", "alice")
    assert are_there(tmp_path / "registry?&%")
    remove(tmp_path / "registry?&%", "alice")
    assert not are_there(tmp_path / "registry?&%")


def test_who_were_there_are_told_from_who_never_were(tmp_path: Path) -> None:
    found = []
    for change in (add, remove):
        change(tmp_path / "registry", "alice")
        with opened(tmp_path / "registry") as users:
            found.append(asyncio.run(users.known()))
    here, gone = found
    assert here.like
    assert here.like.startswith("$2b$")
    assert here.were_there
    assert gone == Known(None, were_there=True)
    with opened(tmp_path / "other", make=True) as users:
        assert asyncio.run(users.known()) == Known(None, were_there=False)
