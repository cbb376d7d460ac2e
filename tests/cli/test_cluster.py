"""`--from-service-account`: the pull secrets of a pod, from a stand-in of the Kubernetes API."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship.cli.main import main
from boxship.cluster import pull_secrets
from boxship.errors import CredentialFailed, InvalidSettings, UnexpectedAnswer
from boxship.testing import Answer, Request, ScriptedRegistry, Server, basic, json_answer, tls
from tests.auth.guarded import TAGS, pair
from tests.cli.running import boxship
from tests.transport.conftest import authority
from tests.transport.reaching import Authority

__all__ = ["authority"]

SECRET_KIND = "kubernetes.io/dockerconfigjson"


def token(subject: str = "system:serviceaccount:team:builder") -> str:
    """A token as the cluster signs one for a pod."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps({'sub': subject}).encode()).decode().rstrip('=')}.c2ln"


def account(*secrets: str) -> dict[str, object]:
    return {"kind": "ServiceAccount", "imagePullSecrets": [{"name": name} for name in secrets]}


def secret(name: str, key: str, user: str, *, kind: str = SECRET_KIND) -> dict[str, object]:
    """A Secret as the API gives it."""
    auths = {key: {"auth": pair(user)}}
    document = {"auths": auths} if kind == SECRET_KIND else auths
    field = ".dockerconfigjson" if kind == SECRET_KIND else ".dockercfg"
    data = {field: base64.b64encode(json.dumps(document).encode()).decode()}
    return {"kind": "Secret", "metadata": {"name": name, "namespace": "team"}, "type": kind, "data": data}


class API:
    """Objects by their path; who has no token of the pod's is refused, and what is `forbidden` stays so."""

    def __init__(self, **objects: Mapping[str, object]) -> None:
        self.objects = {path.replace("__", "/"): found for path, found in objects.items()}
        self.forbidden: set[str] = set()

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {token()}":
            return json_answer({"kind": "Status", "message": "Unauthorized"}, status=401)
        name = request.path.removeprefix("/api/v1/namespaces/team/")
        if name in self.forbidden:
            return json_answer({"kind": "Status", "message": f"{name} is forbidden"}, status=403)
        found = self.objects.get(name)
        return json_answer(found) if found else json_answer({"kind": "Status", "message": "not found"}, status=404)


@contextmanager
def pod(
    api: Callable[[Request], Answer], home: Path, authority: Authority, patch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """What a cluster puts into a pod of `team`'s."""
    folder = home / "var/run/secrets/kubernetes.io/serviceaccount"
    folder.mkdir(parents=True)
    (folder / "token").write_text(f"{token()}\n")
    (folder / "namespace").write_text("team")
    (folder / "ca.crt").write_bytes(authority.file.read_bytes())
    with tls(api, authority.server("127.0.0.1")) as server:
        patch.setenv("KUBERNETES_SERVICE_HOST", server.host)
        patch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        yield server


def test_the_pods_own_secrets_are_tried_for_an_image(
    home: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(ScriptedRegistry(access=basic("ana", "secret"))) as registry:
        api = API(
            serviceaccounts__builder=account("first", "gone", "old"),
            secrets__first=secret("first", f"{registry.address}/app", "ana:wr0ng"),
            secrets__old=secret("old", registry.address, "ana:secret", kind="kubernetes.io/dockercfg"),
        )
        with pod(api, home, authority, monkeypatch) as server:
            secrets = pull_secrets()
            assert (secrets.names, secrets.passed_over) == (("team/first", "team/old"), ("team/gone is not there",))
            assert [request.path.rpartition("/")[2] for request in server.requests] == [
                "builder",
                "first",
                "gone",
                "old",
            ]
            # In this process: the pod's folder is not at the root of this machine.
            assert main(["ls", "--from-service-account", f"{registry.address}/app"]) == 0
        assert [request.headers.get("authorization", "") for request in registry.requests][-2:] == [
            f"Basic {pair('ana:wr0ng')}",
            f"Basic {pair('ana:secret')}",
        ]
    printed = capsys.readouterr()
    assert printed.out.split() == TAGS
    assert "team/gone is not there, and is passed over" in printed.err


def test_another_account_is_asked_for_by_its_name(
    home: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = API(serviceaccounts__other=account("one"), secrets__one=secret("one", "reg.corp", "ana:secret"))
    with pod(api, home, authority, monkeypatch):
        assert pull_secrets("team/other").names == pull_secrets("other").names == ("team/one",)
        with pytest.raises(InvalidSettings, match="team/nobody"):
            pull_secrets("nobody")


def test_what_the_pod_may_not_see_is_said_with_the_right_that_it_needs(
    home: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = API(serviceaccounts__builder=account("one"), secrets__one=secret("one", "reg.corp", "ana:secret"))
    api.forbidden.add("secrets/one")
    with pod(api, home, authority, monkeypatch), pytest.raises(CredentialFailed) as caught:
        pull_secrets()
    assert "403: secrets/one is forbidden" in caught.value.why
    assert "--verb=get --resource=serviceaccounts,secrets" in caught.value.remedy


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"imagePullSecrets": 7}', b"\xff"])
def test_what_is_no_answer_of_kubernetes_is_said(
    body: bytes, home: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pod(lambda _: Answer(200, body), home, authority, monkeypatch), pytest.raises(UnexpectedAnswer):
        pull_secrets()


def test_outside_a_cluster_it_is_said_what_is_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    outcome = boxship("ls", "--from-service-account", "reg.corp/app")
    assert outcome.status == 2
    assert "serviceaccount/token" in outcome.errors


def test_two_sources_of_secrets_are_one_too_many(home: Path) -> None:
    outcome = boxship("ls", "--from-service-account", "--from-secret", "x.yaml", "reg.corp/app")
    assert (outcome.status, "one of them says what is sent" in outcome.errors) == (2, True)
