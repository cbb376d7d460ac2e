"""Which credentials a place has in the user's settings, in the order in which they are tried.

Of the files that there are, the narrower word comes first: a registry's own helper, entries whose key has a path, the
store, entries of the host. Who reads the place's files, and in which order, is in docs/settings.md. A helper that has
nothing and a credential that is refused are followed by what comes next.
"""

from __future__ import annotations

__all__ = ["Files", "Keychain", "in_file", "read_credential_file", "read_keychain"]

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from boxship.reference import Registry
from boxship.settings.credential_files import credential_files
from boxship.settings.docker_config import (
    AskHelper,
    DockerConfig,
    Lookup,
    read_auth_variable,
    read_config,
    read_dockercfg,
)
from boxship.settings.surroundings import surrounding
from boxship.value import dataclass


class Keychain(Protocol):
    """Who knows credentials; what it knows is read already."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was ignored, in words."""

    def candidates(self, registry: Registry, repository: str) -> Iterator[Lookup]:
        """What may be sent there, in the order in which it is tried; nobody's where `repository` is empty."""

    def nothing_for(self, registry: Registry) -> str:
        """Where it was looked in vain, in words."""


@dataclass(frozen=True, slots=True)
class Files:
    """What the environment and the files say.

    Attributes:
        variable: `DOCKER_AUTH_CONFIG`.
        files: in their order; those that are not there are left out.
        places: where they were looked for.
        surroundings: the environment, for tokens in it and helpers on `PATH`.
    """

    variable: DockerConfig
    files: tuple[DockerConfig, ...]
    places: tuple[Path, ...]
    surroundings: Mapping[str, str]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was ignored, in words."""
        return self.variable.warnings

    def candidates(self, registry: Registry, repository: str) -> Iterator[Lookup]:
        """What may be sent there, in the order in which it is tried."""
        yield from self.variable.overrides_for(registry, repository)
        for config in self.files:
            yield from in_file(config, registry, repository)
        yield from surrounding(registry, self.surroundings)

    def nothing_for(self, registry: Registry) -> str:
        """Where it was looked in vain, in words."""
        files = [config.file for config in self.files] or list(map(str, self.places))
        return f"no entry for {registry.name} in {', '.join(files)}"


def read_keychain(environment: Mapping[str, str], *, folder: str = "", file: str = "") -> Files:
    """Read them, or raise `InvalidSettings`; files that are not there have no entries."""
    places = tuple(place.value for place in credential_files(environment, folder=folder, file=file))
    read = tuple(filter(None, map(read_credential_file, places)))
    return Files(read_auth_variable(environment), read, places, environment)


def read_credential_file(file: Path) -> DockerConfig | None:
    """What one file says, whoever wrote it; None where there is none."""
    return read_dockercfg(file) if file.name == ".dockercfg" else read_config(file)


def in_file(config: DockerConfig, registry: Registry, repository: str) -> Iterator[Lookup]:
    """What one file has for a place, in the order in which it is tried."""
    own = config.helper_of(registry)
    if own and own.value:
        yield AskHelper.of(own, registry)
    yield from config.below(registry, repository)
    # An empty name of a registry's own helper turns the store off for it.
    if config.store and own is None:
        yield AskHelper.of(config.store, registry)
    yield from config.of_host(registry)
