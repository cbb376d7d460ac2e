"""`boxship registry user`: what it prints, what it refuses, and where a password comes from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import Refused
from boxship.testing import put_image, registry
from tests.cli.running import Outcome, boxship, three_parts


def user(folder: Path, *words: str, given: bytes = b"") -> Outcome:
    return boxship("registry", "user", *words, "--disk", str(folder), given=given)


def test_users_are_added_changed_listed_and_removed(tmp_path: Path) -> None:
    added = user(tmp_path, "add", "alice", "--push", "team/*", "--pull", "*", "--password-stdin", given=b"secret\n")
    assert (added.status, added.output) == (0, "added alice\tpull:*\tpull,push:team/*\n")
    changed = user(tmp_path, "add", "alice", "--delete", "a", "--pull", "a", "--password-stdin", given=b"secret")
    assert changed.output == "changed alice\tdelete,pull:a\n"
    assert user(tmp_path, "list").output == "alice\tdelete,pull:a\n"
    assert user(tmp_path, "add", "bob", "--create", "team/*", "--password-stdin", given=b"secret").status == 0
    assert user(tmp_path, "list").output == "alice\tdelete,pull:a\nbob\tcreate,pull:team/*\n"
    assert user(tmp_path, "remove", "bob").status == 0
    removed = user(tmp_path, "remove", "alice")
    assert removed.output == "removed alice\n"
    assert "nobody is left" in removed.errors
    assert user(tmp_path, "list").output == ""
    assert "nobody may do anything" in user(tmp_path, "list").errors


def test_a_registry_that_runs_knows_at_once(tmp_path: Path) -> None:
    with registry(tmp_path) as running:
        put_image(running.address, "team/app", "v1")
        assert user(tmp_path, "add", "alice", "--pull", "*", "--password-stdin", given=b"secret\n").status == 0
        tags = f"{running.address}/team/app"
        with Client() as client, pytest.raises(Refused, match="asks for a credential"):
            list(client.tags(tags))
        with Client(username="alice", password="secret") as client:
            assert list(client.tags(tags)) == ["v1"]
        assert user(tmp_path, "add", "alice", "--pull", "x", "--password-stdin", given=b"secret\n").status == 0
        with Client(username="alice", password="secret") as client, pytest.raises(Refused):
            list(client.tags(tags))


@pytest.mark.parametrize(
    ("words", "given", "why"),
    [
        (("add", "alice", "--password-stdin"), b"x", "may do nothing"),
        (("add", "alice", "--pull", "*", "--password-stdin"), b"\n", "0 bytes"),
        (("add", "alice", "--pull", "*", "--password-stdin"), b"x" * 80, "80 bytes"),
        (("add", "alice", "--pull", "*", "--password-stdin"), b"\xff", "UTF-8"),
        (("add", "a:b", "--pull", "*", "--password-stdin"), b"x", "colon"),
        (("add", "alice", "--pull", "Team/**", "--password-stdin"), b"x", "name of a repository"),
        (("add", "alice", "--pull", "*"), b"x", "no terminal"),
        (("remove", "alice"), b"", "there is no registry"),
        (("list",), b"", "there is no registry"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    tmp_path: Path, words: tuple[str, ...], given: bytes, why: str
) -> None:
    outcome = user(tmp_path / "registry", *words, given=given)
    assert outcome.status == 2
    assert why in three_parts(outcome)[1]
    assert not (tmp_path / "registry").exists()


def test_a_user_that_there_is_not_cannot_be_removed(tmp_path: Path) -> None:
    user(tmp_path, "add", "alice", "--pull", "*", "--password-stdin", given=b"secret")
    outcome = user(tmp_path, "remove", "bob")
    assert outcome.status == 2
    assert "none of that name" in three_parts(outcome)[1]


@pytest.mark.parametrize(("again", "status", "says"), [(b"secret\n", 0, b"added alice"), (b"other\n", 2, b"different")])
def test_a_terminal_is_asked_twice_and_shows_nothing(tmp_path: Path, again: bytes, status: int, says: bytes) -> None:
    import pty  # which Windows lacks

    words = ("registry", "user", "add", "alice", "--pull", "*", "--disk", str(tmp_path))
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "boxship", *words])
    shown = until(terminal, b"Password: ")
    os.write(terminal, b"secret\n")
    shown += until(terminal, b"Again: ")
    os.write(terminal, again)
    shown += until(terminal, says)
    until(terminal, b"")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status
    os.close(terminal)
    assert b"secret" not in shown


def until(terminal: int, end: bytes) -> bytes:
    """What is shown up to `end`, or to the end of it all."""
    shown = b""
    while not end or end not in shown:
        try:
            piece = os.read(terminal, 1024)
        except OSError:  # Linux's word for the end of a pseudo-terminal
            break
        if not piece:
            break
        shown += piece
    return shown
