"""The files that speak of where registries are and how: what there is, and what is made of it."""

from __future__ import annotations

__all__ = ["files"]

import os
from collections.abc import Iterator
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.explain.setting import Lost, Setting
from boxship.settings.containers import registries_files
from boxship.settings.credential_files import config_file
from boxship.settings.daemon_json import daemon_files, read_daemon_json
from boxship.settings.file_bytes import file_bytes
from boxship.settings.host_table import config_file as config_toml
from boxship.settings.json_file import parse_settings
from boxship.settings.machine import Machine, home_folder

# docker's own keys, which people take for settings of registries.
_DOCKERS_OWN = {
    "proxies": "it is for docker's containers and builds, and for no registry",
    "HttpHeaders": "it is for docker's daemon, and for no registry",
}


def files() -> Iterator[Setting]:
    """What there is, and what is made of it."""
    for file in daemon_files(os.environ):
        yield _daemon_json(file)
    yield from _of_docker()
    machine = Machine.of(os.environ)
    _, conf, drop_ins = registries_files(machine)
    for file in (conf, *drop_ins):
        yield _there(file, "podman, skopeo, buildah")
    yield _there(config_toml(machine), "boxship alone")
    for distribution in ("k3s", "rke2"):
        file = machine.etc / "rancher" / distribution / "registries.yaml"
        if file.exists():
            yield _there(file, distribution)


def _there(file: Path, whose: str) -> Setting:
    return Setting("file", f"{file}{'' if file.exists() else ' (there is no such file)'}", whose)


def _daemon_json(file: Path) -> Setting:
    try:
        found = read_daemon_json([file])
    except InvalidSettings as error:
        return Setting("file", f"{error.what} cannot be read: {error.why}", "docker's daemon")
    if not file.exists():
        return Setting("file", f"{file} (there is no such file)", "docker's daemon")
    hosts = [*found.hosts, *(str(network.value) for network in found.networks)]
    said = f"insecure-registries: {', '.join(hosts)}" if hosts else "no insecure-registries"
    warnings = tuple(Lost("", str(file), warning) for warning in found.warnings)
    return Setting("file", f"{file} ({said})", "docker's daemon", warnings)


def _of_docker() -> Iterator[Setting]:
    file = config_file(os.environ, home=home_folder(os.environ))
    try:
        top = parse_settings(file_bytes(Path(file)).decode("utf-8-sig"), file)
    except (OSError, ValueError):
        return
    for name, why in _DOCKERS_OWN.items():
        section = top.section(name)
        if section.values:
            lost = Lost(name, top.source(name), why)
            yield Setting("file", f"{name} of {file} is not used", "docker's config.json", (lost,))
