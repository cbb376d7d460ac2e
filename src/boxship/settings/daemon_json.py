"""docker's `daemon.json`: which registries it holds to be insecure, and where that is written.

Read as dockerd reads it (moby, daemon/pkg/registry/config.go): a host with or without a port is meant exactly, a CIDR
means addresses. The machine's file and a rootless daemon's count both: what one of them permits, docker would do here.
Nothing else of it is read.
"""

from __future__ import annotations

__all__ = ["Network", "Unsafe", "daemon_files", "parse_daemon_json", "read_daemon_json"]

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Registry
from boxship.settings.docker_config import home_folder
from boxship.settings.json_file import parse_settings
from boxship.settings.sourced import Sourced

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FIELD = "insecure-registries"
SYSTEM_FILE = Path("/etc/docker/daemon.json")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_PREFIX = re.compile(r"/[0-9]{1,3}")  # Go's ParseCIDR knows no netmasks


@dataclass(frozen=True, slots=True)
class Unsafe:
    """The registries that settings hold to be insecure.

    Attributes:
        hosts: `host[:port]` in lower case, with where it is written.
        networks: the CIDRs: they permit addresses, not names.
        warnings: what was ignored or taken otherwise than it is written, in words.
    """

    hosts: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[Sourced[Network], ...] = ()
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
        return Unsafe({**other.hosts, **self.hosts}, tuple(networks.values()), warnings)


def daemon_files(environment: Mapping[str, str], *, windows: bool = os.name == "nt") -> tuple[Path, ...]:
    """Where daemon.json may be: the machine's, and that of a rootless daemon."""
    if windows:
        return (Path(environment.get("PROGRAMDATA", r"C:\ProgramData"), "docker", "config", "daemon.json"),)
    folder = Path(environment.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():  # the XDG specification: relative ones are ignored
        folder = Path(home_folder(environment), ".config")
    return SYSTEM_FILE, folder / "docker" / "daemon.json"


def read_daemon_json(files: Iterable[Path]) -> Unsafe:
    """What the files say together; a missing one says nothing, one that may not be read is warned of."""
    found = Unsafe()
    for file in files:
        found |= _read(file)
    return found


def parse_daemon_json(text: str, file: str) -> Unsafe:
    """What the `daemon.json` in `text` says, or `InvalidSettings` with the line."""
    hosts: dict[str, str] = {}
    networks: list[Sourced[Network]] = []
    warnings: list[str] = []
    for item in parse_settings(text, file).items(_FIELD):
        written, scheme = _without_scheme(item.value)
        if scheme:
            warnings.append(f"{item.source}: {_FIELD} have no scheme: {scheme} is left out")
        network = _network(written)
        if network:
            networks.append(Sourced(network, item.source))
        else:
            hosts.setdefault(_host(written, item), item.source)
    return Unsafe(hosts, tuple(networks), tuple(warnings))


def _read(file: Path) -> Unsafe:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return Unsafe()
    except UnicodeDecodeError as error:
        raise InvalidSettings(str(file), why="is not UTF-8") from error
    except OSError as error:
        # It is the daemon's, and need not be everybody's to read.
        return Unsafe(warnings=(f"{file} cannot be read, so its {_FIELD} are not known: {error.strerror}",))
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


def _wrong(item: Sourced[str], why: str) -> InvalidSettings:
    file, _, line = item.source.rpartition(":")
    # Not what is written there: it may be a user's name and password.
    return InvalidSettings(file, int(line), why=f"{_FIELD}: this is no host and no CIDR: {why}")
