"""A registry without a repository: all is looked at that needs none, and what to paste has real words."""

from __future__ import annotations

import shlex

import pytest

from boxship import Client
from boxship.doctor import Report, Status, examine
from boxship.errors import InvalidReference
from boxship.explain.place import written
from boxship.reference import DOCKER_HUB, Reference, Registry
from boxship.testing import ScriptedRegistry, basic, black_hole, captive_portal, registry, serving

IMAGES = (
    "busybox",
    "redis:7",
    "node:18",
    "postgres:443alpine",
    "day:20260131",
    "alpine:3.20",
    "reg.corp/app",
    "localhost/app",
    "reg.corp:5000/app:1",
)
HOSTS = (
    "reg.corp",
    "reg.corp:5000",
    "localhost",
    "localhost:5000",
    "reg:5000",
    "reg:443",
    "reg:80",
    "127.0.0.1:5000",
    "[::1]:5000",
    "http://reg",
    "https://reg/",
)


@pytest.mark.parametrize("text", IMAGES)
def test_what_has_a_repository_is_an_image(text: str) -> None:
    assert written(text) == Reference.parse(text)


@pytest.mark.parametrize("text", HOSTS)
def test_what_is_a_host_alone_is_a_registry(text: str) -> None:
    assert written(text) == Registry.parse(text)


@pytest.mark.parametrize("text", ["", "App", "http://", "reg..corp", "[::1", "reg.corp/App"])
def test_what_is_neither_is_a_finding(text: str) -> None:
    with pytest.raises(InvalidReference):
        written(text)
    assert [check.status for check in examine(text).checks] == [Status.ERROR]


def test_docker_hub_is_asked_where_its_api_is() -> None:
    assert written(DOCKER_HUB) == Registry(DOCKER_HUB)


def statuses(report: Report) -> dict[str, Status]:
    return {check.id: check.status for check in report.checks}


def test_a_registry_that_is_well_has_no_error() -> None:
    with registry() as running:
        report = examine(running.address)
    assert report.healthy
    assert report.verdict == f"All is well: {running.address} answers, and can be asked, from here."
    assert report.endpoints == (running.address,)
    found = statuses(report)
    assert (found["auth.challenge"], found["content.manifest"], found["content.blob"]) == (
        Status.OK,
        Status.SKIPPED,
        Status.SKIPPED,
    )


def test_who_one_is_to_it_is_asked() -> None:
    with serving(ScriptedRegistry(access=basic("ana", "pw"))) as server:
        report = examine(server.address)
    assert not report.healthy
    assert statuses(report)["auth.login"] is Status.ERROR
    assert "does not let you in" in report.verdict
    # As a shell takes it, also where a sentence begins with it.
    assert f" boxship login {server.address}, or" in report.verdict


def test_whoever_answers_in_its_place_is_found() -> None:
    with serving(captive_portal()) as server:
        report = examine(f"http://{server.address}")
    assert statuses(report)["http"] is Status.ERROR
    assert "not as a registry" in report.verdict


def test_what_is_to_be_pasted_names_no_repository() -> None:
    with serving(ScriptedRegistry()) as server, black_hole() as hole:
        port = int(server.address.rpartition(":")[2])
        places = {("reg.test", 443): (hole.host, hole.port), ("reg.test", 80): ("127.0.0.1", port)}
        with Client(resolve=places, memory=None) as client:
            report = examine("reg.test", client)
    texts = {remedy.program: remedy.text for remedy in report.remedies}
    assert shlex.split(texts["boxship"]) == ["boxship", "catalog", "http://reg.test"]
    assert shlex.split(texts["crane"]) == ["crane", "catalog", "--insecure", "reg.test"]
    (where,) = [remedy.where for remedy in report.remedies if remedy.program == "containerd"]
    assert where.startswith("/etc/containerd/certs.d/reg.test/hosts.toml")
    assert 'config_path = "/etc/containerd/certs.d"' in where
