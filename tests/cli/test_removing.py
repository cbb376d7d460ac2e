"""`delete` and `untag` as people run them, at the embedded registry and at others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import InvalidReference
from boxship.testing import Answer, Request, failure, put_image, registry
from tests.cli.front import front
from tests.cli.running import boxship, three_parts
from tests.cli.terminal import watch
from tests.peers.programs import docker_registry

EMBEDDED = "the embedded registry"


@pytest.fixture(params=[EMBEDDED, pytest.param("docker-registry", marks=pytest.mark.peer("docker-registry"))])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A registry with an image that has three names, and another."""
    with registry(allow_delete=True) if request.param == EMBEDDED else docker_registry(tmp_path) as running:
        address = getattr(running, "address", str(running))
        put_image(address, "app", "1", layers=[b"one"])
        put_image(address, "app", "other", layers=[b"two"])
        with Client() as client:
            client.tag(f"{address}/app:1", "2", "latest")
        yield address


def tags(at: str) -> list[str]:
    return sorted(boxship("ls", f"{at}/app").output.split())


def test_a_tag_is_taken_away_and_what_it_stood_for_stays(at: str) -> None:
    before = boxship("digest", f"{at}/app:1").output
    assert boxship("untag", f"{at}/app:1", f"{at}/app:latest").status == 0
    assert tags(at) == ["2", "other"]
    assert boxship("digest", f"{at}/app:2").output == before
    assert boxship("untag", f"{at}/app:1").status == 3
    with Client() as client, pytest.raises(InvalidReference):
        client.untag(f"{at}/app@{before.strip()}")


def test_an_image_is_deleted_with_all_its_names_which_are_said(at: str) -> None:
    digest = boxship("digest", f"{at}/app:1").output.strip()
    outcome = boxship("delete", f"{at}/app:1")
    assert (outcome.status, outcome.output) == (0, f"{at}/app@{digest}\n")
    assert outcome.errors == f"boxship: delete {at}/app:1, which is {digest}, and with it the tags 2, latest\n"
    assert tags(at) == ["other"]
    assert boxship("delete", f"{at}/app:1").status == 3


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1), ("", 1)])
def test_somebody_at_a_terminal_is_asked(answer: str, status: int) -> None:
    with registry(allow_delete=True) as running:
        put_image(running.address, "app", "1")
        watched = watch("delete", f"{running.address}/app:1", typed=f"{answer}\n")
        assert "? [y/N] " in watched.written
        assert watched.status == status
        assert boxship("digest", f"{running.address}/app:1").status == (3 if status == 0 else 0)


def test_who_is_sure_is_not_asked() -> None:
    with registry(allow_delete=True) as running:
        put_image(running.address, "app", "1")
        watched = watch("delete", "--yes", f"{running.address}/app:1")
        assert watched.status == 0
        assert "[y/N]" not in watched.written


def test_a_tag_that_cannot_be_taken_away_stands_for_what_it_did() -> None:
    with registry() as running:  # which deletes nothing
        digest = put_image(running.address, "app", "1")
        outcome = boxship("untag", f"{running.address}/app:1")
        assert outcome.status == 1
        assert three_parts(outcome)[2].startswith("this registry does not delete")
        assert boxship("digest", f"{running.address}/app:1").output == f"{digest}\n"


def test_other_names_that_are_not_listed_are_said_not_to_be_known() -> None:
    def own(request: Request) -> Answer | None:
        return failure(403, "DENIED", "no lists here") if "/tags/list" in request.path else None

    with registry(allow_delete=True) as running, front(running.address, own) as server:
        put_image(running.address, "app", "1")
        outcome = boxship("delete", f"{server.url}/app:1")
        assert (outcome.status, "its other tags are not known" in outcome.errors) == (0, True)
        assert boxship("digest", f"{running.address}/app:1").status == 3
