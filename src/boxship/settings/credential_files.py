"""Where credentials are kept: docker's `config.json` and containers' `auth.json`, as each of them looks for its own."""

from __future__ import annotations

__all__ = ["VARIABLE", "auth_files", "config_file", "credential_files"]

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from boxship.settings import machine
from boxship.settings.machine import home_folder
from boxship.settings.sourced import Sourced

VARIABLE = "DOCKER_AUTH_CONFIG"
"""The credentials that are in the environment itself."""


def credential_files(environment: Mapping[str, str], *, folder: str = "", file: str = "") -> Iterator[Sourced[Path]]:
    """Where credentials are looked for, and who says so: in the file or in docker's folder that a flag names, only."""
    if file:
        yield Sourced(Path(file), "flag --authfile")
    elif folder:
        yield Sourced(Path(config_file(environment, home="", directory=folder)), "flag --config")
    elif told := environment.get("REGISTRY_AUTH_FILE"):
        yield Sourced(Path(told), "REGISTRY_AUTH_FILE")
    elif environment.get("DOCKER_CONFIG"):
        yield Sourced(Path(config_file(environment, home="")), "DOCKER_CONFIG")
    else:
        yield from (Sourced(place, "default") for place in auth_files(environment))
        yield Sourced(Path(home_folder(environment), ".dockercfg"), "default")


def auth_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where podman looks, in its order: the first file with an entry is the one."""
    home = home_folder(environment)
    docker = Path(config_file(environment, home=home))
    if told := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(told)
        return
    if not environment.get("DOCKER_CONFIG"):
        yield _session_folder(environment) / "auth.json"
        yield Path(environment.get("XDG_CONFIG_HOME") or Path(home, ".config"), "containers", "auth.json")
    yield docker


def config_file(environment: Mapping[str, str], *, home: str, directory: str = "") -> str:
    """Where docker's `config.json` is: in `directory` (a flag), in `DOCKER_CONFIG`, or in `.docker` at home."""
    folder = directory or environment.get("DOCKER_CONFIG") or str(Path(home, ".docker"))
    return str(Path(folder, "config.json"))


def _session_folder(environment: Mapping[str, str]) -> Path:
    told = environment.get("XDG_RUNTIME_DIR")
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(told, "containers") if told else machine.ROOT / "run" / "containers" / str(user)
