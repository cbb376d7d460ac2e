"""Where a server listens: `HOST:PORT` read, judged, and bound.

Binding is apart from serving: a port is free or it is not before anything else is started.
"""

from __future__ import annotations

__all__ = ["Address", "at_port", "bind"]

import errno
import ipaddress
import socket
import sys
from typing import Self

from boxship.errors import InvalidSettings
from boxship.value import dataclass, replace

_FLAG = "--address"
_NAMED = {"localhost": "127.0.0.1"}
_REMEDIES = {
    errno.EADDRINUSE: "port 0 takes a free port",
    errno.EADDRNOTAVAIL: "give an address that this machine has; :PORT is all of them",
    errno.EACCES: "take a port above 1023: those below are root's",
}


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address and a port; port 0 is any that is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that `text` writes, or `InvalidSettings`; `localhost` is 127.0.0.1, and `:443` every address."""
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
        if not (colon and _is_port(port)):
            raise InvalidSettings(_FLAG, why=f"{text!r} is not HOST:PORT", remedy="for example 127.0.0.1:5000")
        host = _NAMED.get(host, host) or _every_address()
        try:
            ipaddress.ip_address(host)
        except ValueError as error:
            why = f"{host!r} is no IP address"
            raise InvalidSettings(_FLAG, why=why, remedy="for example 127.0.0.1:5000") from error
        return cls(host, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_every(self) -> bool:
        """Whether it stands for every address of this machine."""
        return ipaddress.ip_address(self.host).is_unspecified

    @property
    def here(self) -> Address:
        """Where this machine reaches what is served there: every address of a machine is none to dial."""
        if not self.is_every:
            return self
        return replace(self, host="::1" if ":" in self.host else "127.0.0.1")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def at_port(variable: str, port: str) -> str:
    """This machine's address at the port that a variable of the environment has, or `InvalidSettings`."""
    if not _is_port(port):
        raise InvalidSettings(variable, why=f"{port!r} is no port", remedy=f"unset it, or give {_FLAG}")
    return f"127.0.0.1:{port}"


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 65536


def _every_address() -> str:
    """What stands for every address of this machine, of both kinds where one socket has both."""
    return "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - who may be served there is not decided here


def bind(address: Address) -> socket.socket:
    """A socket that holds the address for this process, or `InvalidSettings` where somebody else has it.

    It does not listen: whoever serves binds the same address beside it, which SO_REUSEPORT then lets them.
    """
    holder = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((address.host, address.port))
        # Only after binding: before it, this would share a port that another registry listens on.
        if sys.platform != "win32":  # there, SO_REUSEADDR is enough to share
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        holder.close()
        why = (error.strerror or str(error)).lower()
        raise InvalidSettings(f"{_FLAG} {address}", why=why, remedy=_REMEDIES.get(error.errno or 0, "")) from error
    return holder
