"""`registries.yaml` of k3s and rke2: mirrors with rewriting, and how each host is spoken to.

The rules are those of k3s (pkg/agent/containerd, docs.k3s.io/installation/private-registry), which makes containerd's
`hosts.toml` of it: endpoints in their order, the registry itself last; `configs` are for a host, whoever asks it.
"""

from __future__ import annotations

__all__ = ["Config", "Endpoint", "RegistriesYaml", "parse_registries_yaml"]

import re
from collections.abc import Iterator, Mapping

from boxship.credential import Credential, Secret
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Registry
from boxship.settings.certs_d import Certificates
from boxship.settings.section import Section
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, field

_EVERY = "*"
_KNOWN = ("mirrors", "configs", "auths")
_GROUP = re.compile(r"\$(?:(\w+)|\{(\w+)\})")  # Go's Expand


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host that is asked in a registry's place, under `base`; its repositories are rewritten by `rules`."""

    registry: Registry
    base: str
    rules: tuple[tuple[re.Pattern[str], str], ...]
    source: str

    def rewritten(self, repository: str) -> str:
        """What the repository is called there: the first rule that fits changes it."""
        for pattern, made in self.rules:
            if pattern.search(repository):
                return pattern.sub(made, repository)
        return repository


@dataclass(frozen=True, slots=True)
class Config:
    """How a host is spoken to, and who asks."""

    certificates: Certificates
    skip_verify: Sourced[bool] | None
    credential: Credential | None


@dataclass(frozen=True, slots=True)
class RegistriesYaml:
    """What the file says; `mirrors` by registry, of which `*` is for all that are not named, `configs` by host."""

    mirrors: Mapping[str, tuple[Endpoint, ...]] = field(default_factory=dict)
    configs: Mapping[str, Config] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def endpoints(self, host: str) -> tuple[Endpoint, ...]:
        """Whom to ask for a registry, in order, before itself."""
        return self.mirrors.get(host.lower(), self.mirrors.get(_EVERY, ()))


def parse_registries_yaml(section: Section) -> RegistriesYaml:
    """What the file says, or `InvalidSettings`."""
    mirrors = {name.lower(): tuple(_endpoints(inner)) for name, inner in section.section("mirrors").sections()}
    configs = {name.lower(): _config(inner) for name, inner in section.section("configs").sections()}
    warnings = (
        f"{section.source(name)}: {name!r} is nothing that registries.yaml knows, and is ignored"
        for name in section.values
        if name.lower() not in _KNOWN
    )
    return RegistriesYaml(mirrors, configs, tuple(warnings))


def _endpoints(section: Section) -> Iterator[Endpoint]:
    rules = tuple(_rules(section.section("rewrite")))
    for item in section.items("endpoint"):
        scheme, _, rest = (item.value if "://" in item.value else f"https://{item.value}").partition("://")
        authority, slash, path = rest.partition("/")
        base = f"{slash}{path}".rstrip("/")
        if any(mark in rest for mark in "?#"):
            raise _wrong(item, "an endpoint's URL has no query")
        try:
            yield Endpoint(Registry.parse(f"{scheme}://{authority}"), base or "/v2", rules, item.source)
        except InvalidReference as error:
            # Not what is written there: it may be a user's name and password.
            raise _wrong(item, f"an endpoint is no host's URL: {error.why}") from None


def _rules(section: Section) -> Iterator[tuple[re.Pattern[str], str]]:
    for pattern, made in section.texts():
        try:
            compiled = re.compile(pattern)
            template = _GROUP.sub(lambda group: f"\\g<{group[1] or group[2]}>", made.replace("\\", r"\\"))
            compiled.sub(template, "")
            re.sub(f"(?:{pattern})?", template, "")
        except (re.error, IndexError, RecursionError, OverflowError) as error:
            raise section.invalid(pattern, f"this is no rule of rewriting: {error}") from error
        yield compiled, template


def _config(section: Section) -> Config:
    tls = section.section("tls")
    certificate, key = _file(tls, "cert_file"), _file(tls, "key_file")
    if key and not certificate:
        raise tls.invalid("key_file", "a key goes with its certificate, cert_file")
    authority = _file(tls, "ca_file")
    certificates = Certificates((authority,) if authority else (), (certificate, key) if certificate else None)
    skip = tls.flag("insecure_skip_verify")
    said = None if skip is None else Sourced(skip, tls.source("insecure_skip_verify"))
    return Config(certificates, said, _credential(section.section("auth")))


def _file(section: Section, name: str) -> Sourced[str] | None:
    value = section.text(name)
    return Sourced(value, section.source(name)) if value else None


def _credential(section: Section) -> Credential | None:
    username, password = section.text("username"), section.text("password")
    token, identity = section.text("auth"), section.text("identity_token")
    if identity:
        return Credential.identity_token(Secret(identity), source=section.source("identity_token"))
    if username:
        return Credential.password(username, Secret(password), source=section.source("username"))
    if token:
        return _decoded(section, token)
    return None


def _decoded(section: Section, token: str) -> Credential:
    import base64  # noqa: PLC0415 -- few have any

    try:
        username, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        username = colon = password = ""
    if not (username and colon):
        raise section.invalid("auth", "it is no user name and password in base64")
    return Credential.password(username, Secret(password.rstrip("\0")), source=section.source("auth"))


def _wrong(item: Sourced[str], why: str) -> InvalidSettings:
    file, _, line = item.source.rpartition(":")
    return InvalidSettings(file, int(line), why=why)
