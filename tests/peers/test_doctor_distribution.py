"""The doctor at CNCF distribution behind a token server: signed tokens, whose claims say what they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship import Client
from boxship.doctor import Report, Status, examine
from boxship.testing import TokenServer, serving
from tests.doctor.looking import check, red
from tests.peers.certificates import issue
from tests.peers.image import push_image
from tests.peers.programs import Address, docker_registry
from tests.peers.signed_tokens import TokenAuth, signing

pytestmark = [pytest.mark.peer("docker-registry"), pytest.mark.peer("skopeo")]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry's folder with an image in it."""
    folder = tmp_path_factory.mktemp("distribution") / "registry"
    with docker_registry(folder) as address:
        push_image(address, "team/app", ["v1"])
    return folder


@contextmanager
def guarded(content: Path, folder: Path, *, grants: bool = True) -> Iterator[Address]:
    """The same content behind tokens for ana, who has the password `hunter2`."""
    certificate = issue(folder, "tokens.test")
    tokens = signing(TokenServer("ana", "hunter2", anonymous=not grants), certificate, grants=grants)
    with serving(tokens) as server, docker_registry(content, auth=TokenAuth(server.url, certificate.root)) as address:
        yield address


def examined(address: Address, **options: str) -> Report:
    with Client(**options) as client:  # type: ignore[arg-type] # options of their kinds
        return examine(f"{address}/team/app:v1", client)


def test_what_a_signed_token_grants_is_read_from_it(content: Path, tmp_path: Path) -> None:
    with guarded(content, tmp_path) as address:
        report = examined(address, username="ana", password="hunter2")
    assert report.healthy, report.checks
    assert check(report, "auth.token").words == "granted: repository:team/app:pull"
    assert "'ana'" in check(report, "auth.login").words
    assert check(report, "content.config").status is check(report, "content.blob").status is Status.OK
    assert "v1" in check(report, "content.tags").words
    assert "hunter2" not in json.dumps(report.document())


def test_a_wrong_password_is_the_token_servers_to_refuse(content: Path, tmp_path: Path) -> None:
    with guarded(content, tmp_path) as address:
        report = examined(address, username="ana", password="wrong")
    assert red(report) == {"auth.token"}
    assert "user name and password" in report.verdict


def test_a_signed_token_for_nothing_is_why_the_registry_refuses(content: Path, tmp_path: Path) -> None:
    with guarded(content, tmp_path, grants=False) as address:
        report = examined(address)
    assert red(report) == {"auth.token", "auth.login"}
    assert check(report, "auth.token").words == "repository:team/app:pull was asked for; granted is nothing"
