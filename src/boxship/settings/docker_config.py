"""docker's `config.json` and `DOCKER_AUTH_CONFIG`: which credential, or which helper, a registry has there.

Read as docker/cli reads them (cli/config/configfile), with every spelling of Docker Hub. Asking a helper is
`auth/helper`'s work. `HttpHeaders` and `proxies` are for docker's daemon and containers, not for registries: not read.
Unlike docker, no keychain is guessed where the file names none.
"""

from __future__ import annotations

__all__ = ["AskHelper", "DockerConfig", "Lookup", "config_file", "home_folder", "read_docker_config"]

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

from boxship.credential import Credential, Secret
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import DOCKER_HUB, Registry
from boxship.settings.json_file import Section, parse_settings
from boxship.settings.sourced import Sourced

Value = TypeVar("Value")

_HUB_KEY = "https://index.docker.io/v1/"
_VARIABLE = "DOCKER_AUTH_CONFIG"
_TOKEN = re.compile(r"[\x21-\x7e]+")  # it goes into a header
_PLAIN_PATHS = ("", "v1", "v2")


@dataclass(frozen=True, slots=True)
class AskHelper:
    """The helper that keeps a registry's credential, and the keys to ask it for, in order."""

    name: str
    keys: tuple[str, ...]
    source: str


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
            auths=_frozen(
                (key, credential)
                for key, entry in top.section("auths").sections()
                if (credential := _credential(entry))
            ),
        )

    def with_environment(self, text: str) -> Self:
        """The same under the value `text` of `DOCKER_AUTH_CONFIG`; one that docker would not take is warned of."""
        try:
            overrides = _parse_variable(text)
        except InvalidSettings as error:
            return replace(self, warnings=(*self.warnings, f"{_VARIABLE} is ignored: {error.why}"))
        return replace(self, overrides=overrides)

    def lookup(self, registry: Registry) -> Lookup:
        """What to authenticate at `registry` with: docker's order, where a helper hides what the file has inline."""
        missing = Credential.anonymous(source=f"no entry for {registry.name} in {self.file}")
        return next(self.candidates(registry), missing)

    def candidates(self, registry: Registry) -> Iterator[Lookup]:
        """All that there is for `registry`, the first of which is used."""
        if override := _find(self.overrides, registry):
            yield override
        own = _find(self.helpers, registry)
        for helper in (own, self.store) if own is None or own.value else ():
            if helper and helper.value:
                yield AskHelper(helper.value, _helper_keys(registry), helper.source)
        if inline := _find(self.auths, registry):
            yield inline


def config_file(environment: Mapping[str, str], *, home: str, directory: str = "") -> str:
    """Where docker's `config.json` is: in `directory` (a flag), in `DOCKER_CONFIG`, or in `.docker` at home."""
    folder = directory or environment.get("DOCKER_CONFIG") or str(Path(home, ".docker"))
    return str(Path(folder, "config.json"))


def read_docker_config(environment: Mapping[str, str], *, home: str = "", directory: str = "") -> DockerConfig:
    """Read `config.json` and `DOCKER_AUTH_CONFIG`; a missing file is an empty one."""
    home = home or home_folder(environment)
    file = config_file(environment, home=home, directory=directory)
    config = DockerConfig.parse(_read(file), file)
    variable = environment.get(_VARIABLE)
    return config.with_environment(variable) if variable else config


def home_folder(environment: Mapping[str, str]) -> str:
    """The user's home: `HOME`, else what the system says."""
    if home := environment.get("HOME"):
        return home
    try:
        return str(Path.home())
    except RuntimeError:
        return "/"  # a container's user without an entry in passwd


def _read(file: str) -> str:
    try:
        content = Path(file).read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InvalidSettings(file, why=f"cannot be read: {error.strerror}") from error
    try:
        # Editors on Windows put a byte order mark first.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidSettings(file, line, why="is not UTF-8") from error


def _parse_variable(text: str) -> Mapping[str, Credential]:
    # configfile.parseEnvConfig: unknown fields are refused, every entry has `auth` and nothing else.
    top = parse_settings(text, _VARIABLE)
    _only(top, "auths")
    return _frozen((key, _variable_entry(key, entry)) for key, entry in top.section("auths").sections())


def _variable_entry(key: str, entry: Section) -> Credential:
    _only(entry, "auth")
    if not entry.text("auth"):
        raise entry.invalid("", f"the entry for {key} has no 'auth'")
    return replace(_password(entry), source=_VARIABLE)


def _only(section: Section, known: str) -> None:
    for name in section.values:
        if name.lower() != known:
            raise section.invalid(name, f"is not known here; docker reads only '{known}'")


def _credential(entry: Section) -> Credential | None:
    """The credential that an entry of `auths` holds, or None in an empty one; a token counts before a password."""
    source = entry.source()
    username = entry.text("username")
    password = Credential.password(username, Secret(entry.text("password")), source=source) if username else None
    if entry.text("auth"):
        password = _password(entry)
    if registry_token := _token(entry, "registrytoken"):
        return Credential.registry_token(registry_token, source=source)
    if identity_token := _token(entry, "identitytoken"):
        user = password.username if password else ""
        return Credential.identity_token(identity_token, source=source, username=user)
    return password


def _token(entry: Section, name: str) -> Secret:
    token = entry.text(name)
    if token and not _TOKEN.fullmatch(token):
        raise entry.invalid(name, "has characters that no token has", remedy="log in again")
    return Secret(token)


def _password(entry: Section) -> Credential:
    """What `auth` says: base64 of `user:password`."""
    try:
        # Go's decoder skips line ends, and wants the padding.
        written = entry.text("auth").replace("\r", "").replace("\n", "")
        decoded = base64.b64decode(written, validate=True).decode()
    except (binascii.Error, ValueError):
        # Not chained: the message of a decoding error has the secret's bytes in it.
        raise entry.invalid("auth", "is not base64 of user:password", remedy="log in again") from None
    username, colon, password = decoded.partition(":")
    if not colon or not username:
        raise entry.invalid("auth", "has no user name before a colon", remedy="log in again")
    # configfile.decodeAuth trims these: old versions padded with them.
    return Credential.password(username, Secret(password.strip("\0")), source=entry.source())


def _find(entries: Mapping[str, Value], registry: Registry) -> Value | None:
    """The entry for `registry`: the exact key, else the first that names its host, those without a path before."""
    exact = _HUB_KEY if registry.is_docker_hub else registry.name
    if exact in entries:
        return entries[exact]
    wanted = registry.name.lower()
    alike = [key for key in entries if _host(key) == wanted]
    alike.sort(key=lambda key: _path(key) not in _PLAIN_PATHS)
    return entries[alike[0]] if alike else None


def _host(key: str) -> str:
    """The host and port that a key names, Docker Hub's spellings made one (credentials.ConvertToHostname)."""
    authority = _without_scheme(key).partition("/")[0]
    try:
        return Registry.parse(authority).name.lower()
    except InvalidReference:
        return authority.lower()


def _path(key: str) -> str:
    return _without_scheme(key).partition("/")[2].strip("/")


def _without_scheme(key: str) -> str:
    scheme, separator, rest = key.partition("://")
    return rest if separator and scheme.lower() in ("http", "https") else key


def _helper_keys(registry: Registry) -> tuple[str, ...]:
    # docker stores Docker Hub under its old URL, podman under its name.
    return (_HUB_KEY, DOCKER_HUB) if registry.is_docker_hub else (registry.name,)


def _frozen(items: Iterable[tuple[str, Value]]) -> Mapping[str, Value]:
    return MappingProxyType(dict(items))
