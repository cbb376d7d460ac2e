"""Pages in browsers that reach loopback, by a name of theirs or with a foreign origin, get nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.server.access.origin import host_of
from tests.server.driver import Driver

OURS = [
    "localhost",
    "localhost:5000",
    "LOCALHOST",
    "localhost.",
    "reg.localhost:1",
    "127.0.0.1:5000",
    "127.9.9.9",
    "[::1]:5000",
]
FOREIGN = [
    "evil.test",
    "evil.test:5000",
    "localhost.evil.test",
    "127.0.0.1.evil.test",
    "evil.test:127",
    "[",
    "",
    "x@localhost",
]


@pytest.mark.parametrize("host", OURS)
def test_loopback_is_served_by_its_names_and_addresses(registry: Driver, host: str) -> None:
    assert registry("GET", "/v2/", headers={"host": host}).status == 200


@pytest.mark.parametrize("host", ["10.1.2.3:5000", "[fd00::1]:5000"])
def test_an_address_is_no_name_that_could_be_rebound(registry: Driver, host: str) -> None:
    assert registry("GET", "/v2/", headers={"host": host}).status == 200


@pytest.mark.parametrize("host", [host for host in FOREIGN if host])
def test_another_name_is_refused(registry: Driver, host: str) -> None:
    for _ in range(2):
        reply = registry("GET", "/v2/", headers={"host": host})
        assert reply.refusal == (403, "DENIED")
        assert "--host-name" in reply.json()["errors"][0]["message"]


def test_a_name_that_was_given_is_served(tmp_path: Path) -> None:
    with Driver(tmp_path, host_names=["reg.test", "Other.Test."]) as registry:
        for host in ("reg.test", "reg.test:5000", "REG.TEST.", "other.test"):
            assert registry("GET", "/v2/", headers={"host": host}).status == 200
        assert registry("GET", "/v2/", headers={"host": "x.reg.test"}).status == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://localhost:8080", "http://localhost", "localhost:5000", "x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_pages_of_other_sites_are_refused(registry: Driver, origin: str, method: str) -> None:
    headers = {"host": "localhost:5000", "origin": origin}
    assert registry(method, "/v2/app/blobs/uploads/", headers=headers).refusal == (403, "DENIED")


@pytest.mark.parametrize("origin", ["http://localhost:5000", "https://localhost:5000"])
def test_pages_of_its_own_are_served(registry: Driver, origin: str) -> None:
    assert registry("GET", "/v2/", headers={"host": "localhost:5000", "origin": origin}).status == 200


def test_many_foreign_hosts_are_not_remembered(registry: Driver) -> None:
    for number in range(200):
        assert registry("GET", "/v2/", headers={"host": f"127.0.0.1:{number}"}).status == 200


@pytest.mark.parametrize(
    ("authority", "host"),
    [("a:1", "a"), ("A.", "a"), ("[::1]:5", "::1"), ("[::1]", "::1"), ("", "")],
)
def test_the_host_is_told_from_the_port(authority: str, host: str) -> None:
    assert host_of(authority) == host
