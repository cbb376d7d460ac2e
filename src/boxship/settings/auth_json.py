"""containers' `auth.json` (podman, skopeo, buildah): which entry a repository has there.

Read as containers/image reads it (pkg/docker/config; the order is that of common/pkg/auth). Its keys may have a path,
which counts; `credsStore` does not: so for who explains podman. What boxship makes of its files is `keychain`'s.
"""

from __future__ import annotations

__all__ = ["entry_for"]

from collections.abc import Iterator

from boxship.credential import Credential
from boxship.reference import DOCKER_HUB, Registry
from boxship.settings.docker_config import AskHelper, DockerConfig, Lookup

_HUB = ("registry-1.docker.io", "index.docker.io", DOCKER_HUB)


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
