"""Tags are given at once where the registry knows how, and one by one elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship import Client
from boxship.testing import Answer, Request, failure, put_image, registry
from tests.cli.front import front
from tests.peers.programs import docker_registry

TAGS = tuple(f"t{number}" for number in range(13))


def test_many_tags_are_given_in_few_requests() -> None:
    with registry() as running, front(running.address, lambda _: None) as server, Client() as client:
        digest = put_image(running.address, "app", "1")
        assert client.tag(f"{server.url}/app:1", *TAGS) == digest
        puts = [request.target for request in server.requests if request.method == "PUT"]
        assert len(puts) == 1 + len(TAGS) - 10
        assert set(client.digests(f"{running.address}/app:{tag}" for tag in TAGS)) == {digest}


@pytest.mark.parametrize("status", [400, 405, 414, 500])
def test_a_registry_that_knows_no_such_thing_is_asked_for_one_at_a_time(status: int) -> None:
    def own(request: Request) -> Answer | None:
        return failure(status, "UNSUPPORTED", "no") if request.query and request.method == "PUT" else None

    with registry() as running, front(running.address, own) as server, Client() as client:
        digest = put_image(running.address, "app", "1")
        client.tag(f"{server.url}/app:1", "a", "b")
        assert set(client.digests([f"{running.address}/app:a", f"{running.address}/app:b"])) == {digest}


@pytest.mark.peer("docker-registry")
def test_docker_registry_gets_all_of_them(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as address, Client() as client:
        digest = put_image(str(address), "app", "1")
        client.tag(f"{address}/app:1", *TAGS)
        assert set(client.digests(f"{address}/app:{tag}" for tag in TAGS)) == {digest}


@pytest.mark.parametrize("wrong", ["", "a b", "x:y", "a@sha256:0", "-a", "a" * 129, "a&tag=b"])
def test_nothing_is_asked_for_where_one_is_no_tag(wrong: str) -> None:
    with registry() as running, front(running.address, lambda _: None) as server, Client() as client:
        put_image(running.address, "app", "1")
        with pytest.raises(ValueError, match="invalid reference"):
            client.tag(f"{server.url}/app:1", "good", wrong)
        assert server.requests == ()
