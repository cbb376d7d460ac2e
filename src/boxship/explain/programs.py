"""Which credential other programs would send there, from the files that they read. No helper is asked.

The rules are those of docker/cli (config, credentials), containers/image (pkg/docker/config) with podman's own
variables (common/pkg/auth), go-containerregistry (authn/keychain.go) and the kubelet (pkg/credentialprovider).
"""

from __future__ import annotations

__all__ = ["programs"]

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from boxship.credential import Credential
from boxship.errors import InvalidSettings
from boxship.explain.credentials import described
from boxship.explain.place import Place
from boxship.explain.setting import Lost, Setting
from boxship.settings import machine
from boxship.settings.auth_json import entry_for
from boxship.settings.credential_files import auth_files, config_file
from boxship.settings.docker_config import AskHelper, Lookup, read_config, read_docker_config
from boxship.settings.file_bytes import file_bytes
from boxship.settings.json_file import parse_settings
from boxship.settings.kubelet import Keyring, parse_entries
from boxship.settings.log_in import store_of_system
from boxship.settings.machine import home_folder
from boxship.value import replace


def programs(place: Place) -> Iterator[Setting]:
    """What each of the others would send, and from where."""
    for name, would in _PROGRAMS.items():
        try:
            yield would(place)
        except InvalidSettings as error:
            yield Setting(name, f"ends with an error: {error.why}", error.what)
    why = "it has no credentials of its own: the kubelet hands it one with every image, ctr is told one by --user"
    yield Setting("containerd", "none", why)


def _docker(place: Place) -> Setting:
    config = read_docker_config(os.environ)
    keychain = "" if config.names_anybody else store_of_system()
    if keychain:
        asked = AskHelper(
            keychain, (place.registry.name,), f"{config.file} names nobody, and docker finds it by itself"
        )
        return _would("docker", asked)
    return _would("docker", config.lookup(place.registry))


def _podman(place: Place) -> Setting:
    return _first(place, auth_files(os.environ), "podman")


def _crane(place: Place) -> Setting:
    """What crane takes: docker's file wherever there is one, else the first of podman's that is there."""
    home = home_folder(os.environ)
    docker = Path(config_file(os.environ, home=home))
    if docker.exists() or Path(config_file({}, home=home)).exists():
        config = read_docker_config(os.environ)
        scoped = config.auths.get(f"{place.registry.name}/{place.repository}")
        hidden = config.helpers or config.store or config.overrides
        return _would("crane", scoped if scoped and not hidden else config.lookup(place.registry))
    there = [file for file in auth_files(os.environ) if file.exists()]
    return _first(place, there[:1], "crane")


def _kubernetes(place: Place) -> Setting:
    node = machine.ROOT / "var" / "lib" / "kubelet" / "config.json"
    pods = Lost(
        "the pull secrets of the pod and of its service account",
        "the cluster",
        "they come first, and are not on this machine: boxship doctor --from-secret FILE tries one",
    )
    plugins = Lost("credential providers", "the kubelet's flags", "they come first, where the node has any")
    found = _of_node(node, place)
    held = _would("kubernetes", found) if found else Setting("kubernetes", "none", f"no entry in {node}")
    return replace(held, lost=(pods, plugins))


def _of_node(file: Path, place: Place) -> Credential | None:
    try:
        text = file_bytes(file).decode("utf-8", "replace")
    except OSError:
        return None
    auths = parse_settings(text, str(file)).section("auths")
    entries = Keyring.of(parse_entries(auths, str(file))).matching(place.registry, place.repository)
    return entries[0].credential if entries else None


_PROGRAMS: Mapping[str, Callable[[Place], Setting]] = {
    "docker": _docker,
    "podman": _podman,
    "crane": _crane,
    "kubernetes": _kubernetes,
}


def _first(place: Place, files: Iterator[Path] | list[Path], program: str) -> Setting:
    """The first entry in these files."""
    lost = list[Lost]()
    for file in files:
        config = read_config(file)
        found = config and entry_for(config, place.registry, place.repository)
        if found:
            return replace(_would(program, found), lost=tuple(lost))
        why = "it has no entry for it" if config else "there is no such file"
        lost.append(Lost("an entry", str(file), why))
    return Setting(program, "none", "no file has an entry", tuple(lost))


def _would(program: str, found: Lookup) -> Setting:
    return Setting(program, described(found), found.source)
