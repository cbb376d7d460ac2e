"""Short names: podman asks whom `explain` says that it would ask; skopeo and boxship take them for Docker Hub's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from boxship.explain import explain
from boxship.reference import DOCKER_HUB, Reference
from boxship.testing import Server, serving
from tests.peers.test_registries_conf import nothing
from tests.registry.mirrored import asked, write

# A registries.conf for the registries {0} and {1}, and its drop-ins.
INSECURE = "".join(f"[[registry]]\nlocation='{{{number}}}'\ninsecure=true\n" for number in range(2))
CONFS: dict[str, tuple[str, ...]] = {
    "an alias": ("[aliases]\n'team/app'='{0}/somewhere/app'\n",),
    "an alias before what is searched": (
        "unqualified-search-registries=['{1}']\n[aliases]\n'team/app'='{0}/somewhere/app'\n",
    ),
    "another's alias": ("unqualified-search-registries=['{1}']\n[aliases]\n'app'='{0}/somewhere/app'\n",),
    "one that is searched": ("unqualified-search-registries=['{1}']\n",),
    "two that are searched": ("unqualified-search-registries=['{1}', '{0}']\nshort-name-mode='permissive'\n",),
    "two, and it may not ask": ("unqualified-search-registries=['{1}', '{0}']\nshort-name-mode='disabled'\n",),
    "two, and it has to ask": ("unqualified-search-registries=['{1}', '{0}']\nshort-name-mode='enforcing'\n",),
    "an alias that a drop-in takes away": (
        "unqualified-search-registries=['{1}']\n[aliases]\n'team/app'='{0}/somewhere/app'\n",
        "[aliases]\n'team/app'=''\n",
    ),
    "an alias that a drop-in changes": (
        "[aliases]\n'team/app'='{0}/somewhere/app'\n",
        "[aliases]\n'team/app'='{1}/elsewhere/app'\n",
    ),
    "another registry searched by a drop-in": (
        "unqualified-search-registries=['{0}']\n",
        "unqualified-search-registries=['{1}']\n",
    ),
    "nothing": ("",),
}


def configured(home: Path, texts: Sequence[str], servers: Sequence[Server]) -> None:
    folder = home / ".config" / "containers"
    names = [server.address for server in servers]
    conf, *drop_ins = (text.format(*names) for text in texts)
    write(folder / "registries.conf", conf if "[aliases]" in conf else f"{conf}{INSECURE.format(*names)}")
    for number, text in enumerate(drop_ins):
        write(folder / "registries.conf.d" / f"{number}.conf", text)
    write(folder / "registries.conf.d" / "9.conf", INSECURE.format(*names))


def by_podman(name: str, home: Path) -> None:
    # podman takes no --runroot of more than 50 characters.
    with TemporaryDirectory(prefix="podman-") as folder:
        kept = ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        command = ["podman", *kept, "pull", "--tls-verify=false", name]
        subprocess.run(command, env={**os.environ, "HOME": str(home)}, capture_output=True, timeout=60, check=False)


@pytest.mark.peer("podman")
@pytest.mark.parametrize("case", CONFS)
def test_podman_asks_whom_explain_says(case: str, home: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(nothing)) for _ in range(2)]
        configured(home, CONFS[case], servers)
        told = [setting.value for setting in explain("team/app:v1").named("podman-takes-it-for")]
        said = [value.partition(" ")[0] for value in told if not value.endswith("where there is no terminal it fails)")]
        by_podman("team/app:v1", home)
        found = {f"{server.address}{line.partition('/v2')[2]}" for server in servers for line in asked(server)}
    expected = {f"{name}/manifests/v1" for name in said if name != "nothing:"}
    assert found == expected
    assert bool(found) is (case not in ("nothing", "two, and it has to ask"))


@pytest.mark.peer("skopeo")
def test_skopeo_takes_them_for_docker_hubs_as_boxship_does(home: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(nothing)) for _ in range(2)]
        mirrored = f"[[registry]]\nprefix='docker.io'\nlocation='{servers[0].address}/hub'\ninsecure=true\n"
        write(home / ".config/containers/registries.conf", f"{mirrored}[aliases]\n'app'='{servers[1].address}/app'\n")
        command = ["skopeo", "--insecure-policy", "inspect", "--raw", "--tls-verify=false", "docker://app:v1"]
        subprocess.run(command, env={**os.environ, "HOME": str(home)}, capture_output=True, timeout=60, check=False)
        assert asked(servers[0])[:1] == ["GET /v2/hub/library/app/manifests/v1"]
        assert asked(servers[1]) == []
        (setting,) = explain("app:v1").named("endpoint")
        assert setting.value.startswith(f"{servers[0].address}/hub/library/app")
    assert Reference.parse("app:v1").registry.name == DOCKER_HUB
