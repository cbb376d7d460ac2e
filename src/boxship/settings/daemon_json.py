"""docker's `daemon.json`: which registries it holds to be insecure, which mirrors Docker Hub has, and where it says so.

Read as dockerd reads it (moby, daemon/pkg/registry/config.go): a host with or without a port is meant exactly, a CIDR
means addresses; mirrors are Docker Hub's alone. The machine's file and a rootless daemon's count both: what one of them
permits, docker would do here. Nothing else of it is read.
"""

from __future__ import annotations

__all__ = ["Network", "Unsafe", "daemon_files", "parse_daemon_json", "read_daemon_json"]

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Registry
from boxship.settings.file_bytes import file_bytes
from boxship.settings.machine import Machine
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FIELD = "insecure-registries"
_MIRRORS = "registry-mirrors"
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_PREFIX = re.compile(r"/[0-9]{1,3}")  # Go's ParseCIDR knows no netmasks


@dataclass(frozen=True, slots=True)
class Unsafe:
    """The registries that settings hold to be insecure.

    Attributes:
        hosts: `host[:port]` in lower case, with where it is written.
        networks: the CIDRs: they permit addresses, not names.
        mirrors: Docker Hub's, in their order: a registry whose scheme is told, and the path that comes before `/v2`.
        warnings: what was ignored or taken otherwise than it is written, in words.
    """

    hosts: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[Sourced[Network], ...] = ()
    mirrors: tuple[Sourced[tuple[Registry, str]], ...] = ()
    warnings: tuple[str, ...] = ()

    def source(self, registry: Registry) -> str:
        """What says that this very host is insecure, by its name or as an address in a network; else empty."""
        exact = self.hosts.get(registry.name.lower(), "")
        if exact or not self.networks:
            return exact
        try:
            address = ipaddress.ip_address(registry.host.partition("%")[0])
        except ValueError:
            return ""
        return next((network.source for network in self.networks if address in network.value), "")

    def __or__(self, other: Unsafe) -> Unsafe:
        """What either says; this one is named where both say the same."""
        networks = {network.value: network for network in (*other.networks, *self.networks)}
        warnings = (*self.warnings, *other.warnings)
        # A daemon has one file: mirrors of two are not mixed.
        return Unsafe({**other.hosts, **self.hosts}, tuple(networks.values()), self.mirrors or other.mirrors, warnings)


def daemon_files(environment: Mapping[str, str], *, windows: bool = os.name == "nt") -> tuple[Path, ...]:
    """Where daemon.json may be: the machine's, and that of a rootless daemon."""
    machine = Machine.of(environment, windows=windows)
    if windows:
        return (machine.docker / "config" / "daemon.json",)
    return machine.docker / "daemon.json", machine.config / "docker" / "daemon.json"


def read_daemon_json(files: Iterable[Path]) -> Unsafe:
    """What the files say together; a missing one says nothing, one that may not be read is warned of."""
    found = Unsafe()
    for file in files:
        found |= _read(file)
    return found


def parse_daemon_json(text: str, file: str) -> Unsafe:
    """What the `daemon.json` in `text` says, or `InvalidSettings` with the line."""
    from boxship.settings.json_file import parse_settings  # noqa: PLC0415 -- most machines have no such file

    hosts: dict[str, str] = {}
    networks: list[Sourced[Network]] = []
    warnings: list[str] = []
    fields = parse_settings(text, file)
    for item in fields.items(_FIELD):
        written, scheme = _without_scheme(item.value)
        if scheme:
            warnings.append(f"{item.source}: {_FIELD} have no scheme: {scheme} is left out")
        network = _network(written)
        if network:
            networks.append(Sourced(network, item.source))
        else:
            hosts.setdefault(_host(written, item), item.source)
    return Unsafe(hosts, tuple(networks), tuple(map(_mirror, fields.items(_MIRRORS))), tuple(warnings))


def _read(file: Path) -> Unsafe:
    try:
        text = file_bytes(file).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return Unsafe()
    except UnicodeDecodeError as error:
        raise InvalidSettings(str(file), why="is not UTF-8") from error
    except OSError as error:
        # It is the daemon's, and need not be everybody's to read.
        words = f"{file} cannot be read, so its {_FIELD} and {_MIRRORS} are not known: {error.strerror}"
        return Unsafe(warnings=(words,))
    return parse_daemon_json(text, str(file))


def _without_scheme(written: str) -> tuple[str, str]:
    scheme = _SCHEME.match(written)
    return (written[scheme.end() :], scheme.group()) if scheme else (written, "")


def _network(written: str) -> Network | None:
    address, slash, _ = written.partition("/")
    if not _PREFIX.fullmatch(written[len(address) :]) or not slash:
        return None
    try:
        return ipaddress.ip_network(written, strict=False)
    except ValueError:
        return None


def _host(written: str, item: Sourced[str]) -> str:
    if "/" in written:
        raise _wrong(item, "it is no CIDR, and a host has no path")
    # An IPv6 address without brackets is taken by dockerd; no reference writes it so.
    bracketed = f"[{written}]" if written.count(":") > 1 and not written.startswith("[") else written
    try:
        return Registry.parse(bracketed).name.lower()
    except InvalidReference as error:
        raise _wrong(item, error.why) from None


def _mirror(item: Sourced[str]) -> Sourced[tuple[Registry, str]]:
    """ValidateMirror: a URL with a scheme and perhaps a path, and nothing else."""
    scheme = _SCHEME.match(item.value)
    authority, slash, path = item.value[scheme.end() if scheme else 0 :].partition("/")
    if not scheme:
        raise _wrong(item, "it does not begin with http:// or https://", _MIRRORS)
    if any(mark in path for mark in "?#"):
        raise _wrong(item, "it has a query or a fragment", _MIRRORS)
    try:
        registry = Registry.parse(f"{scheme.group()}{authority}")
    except InvalidReference as error:
        raise _wrong(item, error.why, _MIRRORS) from None
    return Sourced((registry, f"{slash}{path}".rstrip("/")), item.source)


def _wrong(item: Sourced[str], why: str, field: str = _FIELD) -> InvalidSettings:
    file, _, line = item.source.rpartition(":")
    what = "no mirror's URL" if field == _MIRRORS else "no host and no CIDR"
    # Not what is written there: it may be a user's name and password.
    return InvalidSettings(file, int(line), why=f"{field}: this is {what}: {why}")
