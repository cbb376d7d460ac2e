"""`boxship ui` asks any registry with the settings and credentials of whoever started it, and says what is wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import cast

import pytest

from boxship.testing import NEVER, Answer, Request, ScriptedRegistry, html, put_image, registry, serving
from tests.auth.guarded import pair
from tests.cli.running import boxship
from tests.server.people import add
from tests.ui.serving import Json, any_page

SECRET = "m4rked-s3cret"


def test_the_machines_credentials_are_sent_and_told_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".docker").mkdir(parents=True)
    with registry(tmp_path / "disk", allow_delete=True) as running:
        put_image(running.address, "team/app", "1")
        add(tmp_path / "disk", "alice", push="*", delete="*", password=SECRET)
        auths = {running.address: {"auth": pair(f"alice:{SECRET}")}}
        (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))
        words = ("-vv", "--trace", str(tmp_path / "trace.har"))
        with any_page(running.address, tmp_path, *words, env={"HOME": str(home)}) as page:
            told = [page.ask("repositories"), page.ask("tags", repository="team/app"), page.ask("session")]
            told += [page.ask("doctor", repository="team/app", reference="1"), page.ask("may", repository="team/app")]
            assert {reply.status for reply in told} == {200}
            assert told[0].json["repositories"] == ["team/app"]
            assert told[-1].json == {"pull": None, "push": None, "delete": None}
            # Whoever asks with a credential of their own is not somebody else here.
            assert page.as_({"authorization": "Basic eDp5"}).ask("tags", repository="team/app").status == 200
            plan = page.ask("plan", repository="team/app", reference="1").json
            assert plan["may"] is None
            assert page.apply(plan["plan"]).lines[-1] == {"done": True}
        said = page.log.read_text() + (tmp_path / "trace.har").read_text()
        said += "".join(reply.body.decode() for reply in told)
        assert [secret for secret in (SECRET, pair(f"alice:{SECRET}")) if secret in said] == []
        assert "Authorization: (removed)" in said


def test_for_looking_only_nothing_is_changed(tmp_path: Path) -> None:
    with registry(allow_delete=True) as running:
        put_image(running.address, "app", "1")
        with any_page(running.address, tmp_path, "--read-only") as page:
            plan = page.ask("plan", repository="app", reference="1").json
            assert page.ask("session").json["changes"] is False
            assert page.ask("may", repository="app").json["delete"] is False
            assert page.apply(plan["plan"]).status == 403
            assert page.ask("tags", repository="app").json["tags"] == ["1"]


def test_a_registry_that_lists_no_repositories_says_so_and_has_its_tags(tmp_path: Path) -> None:
    scripted = ScriptedRegistry()

    def answer(request: Request) -> Answer:
        return Answer(404, b"{}") if "_catalog" in request.target else scripted(request)

    with serving(answer) as server, any_page(f"http://{server.address}", tmp_path) as page:
        reply = page.ask("repositories")
        said = boxship("catalog", f"http://{server.address}").errors
        assert reply.status == 404
        assert cast("list[str]", reply.error["lines"])[0] == said.splitlines()[0]
        assert page.ask("session").status == 200


def test_a_registry_that_never_answers_is_an_error_with_its_timeline(tmp_path: Path) -> None:
    with (
        serving(NEVER) as server,
        any_page(f"http://{server.address}", tmp_path, "--first-byte-timeout", "0.5") as page,
    ):
        reply = page.ask("tags", repository="app")
        said = boxship("ls", "--first-byte-timeout", "0.5", f"http://{server.address}/app").errors
        assert reply.status == 504
        assert [line for line in cast("list[str]", reply.error["lines"]) if "took:" not in line] == [
            line for line in said.splitlines() if "took:" not in line and "more:" not in line
        ]
        assert cast("str", reply.error["took"])
        phases = [
            phase for hop in cast("list[Json]", reply.error["timeline"]) for phase in cast("list[Json]", hop["phases"])
        ]
        assert {phase["layer"] for phase in phases} >= {"TCP", "first byte"}
        assert reply.error["doctor"] == {"repository": "app"}


def test_nothing_listens_and_the_page_says_so(tmp_path: Path) -> None:
    with serving(NEVER) as gone:
        address = gone.address
    with any_page(f"http://{address}", tmp_path) as page:
        reply = page.ask("tags", repository="app")
        assert (reply.status, reply.error["exit_status"]) == (502, 5)
        report = cast("Json", page.ask("doctor", repository="app").lines[-1]["report"])
        assert report["healthy"] is False


def test_a_page_for_people_instead_of_a_registry_is_an_error(tmp_path: Path) -> None:
    with serving(html()) as server, any_page(f"http://{server.address}", tmp_path) as page:
        for question in ("repositories", "tags", "image"):
            assert page.ask(question, repository="app", reference="1").status in (502, 404)


def test_who_goes_away_ends_what_is_done_for_them(tmp_path: Path) -> None:
    with serving(NEVER) as server, any_page(f"http://{server.address}", tmp_path) as page:
        connections = [page.connect() for _ in range(60)]  # more than are answered at a time
        for connection in connections:
            connection.request("GET", f"{page.base}/api/tags?repository=app")
        until = time.monotonic() + 60
        while not server.requests:
            assert time.monotonic() < until
            time.sleep(0.01)
        for connection in connections:
            connection.close()
        # A turn is to be had again, long before any of these would have timed out.
        assert page.ask("commands", repository="app", reference="1").status == 200


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", ":0"])
def test_others_cannot_reach_it(address: str) -> None:
    outcome = boxship("ui", "--registry", "reg.test", "--address", address)
    assert outcome.status == 2
    assert "loopback" in outcome.errors


def test_a_registry_is_named() -> None:
    outcome = boxship("ui", "--registry", "reg.test/app")
    assert outcome.status == 2
