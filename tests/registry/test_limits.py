"""How often one may ask, as registries tell it."""

from __future__ import annotations

import pytest

from boxship import Client
from boxship.cli.main import main
from boxship.errors import RateLimited
from boxship.testing import Answer, Request, failure, serving
from tests.registry.mirrored import asked
from tests.transport.reaching import failing

HUB = {
    "RateLimit-Limit": "100;w=21600",
    "RateLimit-Remaining": "76;w=21600",
    "Docker-RateLimit-Source": "192.0.2.1",
    "Docker-Distribution-Api-Version": "registry/2.0",
}
WORDS = "76 of 100 are left of every 6 h, counted for 192.0.2.1"


def test_ping(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Answer(200, b"{}", headers=HUB)) as server:
        assert main(["ping", "--limits", server.url]) == 0
        assert capsys.readouterr().out == f"{server.url}: {WORDS}\n"


def test_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Answer(200, b"{}", headers={"Docker-Distribution-Api-Version": "registry/2.0"})) as server:
        assert main(["ping", "--limits", server.url]) == 0
    assert capsys.readouterr().out == f"{server.url}: it says nothing of limits\n"


def test_docker_hub_is_asked_for_what_counts_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A HEAD of its preview, under its own name."""
    with serving(Answer(200, b"", headers=HUB)) as server:
        resolve = {("registry-1.docker.io", 80): ("127.0.0.1", server.port)}
        with Client(resolve=resolve) as client:
            limits = client.limits("http://docker.io")
    assert str(limits) == WORDS
    assert asked(server) == ["HEAD /v2/ratelimitpreview/test/manifests/latest"]


def test_limited() -> None:
    """What is left and when it begins anew is in the error."""

    def answer(_: Request) -> Answer:
        return failure(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", headers={**HUB, **later})

    later = {"RateLimit-Remaining": "0;w=21600", "Retry-After": "300"}
    with serving(answer) as server, Client() as client:
        error = failing(lambda: client.document(f"{server.url}/app:v1"))
        limits = client.limits(server.url)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 300
    assert "0 of 100 are left of every 6 h, counted for 192.0.2.1" in error.why
    assert limits
    assert limits.left == 0
