"""The one precedence of docs/settings.md, whatever files there are: the first that speaks counts, whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.reference import Reference
from boxship.settings.ecosystem import Ecosystem
from boxship.settings.endpoint import Endpoints
from boxship.settings.flags import read_flags
from boxship.settings.for_reference import for_reference
from boxship.settings.hosts import Scheme
from tests.registry.mirrored import write

HUB = Reference.parse("docker.io/library/alpine")
CORP = Reference.parse("reg.corp:5000/team/app")
# In the order in which they count: the file, and what it says of a host {0}, whose mirror is {1}.
MIRRORS = {
    "registries.conf": (
        "etc/containers/registries.conf",
        "[[registry]]\nlocation='{0}'\n[[registry.mirror]]\nlocation='{1}'\n",
    ),
    "hosts.toml": ("etc/containerd/certs.d/_default/hosts.toml", '[host."https://{1}"]\n'),
    "k3s": ("etc/rancher/k3s/registries.yaml", 'mirrors: {{"*": {{endpoint: ["https://{1}"]}}}}\n'),
    "rke2": ("etc/rancher/rke2/registries.yaml", 'mirrors: {{"{0}": {{endpoint: ["https://{1}"]}}}}\n'),
    "daemon.json": ("etc/docker/daemon.json", '{{"registry-mirrors": ["https://{1}"]}}'),
}
_SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def asked(reference: Reference, home: Path, **flags: object) -> Endpoints:
    environment = {"HOME": str(home)}
    return for_reference(
        reference,
        read_flags(environment, **flags),  # type: ignore[arg-type] # words of their kinds
        Ecosystem(environment, {"connect": 5.0}, lambda _: None),
    )


def fresh(home: Path) -> None:
    for folder in ("etc", ".config"):
        shutil.rmtree(home / folder, ignore_errors=True)


@_SETTINGS
@given(there=st.sets(st.sampled_from(list(MIRRORS))), reference=st.sampled_from([HUB, CORP]))
def test_whose_mirrors(there: set[str], reference: Reference, home: Path) -> None:
    fresh(home)
    for name in there:
        file, text = MIRRORS[name]
        write(home / file, text.format(reference.registry.name, f"{name.replace('.', '-')}.test"))
    found = asked(reference, home)
    speaking = [name for name in MIRRORS if name in there and (name != "daemon.json" or reference is HUB)]
    hosts = [endpoint.site.registry.host for endpoint in found.reads]
    own = reference.registry.api.host
    assert hosts == ([f"{speaking[0].replace('.', '-')}.test", own] if speaking else [own])
    assert found.writes.site.registry.host == own
    # rke2's file is not looked at where k3s' has mirrors, and both are one kind of file.
    others = [name for name in speaking[1:] if not (name == "rke2" and "k3s" in speaking)]
    assert len(found.passed_over) == len(others)
    named = [Path(MIRRORS[name][0]).name for name in others]
    assert [named_by in said.source for named_by, (said, _) in zip(named, found.passed_over, strict=True)] == [
        True
    ] * len(others)


# How the host is spoken to: what says so, in the order in which it counts.
SCHEMES = {
    "flag": ("", "", Scheme.HTTPS),
    "config.toml": (".config/boxship/config.toml", '[host."reg.corp"]\nscheme = "http"\n', Scheme.HTTP),
    "registries.conf": (
        ".config/containers/registries.conf",
        "[[registry]]\nlocation = 'reg.corp:5000/team'\ninsecure = true\n",
        Scheme.AUTO,
    ),
    "hosts.toml": (
        "etc/containerd/certs.d/reg.corp_5000_/hosts.toml",
        'server = "http://reg.corp:5000"\n',
        Scheme.HTTP,
    ),
    "daemon.json": ("etc/docker/daemon.json", json.dumps({"insecure-registries": ["reg.corp:5000"]}), Scheme.AUTO),
}


@_SETTINGS
@given(there=st.sets(st.sampled_from(list(SCHEMES))))
def test_whose_scheme(there: set[str], home: Path) -> None:
    fresh(home)
    for name in there - {"flag"}:
        file, text, _ = SCHEMES[name]
        write(home / file, text)
    flags = {"plain_http": "never"} if "flag" in there else {}
    site = asked(CORP, home, **flags).writes.site
    first = next((name for name in SCHEMES if name in there), "")
    assert site.scheme.value is (SCHEMES[first][2] if first else Scheme.BY_ADDRESS)
    assert (SCHEMES[first][0] or "--plain-http") in site.scheme.source if first else site.scheme.source == "default"
