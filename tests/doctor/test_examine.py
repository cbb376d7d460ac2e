"""A host that is well has no error, bad input is a finding, and a report is the same as text, as JSON and as values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.cli.main import main
from boxship.doctor import Report, Status, examine
from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.platform import Platform
from boxship.testing import (
    Answering,
    RunningRegistry,
    captive_portal,
    html,
    put_image,
    put_manifest,
    random_image,
    registry,
    serving,
)
from tests.doctor.looking import WHOLE


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as running:
        yield running


def statuses(report: Report, name: str) -> list[Status]:
    return [check.status for check in report.checks if check.id == name]


def test_a_host_that_is_well_has_no_error(running: RunningRegistry) -> None:
    put_image(running.address, "team/app", "v1")
    report = examine(f"{running.address}/team/app:v1")
    assert report.healthy
    assert report.verdict == f"All is well: {running.address}/team/app:v1 can be pulled from here."
    assert statuses(report, "content.manifest") == statuses(report, "content.blob") == [Status.OK]
    assert report.endpoints == (running.address,)
    assert not report.remedies


def test_what_is_not_there_is_told_apart_from_the_network(running: RunningRegistry) -> None:
    put_image(running.address, "team/app", "v1")
    report = examine(f"{running.address}/team/app:absent")
    assert not report.healthy
    assert "lets you in; what is asked for is not there" in report.verdict
    assert statuses(report, "content.manifest") == [Status.ERROR]
    assert statuses(report, "tcp") == [Status.OK]


@pytest.mark.parametrize(("architecture", "status"), [("", Status.OK), ("s390x-of-nobody", Status.WARNING)])
def test_an_index_without_this_machine_is_a_warning(
    running: RunningRegistry, architecture: str, status: Status
) -> None:
    image, here = random_image(), Platform.here()
    put_image(running.address, "many", "one", image)
    described = {
        "mediaType": OCI_MANIFEST,
        "digest": str(image.digest),
        "size": len(image.manifest),
        "platform": {"os": here.os, "architecture": architecture or here.architecture},
    }
    document = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [described]}).encode()
    put_manifest(running.address, "many", "all", document, media_type=OCI_INDEX)
    report = examine(f"{running.address}/many:all")
    assert report.healthy
    assert statuses(report, "content.platform") == [status]


@pytest.mark.parametrize(
    "reference", ["", "A b", "reg.corp/UPPER", "reg.corp/app@sha256:1", "/app", "user@reg.corp/app"]
)
def test_no_reference_is_a_finding(reference: str) -> None:
    report = examine(reference)
    assert statuses(report, "reference") == [Status.ERROR]
    assert "no reference" in report.verdict


def test_wrong_settings_are_a_finding(home: Path) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text("{")
    report = examine("reg.test/app")
    assert statuses(report, "settings") == [Status.ERROR]
    assert "config.json" in report.verdict
    assert not statuses(report, "tcp")


@pytest.mark.parametrize("answer", [html, captive_portal])
def test_what_is_no_registry_is_called_so(answer: Callable[[], Answering]) -> None:
    with serving(answer()) as server:
        report = examine(f"{server.address}/app")
    assert "not as a registry" in report.verdict
    assert Status.ERROR in statuses(report, "http")


def test_a_name_that_is_nobody_s_is_named() -> None:
    report = examine("nobody.invalid/app")
    assert statuses(report, "names") == [Status.ERROR]
    assert "nobody.invalid" in report.verdict
    assert report.seconds < WHOLE


def test_behind_a_proxy_the_rule_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    report = examine("reg.test/app")
    assert report.verdict.startswith("Through the proxy")
    assert "HTTPS_PROXY" in report.verdict
    assert statuses(report, "proxy") == [Status.WARNING]
    assert not statuses(report, "tcp")  # what this machine can dial says nothing: the proxy dials


def test_the_command_says_the_verdict_first(running: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    put_image(running.address, "team/app", "v1")
    assert main(["doctor", f"{running.address}/team/app:v1"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("All is well: ")
    assert "  ok  content.manifest v1: " in told
    assert main(["doctor", "-o", "json", f"{running.address}/team/app:v1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["healthy"]) == ("boxship.doctor/1", True)
    assert document["verdict"].startswith("All is well")
    assert main(["doctor", "--endpoints", f"{running.address}/team/app:v1"]) == 0
    assert capsys.readouterr().out == f"{running.address}\n"


def test_what_a_server_says_cannot_change_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(html(title="\x1b[31mred\x07")) as server:
        assert main(["doctor", f"{server.address}/app"]) == 8
    assert "\x1b" not in capsys.readouterr().out
