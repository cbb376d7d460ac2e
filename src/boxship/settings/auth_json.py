"""containers' `auth.json` (podman, skopeo, buildah): where it is looked for, and which entry a repository has there.

Read as containers/image reads it (pkg/docker/config; the order is that of common/pkg/auth). Its keys may have a path,
which counts; `credsStore` does not. boxship itself sends nothing of it.
"""

from __future__ import annotations

__all__ = ["auth_files", "entry_for", "read_auth_json"]

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from boxship.credential import Credential
from boxship.errors import InvalidSettings
from boxship.reference import DOCKER_HUB, Registry
from boxship.settings import elsewhere
from boxship.settings.docker_config import AskHelper, DockerConfig, Lookup, config_file, home_folder

_HUB = ("registry-1.docker.io", "index.docker.io", DOCKER_HUB)


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


def read_auth_json(file: Path) -> DockerConfig | None:
    """What the file says, None where there is none, or `InvalidSettings`."""
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidSettings(str(file), why=f"cannot be read: {error.strerror}") from error
    try:
        return DockerConfig.parse(content.decode("utf-8-sig"), str(file))
    except UnicodeDecodeError:
        # Not chained: the error has the file's content in it.
        raise InvalidSettings(str(file), why="is not UTF-8") from None


def entry_for(config: DockerConfig, registry: Registry, repository: str) -> Lookup | None:
    """The entry of one file: the registry's helper, else the key with the longest path, else the host's."""
    helper = config.helpers.get(registry.name)
    if helper and helper.value:
        return AskHelper(helper.value, (registry.name,), helper.source)
    scoped = (config.auths.get(scope) for scope in _scopes(registry, repository))
    return next(filter(None, scoped), None) or _of_host(config, registry)


def _of_host(config: DockerConfig, registry: Registry) -> Credential | None:
    """The entry whose key is the host, or a URL of it; letters count as they are."""
    wanted = _spelled(registry.name)
    return next((entry for key, entry in config.auths.items() if _spelled(key) == wanted), None)


def _spelled(key: str) -> str:
    bare = key.removeprefix("http://").removeprefix("https://")
    # With a scheme it is a URL, as docker writes; without one, a path limits the entry to what is below it.
    host = bare if bare == key else bare.partition("/")[0]
    return DOCKER_HUB if host in _HUB else host


def _scopes(registry: Registry, repository: str) -> Iterator[str]:
    """The keys that hold for a repository, the narrowest first: `reg/team/app`, `reg/team`, `reg`."""
    host = DOCKER_HUB if registry.is_docker_hub else registry.name
    scope = f"{host}/{repository}" if repository else host
    while scope:
        yield scope
        scope = scope.rpartition("/")[0]


def _session_folder(environment: Mapping[str, str]) -> Path:
    told = environment.get("XDG_RUNTIME_DIR")
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(told, "containers") if told else elsewhere.ROOT / "run" / "containers" / str(user)
