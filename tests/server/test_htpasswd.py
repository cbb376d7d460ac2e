"""htpasswd files: bcrypt and nothing else, told by line, and read again when they change."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.access.htpasswd import parse_htpasswd
from boxship.server.watched import Watched

HASH = "$2y$05$" + "a" * 53
OTHER = "$2b$12$" + "b" * 53


def test_names_and_hashes_are_read_and_comments_are_not() -> None:
    text = f"# who\n\nalice:{HASH}\r\n  bob:{OTHER}\n"
    assert parse_htpasswd(text, "users") == {"alice": HASH, "bob": OTHER}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("bob:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "bcrypt"),
        ("bob:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=", "bcrypt"),
        ("bob:rqXexS6ZhobKA", "bcrypt"),
        ("bob:Sesame", "bcrypt"),
        ("bob:", "bcrypt"),
        (f"bob:$2y$31${'a' * 53}", "bcrypt"),
        (f":{HASH}", "NAME:HASH"),
        ("Sesame", "NAME:HASH"),
        (f"alice:{HASH}", "twice"),
    ],
)
def test_anything_else_is_refused_with_its_line_and_without_what_it_says(line: str, why: str) -> None:
    with pytest.raises(InvalidSettings, match=why) as caught:
        parse_htpasswd(f"alice:{HASH}\n\n{line}\n", "/etc/users")
    assert str(caught.value).startswith("/etc/users:3: ")
    assert "Sesame" not in str(caught.value)
    assert HASH not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="no such file"):
        Watched(tmp_path / "users", parse_htpasswd)
    (tmp_path / "users").write_bytes(b"\xff")
    with pytest.raises(InvalidSettings, match="UTF-8"):
        Watched(tmp_path / "users", parse_htpasswd)


def test_a_file_that_changes_is_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "users"
    path.write_text(f"alice:{HASH}\n")
    now = 0.0
    known = Watched(path, parse_htpasswd, clock=lambda: now)

    def names(later: float) -> set[str]:
        nonlocal now
        now += later
        return set(asyncio.run(known.value()))

    assert names(2) == {"alice"}
    path.write_text(f"bob:{HASH}\n# and nobody else\n")
    assert names(0.5) == {"alice"}
    assert names(1) == {"bob"}
    # As editors and Kubernetes do it.
    (tmp_path / "new").write_text(f"carol:{HASH}\n")
    (tmp_path / "new").replace(path)
    assert names(1) == {"carol"}
    with caplog.at_level(logging.ERROR):
        path.write_text("carol:plain\n")
        assert names(1) == {"carol"}
        path.unlink()
        assert names(1) == {"carol"}
    assert [f"{path}:1" in caplog.text, "no such file" in caplog.text.lower()] == [True, True]
    path.write_text("")
    assert names(1) == set()
