"""The keys under which files keep credentials: which of them name a registry, or a part of it.

docker writes a host, or a URL of it whose path says nothing; podman's keys may go on with the path of what they are
for. Docker Hub has five spellings.
"""

from __future__ import annotations

__all__ = ["HUB_KEY", "below", "docker_finds", "helper_keys", "keys_of", "named_host", "of_host", "path_of"]

from collections.abc import Iterator, Mapping
from typing import TypeVar

from boxship.errors import InvalidReference
from boxship.reference import DOCKER_HUB, Registry

Value = TypeVar("Value")

HUB_KEY = "https://index.docker.io/v1/"
_PLAIN_PATHS = ("", "v1", "v2")


def docker_finds(entries: Mapping[str, Value], registry: Registry) -> Value | None:
    """The entry that docker takes: the exact key, else the first that names its host, those without a path before."""
    exact = _exact(registry)
    if exact in entries:
        return entries[exact]
    alike = [key for key in entries if named_host(key) == registry.name.lower()]
    alike.sort(key=lambda key: path_of(key) not in _PLAIN_PATHS)
    return entries[alike[0]] if alike else None


def of_host(entries: Mapping[str, Value], registry: Registry) -> Iterator[Value]:
    """The entries for all of a registry, the exact key first."""
    yield from (entries[key] for key in keys_of(entries, registry))


def keys_of(entries: Mapping[str, object], registry: Registry) -> list[str]:
    """The keys that mean all of a registry, the exact one first; one that has a path and is no URL means less."""
    wanted, exact = registry.name.lower(), _exact(registry)
    alike = [key for key in entries if named_host(key) == wanted and (_is_url(key) or path_of(key) in _PLAIN_PATHS)]
    return sorted(alike, key=lambda key: (key != exact, path_of(key) not in _PLAIN_PATHS))


def below(entries: Mapping[str, Value], registry: Registry, repository: str) -> Iterator[Value]:
    """The entries for a part of a registry that a repository is in, the narrowest first (containers-auth.json(5))."""
    scoped = {path_of(key): key for key in entries if _is_scoped(key) and named_host(key) == registry.name.lower()}
    scope = repository
    while scope:
        if scope in scoped:
            yield entries[scoped[scope]]
        scope = scope.rpartition("/")[0]


def helper_keys(registry: Registry) -> tuple[str, ...]:
    """What a helper is asked for: docker stores Docker Hub under its old URL, podman under its name."""
    return (HUB_KEY, DOCKER_HUB) if registry.is_docker_hub else (registry.name,)


def named_host(key: str) -> str:
    """The host and port that a key names, Docker Hub's spellings made one (credentials.ConvertToHostname)."""
    authority = _without_scheme(key).partition("/")[0]
    try:
        return Registry.parse(authority).name.lower()
    except InvalidReference:
        return authority.lower()


def path_of(key: str) -> str:
    """What follows the host."""
    return _without_scheme(key).partition("/")[2].strip("/")


def _exact(registry: Registry) -> str:
    return HUB_KEY if registry.is_docker_hub else registry.name


def _is_scoped(key: str) -> bool:
    return not _is_url(key) and path_of(key) not in _PLAIN_PATHS


def _is_url(key: str) -> bool:
    return _without_scheme(key) != key


def _without_scheme(key: str) -> str:
    scheme, separator, rest = key.partition("://")
    return rest if separator and scheme.lower() in ("http", "https") else key
