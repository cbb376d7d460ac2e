"""The doctor with a pull secret: what the cluster would send, why that is nothing, and no word of the secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.testing import ScriptedRegistry, Server, basic, serving
from tests.auth.guarded import pair, write_config
from tests.cli.running import Outcome, boxship

TYPE = "kubernetes.io/dockerconfigjson"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ScriptedRegistry(access=basic("ana", "s3cr3t"))) as running:
        yield running


def secret(auths: object, kind: str = TYPE) -> str:
    content = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    metadata = {"name": "regcred", "namespace": "team"}
    return json.dumps({"kind": "Secret", "metadata": metadata, "type": kind, "data": {".dockerconfigjson": content}})


def ana(password: str = "s3cr3t") -> dict[str, str]:
    return {"auth": pair(f"ana:{password}")}


def examined(server: Server, text: str, tmp_path: Path) -> tuple[Outcome, dict[str, object]]:
    """The outcome, and the check of the secret in it; the secret is nowhere in it."""
    file = tmp_path / "pull-secret"
    file.write_text(text)
    outcome = boxship("doctor", "-o", "json", "--from-secret", str(file), f"{server.address}/app:v1")
    for shown in ("s3cr3t", pair("ana:s3cr3t")):
        assert shown not in outcome.output + outcome.errors
    return outcome, next(check for check in json.loads(outcome.output)["checks"] if check["id"] == "secret")


def test_what_the_cluster_would_send_is_sent(server: Server, tmp_path: Path) -> None:
    outcome, check = examined(server, secret({server.address: ana()}), tmp_path)
    assert (outcome.status, check["status"]) == (0, "ok")
    assert check["words"] == f"the entry '{server.address}' of team/regcred is for it"


def test_the_next_entry_is_tried_where_one_is_not_let_in(server: Server, tmp_path: Path) -> None:
    auths = {server.address: ana(), f"{server.address}/app": ana("wr0ng")}
    outcome, check = examined(server, secret(auths), tmp_path)
    assert (outcome.status, check["status"]) == (0, "ok")
    assert f"'{server.address}/app' of team/regcred was not let in" in str(check["evidence"])


def test_why_no_entry_is_for_the_image_is_said_first(server: Server, tmp_path: Path) -> None:
    outcome, check = examined(server, secret({"127.0.0.1:1": ana(), "reg.corp": ana()}), tmp_path)
    assert (outcome.status, check["status"]) == (8, "error")
    assert "it is for port 1" in str(check["evidence"])
    assert json.loads(outcome.output)["verdict"].startswith("With this secret, none of its entries is for 127.0.0.1:")
    assert all("authorization" not in request.headers for request in server.requests)


def test_this_machines_credentials_are_not_the_clusters(server: Server, tmp_path: Path, home: Path) -> None:
    write_config(home / ".docker", auths={server.address: ana()})
    assert examined(server, secret({"reg.corp": ana()}), tmp_path)[0].status == 8
    assert boxship("doctor", f"{server.address}/app:v1").status == 0


def test_who_needs_no_credential_is_warned_of_a_secret_for_others(tmp_path: Path) -> None:
    with serving(ScriptedRegistry()) as server:
        outcome, check = examined(server, secret({"reg.corp": ana()}), tmp_path)
    assert (outcome.status, check["status"]) == (0, "warning")


@pytest.mark.parametrize("text", ["", "s3cr3t", "a: [", "{", "kind: Pod", secret({}, "Opaque"), secret(["s3cr3t"])])
def test_a_secret_of_the_wrong_kind_is_a_finding(text: str, server: Server, tmp_path: Path) -> None:
    outcome, check = examined(server, text, tmp_path)
    assert (outcome.status, check["status"]) == (8, "error")
    assert str(check["words"]).startswith("it gives the kubelet nothing: ")
    report = json.loads(outcome.output)
    assert report["verdict"].startswith("The secret gives the kubelet nothing: ")
    assert any(check["id"] == "tcp" for check in report["checks"])


def test_it_is_read_from_standard_input_too(server: Server) -> None:
    text = secret({server.address: ana()}).encode()
    assert boxship("doctor", "--from-secret", "-", f"{server.address}/app:v1", given=text).status == 0


def test_the_trace_has_what_came_of_each_entry(server: Server, tmp_path: Path) -> None:
    auths, trace = {server.address: ana(), f"{server.address}/app": ana("wr0ng")}, tmp_path / "trace"
    text = secret(auths).encode()
    outcome = boxship("doctor", "--from-secret", "-", "--trace", str(trace), f"{server.address}/app:v1", given=text)
    assert outcome.status == 0
    manifests = [
        event["facts"]["status"]
        for event in map(json.loads, trace.read_text().splitlines())
        if event["name"] == "Request" and event["facts"]["url"].endswith("/manifests/v1")
    ]
    assert manifests[0] == 401
    assert manifests[-1] == 200
    assert manifests.count(401) >= 3  # anonymously for each of the two, and with the wrong one


def test_what_cannot_be_is_an_error_of_usage() -> None:
    both = boxship("doctor", "--from-secret", "-", "--username", "ana", "--password", "p", "reg.test/app")
    assert (both.status, "no others" in both.errors) == (2, True)


def test_no_reference_is_a_finding_with_a_secret_as_well() -> None:
    outcome = boxship("doctor", "--from-secret", "-", "A b", given=b"")
    assert (outcome.status, "no reference" in outcome.output) == (8, True)
