"""Docker Hub's own flow, exactly as it is, on loopback."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import CredentialFailed, RateLimited, Refused
from boxship.testing import Answer, Request, ScriptedRegistry, Server, TokenServer, failure, tls
from boxship.testing.access import wanted_scope
from tests.auth.guarded import pair, write_config
from tests.transport.reaching import Authority, failing

SERVICE = "registry.docker.io"
LIMIT = {
    "ratelimit-limit": "100;w=21600",
    "ratelimit-remaining": "0;w=21600",
    "docker-ratelimit-source": "198.51.100.7",
}
PRIVATE = "secret/"


@dataclass
class Hub:
    """The two hosts, what the token server knows, and whether the limit is reached."""

    tokens: TokenServer
    registry: Server
    auth: Server
    limited: bool = False

    def client(self, authority: Authority, **options: object) -> Client:
        places = {
            ("registry-1.docker.io", 443): (self.registry.host, self.registry.port),
            ("auth.docker.io", 443): (self.auth.host, self.auth.port),
        }
        return Client(resolve=places, ca_file=authority.file, **options)  # type: ignore[arg-type] # options of their kinds


@contextmanager
def docker_hub(authority: Authority) -> Iterator[Hub]:
    tokens = TokenServer("ana", "secret", anonymous=True, service=SERVICE, refresh_token="r3fresh")
    content = ScriptedRegistry()
    hubs: list[Hub] = []

    def registry(request: Request) -> Answer:
        scope = wanted_scope(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = dict(zip([*tokens._issued], tokens.issued, strict=True)).get(token)
        private = scope.startswith(f"repository:{PRIVATE}")
        if not tokens.accepts(token, scope) or (private and known and not known.user):
            error = ',error="insufficient_scope"' if known else ""
            wanted = f',scope="{scope}"' if scope else ""
            realm = f'Bearer realm="https://auth.docker.io/token",service="{SERVICE}"{wanted}{error}'
            return failure(401, "UNAUTHORIZED", "authentication required", headers={"WWW-Authenticate": realm})
        if hubs[0].limited:
            words = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
            return failure(429, "TOOMANYREQUESTS", words, headers=LIMIT)
        return content(request)

    ours, theirs = authority.server("registry-1.docker.io"), authority.server("auth.docker.io")
    with tls(registry, ours) as server, tls(tokens, theirs) as auth:
        hubs.append(Hub(tokens, server, auth))
        yield hubs[0]


@pytest.fixture
def hub(authority: Authority) -> Iterator[Hub]:
    with docker_hub(authority) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("busybox", "library/busybox"),
        ("docker.io/busybox", "library/busybox"),
        ("index.docker.io/library/busybox", "library/busybox"),
        ("registry-1.docker.io/grafana/grafana", "grafana/grafana"),
        ("grafana/grafana", "grafana/grafana"),
        ("https://docker.io/busybox", "library/busybox"),
    ],
)
def test_anybody_may_read(name: str, repository: str, hub: Hub, authority: Authority) -> None:
    with hub.client(authority) as client:
        assert list(client.tags(name)) == ["latest", "v1", "v2"]
        assert client.digest(f"{name}:v1").algorithm == "sha256"
    assert [(issued.user, issued.scopes) for issued in hub.tokens.issued] == [("", (f"repository:{repository}:pull",))]
    assert dict(hub.auth.requests[0].query)["service"] == SERVICE
    assert [request.headers["host"] for request in hub.registry.requests] == ["registry-1.docker.io"] * 3


def test_flags_for_other_registries_change_nothing(hub: Hub, authority: Authority) -> None:
    with hub.client(authority, insecure=True) as client:
        assert list(client.tags("busybox")) == ["latest", "v1", "v2"]
    assert all(request.secure for request in (*hub.registry.requests, *hub.auth.requests))


STORED = {
    "as docker login writes it": {"auths": {"https://index.docker.io/v1/": {"auth": pair("ana:secret")}}},
    "as podman login writes it": {"auths": {"docker.io": {"auth": pair("ana:secret")}}},
    "with an identity token": {"auths": {"https://index.docker.io/v1/": {"identitytoken": "r3fresh"}}},
}


@pytest.mark.parametrize("config", STORED.values(), ids=STORED.keys())
@pytest.mark.parametrize("name", ["busybox", "registry-1.docker.io/secret/app"])
def test_a_stored_credential_goes_to_the_token_server(
    name: str, config: dict[str, object], hub: Hub, authority: Authority, tmp_path: Path
) -> None:
    with hub.client(authority, config=write_config(tmp_path / "docker", **config)) as client:
        assert list(client.tags(name)) == ["latest", "v1", "v2"]
    assert [issued.user for issued in hub.tokens.issued] == ["ana"]
    sent = [request.headers.get("authorization", "") for request in hub.registry.requests]
    assert not any(base64.b64encode(b"ana:secret").decode() in value for value in sent)


def test_a_stored_credential_that_is_wrong_is_an_error(hub: Hub, authority: Authority, tmp_path: Path) -> None:
    stored = write_config(tmp_path / "docker", auths={"https://index.docker.io/v1/": {"auth": pair("ana:wr0ng")}})
    with hub.client(authority, config=stored) as client:
        error = failing(lambda: list(client.tags("busybox")))
    assert (type(error), error.exit_status) == (CredentialFailed, 4)
    assert (len(hub.registry.requests), len(hub.auth.requests)) == (1, 1)
    assert "wr0ng" not in f"{error} {error!r} {error.timeline}"


def test_a_private_repository_is_refused_without_a_credential(hub: Hub, authority: Authority) -> None:
    with hub.client(authority) as client:
        error = failing(lambda: list(client.tags("secret/app")))
    assert (type(error), error.exit_status) == (Refused, 4)
    assert (len(hub.registry.requests), len(hub.auth.requests)) == (2, 1)


def test_the_limit_is_said_and_ends_with_7(hub: Hub, authority: Authority) -> None:
    hub.limited = True
    with hub.client(authority) as client:
        began = time.monotonic()
        error = failing(lambda: client.document("busybox:v1"))
        assert time.monotonic() - began < 3
    assert isinstance(error, RateLimited)
    assert (error.exit_status, error.status) == (7, 429)
    assert "TOOMANYREQUESTS: You have reached your unauthenticated pull rate limit" in error.why
