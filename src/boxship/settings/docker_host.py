"""Where docker's daemon listens: `DOCKER_HOST`, else the context that is in use, else the usual socket.

As docker/cli finds it (cli/command/cli.go, `resolveContextName`; cli/context/store).
"""

from __future__ import annotations

__all__ = ["DockerHost", "docker_host"]

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from boxship.errors import InvalidSettings
from boxship.settings.credential_files import config_file
from boxship.settings.file_bytes import file_bytes
from boxship.settings.json_file import parse_settings
from boxship.settings.machine import home_folder
from boxship.settings.section import Section
from boxship.settings.sourced import Sourced
from boxship.value import dataclass

_USUAL = "unix:///var/run/docker.sock"
_DEFAULT = "default"  # the context that is no context
_PLAIN_PORT = 2375
_REMEDY = "name a unix:// or tcp:// host, or pass an archive on: docker save app:1 | boxship copy - …"


@dataclass(frozen=True, slots=True)
class DockerHost:
    """A socket's path, or else a host and a port; and who says so."""

    path: str
    host: str
    port: int
    said: Sourced[str]

    @classmethod
    def parse(cls, said: Sourced[str]) -> Self:
        """The place that `unix:///…` or `tcp://HOST:PORT` writes, or `InvalidSettings`."""
        scheme, _, rest = said.value.partition("://")
        if scheme == "unix" and rest:
            return cls(rest, "", 0, said)
        host, colon, port = rest.rstrip("/").rpartition(":")
        if scheme in ("tcp", "http") and not colon:
            host, port = port, str(_PLAIN_PORT)
        is_known = scheme in ("tcp", "http") and host and port.isascii() and port.isdecimal() and len(port) < 6
        if not is_known or "@" in rest:
            # What stands before an @ may be a password: nothing of it is repeated.
            what = "a log-in and a host" if "@" in said.value else repr(said.value)
            raise InvalidSettings(said.source, why=f"{what} is no host that is known here", remedy=_REMEDY)
        return cls("", host.strip("[]"), int(port), said)

    def __str__(self) -> str:
        return str(self.said)


def docker_host(environment: Mapping[str, str], *, directory: str = "") -> DockerHost:
    """Where docker's daemon listens; `directory` is docker's folder of settings, where a flag names it."""
    if value := environment.get("DOCKER_HOST"):
        named = DockerHost.parse(Sourced(value, "DOCKER_HOST"))
        if named.host and environment.get("DOCKER_TLS_VERIFY"):
            raise InvalidSettings("DOCKER_TLS_VERIFY", why="docker's daemon is not spoken to over TLS", remedy=_REMEDY)
        return named
    file = config_file(environment, home=home_folder(environment), directory=directory)
    name = environment.get("DOCKER_CONTEXT") or _section(Path(file)).text("currentContext")
    if name in ("", _DEFAULT):
        return DockerHost.parse(Sourced(_USUAL, "default"))
    # A context's folder has its name's digest as its name.
    meta = Path(file).parent / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    endpoint = _section(meta).section("Endpoints").section("docker")
    host = endpoint.text("Host")
    if not host:
        raise InvalidSettings(str(meta), why=f"docker's context {name!r} names no host", remedy="docker context ls")
    return DockerHost.parse(Sourced(host, endpoint.source("Host")))


def _section(file: Path) -> Section:
    """What a file says; nothing where it is not there."""
    try:
        return parse_settings(file_bytes(file).decode("utf-8-sig"), str(file))
    except FileNotFoundError:
        return parse_settings("{}", str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(str(file), why=f"cannot be read: {error}") from error
