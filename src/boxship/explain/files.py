"""The files that were looked for: those that boxship reads, and those of other programs that speak of the host."""

from __future__ import annotations

__all__ = ["files"]

import os
from collections.abc import Iterator
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.explain.setting import Lost, Place, Setting
from boxship.settings.daemon_json import daemon_files, read_daemon_json
from boxship.settings.docker_config import config_file, home_folder
from boxship.settings.elsewhere import foreign_files
from boxship.settings.json_file import parse_settings

# docker's own keys, which people take for settings of registries.
_DOCKERS_OWN = {
    "proxies": "it is for docker's containers and builds, and for no registry",
    "HttpHeaders": "it is for docker's daemon, and for no registry",
}


def files(place: Place) -> Iterator[Setting]:
    """What there is, and what is made of it."""
    for file in daemon_files(os.environ):
        yield _daemon_json(file)
    yield from _of_docker()
    for foreign in foreign_files(place.registry, place.repository, os.environ):
        why = f"boxship does not read it yet: {foreign.program} does"
        lost = Lost(foreign.says or "settings for this host", str(foreign.file), why)
        yield Setting("file", f"{foreign.file} is not read", f"for {foreign.program}", (lost,))


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
        top = parse_settings(Path(file).read_bytes().decode("utf-8-sig"), file)
    except (OSError, ValueError):
        return
    for name, why in _DOCKERS_OWN.items():
        section = top.section(name)
        if section.values:
            lost = Lost(name, top.source(name), why)
            yield Setting("file", f"{name} of {file} is not used", "docker's config.json", (lost,))
