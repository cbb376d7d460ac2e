"""The examples that are not only read: units and manifests are well-formed, and use what there is."""

from __future__ import annotations

import argparse
import configparser
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from boxship.server import options
from boxship.server.plan import Plan
from boxship.server.routes import find
from tests.server.driver import Driver

EXAMPLES = Path(__file__).parent.parent / "examples"
UNIT = EXAMPLES / "boxship-registry.service"


def served(words: list[str]) -> Plan:
    """What `boxship registry serve` does with these words; it exits where one of them is not known."""
    assert words[:2] == ["registry", "serve"]
    parser = argparse.ArgumentParser(allow_abbrev=False)
    options.arguments(parser)
    return options.plan(parser.parse_args(words[2:]))


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser's manual says
    parser.read(UNIT)
    assert parser.sections() == ["Unit", "Service", "Install"]
    return parser["Service"]


def test_the_unit_serves_with_options_that_there_are_and_stops_in_time() -> None:
    service = unit()
    program, *words = service["ExecStart"].split()
    plan = served(words)
    assert program == "/opt/boxship/bin/boxship"
    assert (plan.address, plan.folder) == ("127.0.0.1:5000", "${STATE_DIRECTORY}")
    # A signal to all processes would be the workers' second one, were it theirs at all.
    assert service["KillMode"] == "mixed"
    assert float(service["TimeoutStopSec"]) > plan.grace


def test_the_unit_can_be_changed_to_serve_others_as_it_says() -> None:
    (line,) = (line for line in UNIT.read_text().splitlines() if line.startswith("# For others:"))
    _, *words = unit()["ExecStart"].split()
    plan = served([*words, *line.removeprefix("# For others:").split()])
    assert (plan.scheme, plan.address) == ("https", "0.0.0.0:443")


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if not verify:  # not a Debian of ours; what it uses is tested above
        assert "ExecStart" in unit()
        return
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/boxship/bin/boxship", sys.executable))
    ended = subprocess.run([verify, "verify", copy], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.fixture
def objects() -> dict[str, Any]:
    """The objects of the Kubernetes manifest, by kind."""
    found = list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()))
    assert all({"apiVersion", "kind", "metadata", "spec"} <= one.keys() for one in found)
    return {one["kind"]: one for one in found}


def test_the_manifest_runs_one_replica_on_its_own_volume(objects: dict[str, Any]) -> None:
    assert set(objects) == {"PersistentVolumeClaim", "Deployment", "Service"}
    spec = objects["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    pod = spec["template"]["spec"]
    volumes = pod["volumes"]
    claims = [each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each]
    assert claims == [objects["PersistentVolumeClaim"]["metadata"]["name"]]
    labels = spec["template"]["metadata"]["labels"]
    assert labels == spec["selector"]["matchLabels"] == objects["Service"]["spec"]["selector"]


def test_the_manifest_serves_with_options_that_there_are(objects: dict[str, Any]) -> None:
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    plan = served(container["args"])
    assert plan.insecure_http
    assert plan.settings.htpasswd
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert {str(Path(plan.folder).parent), str(Path(plan.settings.htpasswd).parent)} < mounts.keys()
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    (port,) = container["ports"]
    assert plan.address == f"0.0.0.0:{port['containerPort']}"
    assert objects["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert pod["terminationGracePeriodSeconds"] > plan.grace


def test_the_manifest_probes_what_there_is(objects: dict[str, Any]) -> None:
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for path in paths.values():
        find("GET", path)
    assert all(container[name]["httpGet"]["port"] == container["ports"][0]["name"] for name in paths)


def test_the_image_runs_boxship() -> None:
    lines = (EXAMPLES / "Containerfile").read_text().splitlines()
    assert lines[-1] == 'ENTRYPOINT ["boxship"]'
    assert "USER 10001" in lines


def test_a_registry_is_mounted_in_an_application_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    application = runpy.run_path(str(EXAMPLES / "mounted_registry.py"))["application"]
    monkeypatch.setattr("tests.server.driver.create_app", lambda *_, **__: application)
    with Driver(tmp_path) as mounted:
        assert mounted("GET", "/about").body == b"a registry, and more\n"
        assert mounted("GET", "/v2/").body == b"{}"
    assert (tmp_path / "registry" / "VERSION").is_file()
