"""Who reads a registry's page may do there what they may do at `/v2/`, as themselves, and nothing as anybody else."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.testing import put_image
from tests.auth.guarded import pair
from tests.peers.certificates import issue
from tests.server.people import add, basic
from tests.server.test_tokens import key_file
from tests.ui.serving import Served, own_page

PASSWORD = "m4rked-s3cret"
ALICE, BOB, ADMIN = basic("alice", PASSWORD), basic("bob", PASSWORD), basic("admin", PASSWORD)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A registry with users; its operator is logged in to it on this machine, as the one who may do everything."""
    folder = tmp_path_factory.mktemp("guarded")
    home = folder / "home"
    (home / ".docker").mkdir(parents=True)
    with own_page(folder, "--allow-delete") as open_to_all:
        put_image(open_to_all.address, "team/app", "1")
        put_image(open_to_all.address, "secret/app", "1")
    add(folder / "disk", "alice", push="team/**", password=PASSWORD)
    add(folder / "disk", "bob", pull="team/**", password=PASSWORD)
    add(folder / "disk", "admin", push="*", delete="*", password=PASSWORD)
    words = ("--allow-delete", "--access-log", "text", "--audit-log", str(folder / "audit.log"))
    with own_page(folder, *words, env={"HOME": str(home)}) as page:
        auths = {page.address: {"auth": pair(f"admin:{PASSWORD}")}}
        (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))
        yield page


def test_nobody_gets_nothing_and_is_not_asked_by_the_browser(guarded: Served) -> None:
    for question in ("repositories", "tags", "image", "files", "plan", "doctor"):
        reply = guarded.ask(question, repository="team/app", reference="1")
        assert reply.status == 401, question
        # A browser would ask for a password by itself, and keep it, for a scheme that it knows.
        assert reply.headers["www-authenticate"].partition(" ")[0] not in ("Basic", "Bearer", "Digest")
        assert reply.error["kind"] == "Refused"


def test_a_session_and_commands_ask_nobody(guarded: Served) -> None:
    assert guarded.ask("session").json["login"] is True
    assert guarded.as_(ALICE).ask("session").json["user"] == "alice"
    assert guarded.ask("commands", repository="team/app", reference="1").status == 200


def test_each_sees_what_is_theirs(guarded: Served) -> None:
    assert guarded.as_(ALICE).ask("repositories").json["repositories"] == ["team/app"]
    assert guarded.as_(ADMIN).ask("repositories").json["repositories"] == ["secret/app", "team/app"]
    assert guarded.as_(BOB).ask("repositories").json["repositories"] == ["team/app"]
    assert guarded.as_(BOB).ask("tags", repository="secret/app").status in (403, 404)
    assert guarded.as_(BOB).ask("image", repository="secret/app", reference="1").status in (403, 404)


def test_layers_that_somebody_else_has_read_are_not_shown_to_who_may_not(guarded: Served) -> None:
    image = {"repository": "secret/app", "reference": "1"}
    assert guarded.as_(ADMIN).ask("files", **image).status == 200
    assert guarded.as_(ADMIN).ask("details", repository="secret/app", tag="1").status == 200
    assert guarded.as_(BOB).ask("files", **image).status in (403, 404)
    (line,) = guarded.as_(BOB).ask("details", repository="secret/app", tag="1").lines
    assert "error" in line


def test_what_may_be_done_is_what_the_registry_lets_be_done(guarded: Served) -> None:
    def may(who: dict[str, str], repository: str) -> object:
        return guarded.as_(who).ask("may", repository=repository).json

    assert may(ALICE, "team/app") == {"pull": True, "push": True, "delete": False}
    assert may(BOB, "team/app") == {"pull": True, "push": False, "delete": False}
    assert may(ADMIN, "secret/app") == {"pull": True, "push": True, "delete": True}
    assert may(BOB, "secret/app") == {"pull": False, "push": False, "delete": False}


def test_what_nobody_may_do_is_nobodys(tmp_path: Path) -> None:
    with own_page(tmp_path, "--allow-delete", "--read-only") as page:
        assert page.ask("may", repository="app").json == {"pull": True, "push": False, "delete": False}
        assert page.ask("session").json["changes"] is False
        assert page.apply({}).status == 403


def test_tokens_that_a_registry_gives_are_asked_for_with_the_log_in(tmp_path: Path) -> None:
    key = key_file(tmp_path)
    add(tmp_path / "disk", "alice", push="team/**", password=PASSWORD)
    with own_page(tmp_path, "--token-key", key) as page:
        assert page.ask("tags", repository="team/app").status == 401
        assert page.as_(basic("alice", "wrong")).ask("tags", repository="team/app").status == 401
        assert page.as_(ALICE).ask("repositories").json["repositories"] == []
        assert page.as_(ALICE).ask("tags", repository="team/app").status == 404
        assert page.as_(ALICE).ask("tags", repository="secret/app").status in (401, 403)


def test_who_may_not_delete_does_not(guarded: Served) -> None:
    shown = guarded.as_(ALICE).ask("plan", repository="team/app", reference="1").json
    assert shown["may"] is False
    reply = guarded.as_(ALICE).apply(shown["plan"])
    assert reply.status == 403 or "error" in reply.lines[-1]
    assert guarded.as_(ALICE).ask("tags", repository="team/app").json["tags"] == ["1"]


def test_a_wrong_password_is_a_refusal(guarded: Served) -> None:
    wrong = guarded.as_(basic("alice", "wrong"))
    assert wrong.ask("repositories").status == 401
    assert wrong.ask("may").status == 401
    for shown in ("Basic", "Basic %%%", "Basic " + "A" * 5000, "Bearer x", "Digest x", "Basic /w=="):
        assert guarded.as_({"authorization": shown}).ask("repositories").status == 401


def test_no_password_is_in_a_log_or_an_answer(guarded: Served) -> None:
    asked = [
        guarded.as_(ALICE).ask(name, repository="team/app", reference="none") for name in ("image", "doctor", "may")
    ]
    asked.append(guarded.as_(ALICE).ask("image", repository="secret/app", reference="1"))
    said = guarded.log.read_text() + (guarded.log.parent / "audit.log").read_text()
    said += "".join(reply.body.decode() for reply in asked)
    assert "/api/image" in said
    assert [secret for secret in (PASSWORD, pair(f"alice:{PASSWORD}")) if secret in said] == []


def test_a_registry_with_tls_and_workers_has_its_page(tmp_path: Path) -> None:
    certificate = issue(tmp_path, "reg.test")
    files = ("--tls-cert", str(certificate.chain), "--tls-key", str(certificate.key))
    add(tmp_path / "disk", "alice", push="*", password=PASSWORD)
    context = ssl.create_default_context(cafile=str(certificate.root))
    context.check_hostname = False
    with own_page(tmp_path, *files, "--workers", "2", context=context) as page:
        tokens = {str(page.ask("session").json["token"]) for _ in range(20)}
        assert len(tokens) == 1
        for _ in range(10):  # whichever of them answers, and whichever it asks
            assert page.as_(ALICE).ask("repositories").json["repositories"] == []
            assert page.ask("repositories").status == 401
