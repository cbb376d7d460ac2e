"""docker's `config.json` and `DOCKER_AUTH_CONFIG`: which credential, or which helper, a registry has there.

Read as docker/cli reads them (cli/config/configfile), with every spelling of Docker Hub. Asking a helper is
`auth/helper`'s work. `HttpHeaders` and `proxies` are for docker's daemon and containers, not for registries: not read.
Unlike docker, no keychain is guessed where the file names none.
"""

from __future__ import annotations

__all__ = [
    "AskHelper",
    "DockerConfig",
    "Lookup",
    "read_auth_variable",
    "read_config",
    "read_docker_config",
    "read_dockercfg",
]

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

from boxship.credential import Credential
from boxship.errors import InvalidSettings
from boxship.reference import Registry
from boxship.settings.auth_entry import credential_in, only, password_in
from boxship.settings.auth_keys import below, docker_finds, helper_keys, of_host
from boxship.settings.credential_files import VARIABLE, config_file
from boxship.settings.file_bytes import file_bytes
from boxship.settings.json_file import parse_settings
from boxship.settings.machine import home_folder
from boxship.settings.section import Section
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, field, replace

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class AskHelper:
    """The helper that keeps a registry's credential, and the keys to ask it for, in order."""

    name: str
    keys: tuple[str, ...]
    source: str
    told: bool = True
    """Whether somebody named it; one that was only found on `PATH` may fail without being missed."""

    @classmethod
    def of(cls, helper: Sourced[str], registry: Registry) -> Self:
        """The helper that a file names for a registry."""
        return cls(helper.value, helper_keys(registry), helper.source)


# An inline credential (perhaps none: anonymous), or the helper that has it.
Lookup = Credential | AskHelper


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerConfig:
    """What one `config.json` and the environment say, by key as written; empty entries are left out.

    Attributes:
        file: the path of the `config.json`.
        overrides: the credentials of `DOCKER_AUTH_CONFIG`, which come first.
        helpers: `credHelpers`; an empty name turns `credsStore` off for its key.
        store: `credsStore`.
        auths: the credentials written in the file itself.
        warnings: what was ignored, in words.
    """

    file: str
    overrides: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, Sourced[str]] = field(default_factory=dict)
    store: Sourced[str] | None = None
    auths: Mapping[str, Credential] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        """Return what the `config.json` in `text` says, or raise `InvalidSettings` with the line."""
        top = parse_settings(text, file)
        helpers = top.section("credHelpers")
        store = top.text("credsStore")
        return cls(
            file=file,
            helpers=_frozen((key, Sourced(name, helpers.source(key))) for key, name in helpers.texts()),
            store=Sourced(store, top.source("credsStore")) if store else None,
            auths=_entries(top.section("auths")),
        )

    def with_environment(self, text: str) -> Self:
        """The same under the value `text` of `DOCKER_AUTH_CONFIG`; one that docker would not take is warned of."""
        try:
            overrides = _parse_variable(text)
        except InvalidSettings as error:
            return replace(self, warnings=(*self.warnings, f"{VARIABLE} is ignored: {error.why}"))
        return replace(self, overrides=overrides)

    def lookup(self, registry: Registry) -> Lookup:
        """What to authenticate at `registry` with: docker's order, where a helper hides what the file has inline."""
        missing = Credential.anonymous(source=f"no entry for {registry.name} in {self.file}")
        return next(self.candidates(registry), missing)

    def candidates(self, registry: Registry) -> Iterator[Lookup]:
        """All that docker would find for `registry`, the first of which it uses."""
        if override := docker_finds(self.overrides, registry):
            yield override
        own = docker_finds(self.helpers, registry)
        for helper in (own, self.store) if own is None or own.value else ():
            if helper and helper.value:
                yield AskHelper.of(helper, registry)
        if inline := docker_finds(self.auths, registry):
            yield inline

    @property
    def names_anybody(self) -> bool:
        """Whether there is any credential in the file, or anybody who keeps one."""
        return bool(self.auths or self.helpers or self.store)

    def overrides_for(self, registry: Registry, repository: str) -> Iterator[Credential]:
        """What `DOCKER_AUTH_CONFIG` has for a repository, the narrowest first."""
        yield from below(self.overrides, registry, repository)
        yield from of_host(self.overrides, registry)

    def helper_of(self, registry: Registry) -> Sourced[str] | None:
        """The helper of that registry alone; an empty name is one, too."""
        return docker_finds(self.helpers, registry)

    def below(self, registry: Registry, repository: str) -> Iterator[Credential]:
        """The entries for a part of the registry, the narrowest first."""
        yield from below(self.auths, registry, repository)

    def of_host(self, registry: Registry) -> Iterator[Credential]:
        """The entries for all of the registry."""
        yield from of_host(self.auths, registry)


def read_docker_config(environment: Mapping[str, str], *, home: str = "", directory: str = "") -> DockerConfig:
    """Read `config.json` and `DOCKER_AUTH_CONFIG`; a missing file is an empty one."""
    home = home or home_folder(environment)
    file = config_file(environment, home=home, directory=directory)
    config = read_config(Path(file)) or DockerConfig(file=file)
    variable = environment.get(VARIABLE)
    return config.with_environment(variable) if variable else config


def read_config(file: Path) -> DockerConfig | None:
    """What a `config.json` or an `auth.json` says, None where there is none, or `InvalidSettings`."""
    text = _read(file)
    return None if text is None else DockerConfig.parse(text, str(file))


def _read(file: Path) -> str | None:
    try:
        content = file_bytes(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidSettings(str(file), why=f"cannot be read: {error.strerror}") from error
    try:
        # Editors on Windows put a byte order mark first.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        # Not chained: the error has the file's content in it.
        raise InvalidSettings(str(file), line, why="is not UTF-8") from None


def read_auth_variable(environment: Mapping[str, str]) -> DockerConfig:
    """What `DOCKER_AUTH_CONFIG` says by itself."""
    text = environment.get(VARIABLE)
    return DockerConfig(file=VARIABLE).with_environment(text) if text else DockerConfig(file=VARIABLE)


def read_dockercfg(file: Path) -> DockerConfig | None:
    """What `~/.dockercfg` says, which docker wrote before version 1.7: entries alone. None where there is none."""
    text = _read(file)
    return DockerConfig(file=str(file), auths=_entries(parse_settings(text, str(file)))) if text else None


def _parse_variable(text: str) -> Mapping[str, Credential]:
    # configfile.parseEnvConfig: unknown fields are refused, every entry has `auth` and nothing else.
    top = parse_settings(text, VARIABLE)
    only(top, "auths")
    return _frozen((key, _variable_entry(key, entry)) for key, entry in top.section("auths").sections())


def _variable_entry(key: str, entry: Section) -> Credential:
    only(entry, "auth")
    if not entry.text("auth"):
        raise entry.invalid("", f"the entry for {key} has no 'auth'")
    return replace(password_in(entry), source=VARIABLE)


def _entries(auths: Section) -> Mapping[str, Credential]:
    return _frozen((key, found) for key, entry in auths.sections() if (found := credential_in(entry)))


def _frozen(items: Iterable[tuple[str, Value]]) -> Mapping[str, Value]:
    return MappingProxyType(dict(items))
