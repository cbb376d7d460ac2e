"""What earlier runs found at a host: one small file a host in the user's cache folder.

It orders attempts and can forbid plain HTTP. It permits nothing: what may be said to an address is `address`'s and the
settings' business, whatever is written here. There are no credentials, no tokens and no names of repositories in it.
"""

from __future__ import annotations

__all__ = ["Key", "Memory", "Remembered", "Seen", "key_of", "route_address"]

import enum
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from boxship.connect.address import Address, is_literal, is_loopback, is_private
from boxship.connect.own_folder import OwnFolder
from boxship.value import dataclass

_VERSION = 1
_FILE = re.compile(r"[0-9a-f]{16}\.json")
_MOST = 1000  # files
_LARGEST = 4096  # bytes of one of them
_LONGEST_EVIDENCE = 200  # characters
_DAY = 86400.0


class Seen(enum.StrEnum):
    """What a host was found to speak."""

    TLS_VERIFIED = "tls-verified"
    TLS_SEEN = "tls-seen"
    """TLS, with a certificate that did not satisfy or was not checked."""
    PLAIN = "plain"


_AGES: Mapping[Seen, float] = {Seen.TLS_VERIFIED: 90 * _DAY, Seen.TLS_SEEN: 30 * _DAY, Seen.PLAIN: _DAY}


@dataclass(frozen=True, slots=True)
class Key:
    """What is remembered apart; `key_of` makes it.

    Attributes:
        host: as written, in lower case, without a zone and a trailing dot.
        port: as written, or None.
        road: `direct`, or the proxy as it prints, without its user.
        here: where only this network knows the host, our own address on the road to it; else empty.
    """

    host: str
    port: int | None
    road: str
    here: str

    def __post_init__(self) -> None:
        if "@" in self.host or "@" in self.road:
            raise ValueError("a key of the memory holds no user")  # and the message does not show it


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was found, when (seconds of the epoch), where it was dialled (`10.0.0.5:80`), and the evidence in words."""

    seen: Seen
    at: float
    address: str
    evidence: str


class Memory:
    """The memory in a folder. Any number of threads and processes may use it at once.

    A folder that is missing or cannot be written is a memory that keeps nothing, and says nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = OwnFolder(folder, named=_FILE, most=_MOST, largest=_LARGEST)

    def recall(self, key: Key, now: float) -> Remembered | None:
        """What is known by that key, if it is not too old, nor from the future, and in every field what we write."""
        with suppress(OSError):  # a memory that cannot be read is none, and the host is reached without it
            content = self._folder.read(_name(key))
            found = _read(content, key) if content else None
            if found and found.at <= now <= found.at + _AGES[found.seen]:
                return found
        return None

    def known(self, host: str) -> Iterator[tuple[Key, Remembered]]:
        """All that is kept of a host, at whatever port and on whatever road, however old it is; for people to read."""
        name = _plain_name(host)
        with suppress(OSError):
            for content in self._folder.contents():
                key = _key_in(content)
                found = _read(content, key) if key and key.host == name else None
                if key and found:
                    yield key, found

    def remember(self, key: Key, what: Remembered) -> None:
        """Keep it, in place of what was known by that key."""
        with suppress(OSError):  # no cache folder, a full or a read-only disk: what was found holds all the same
            self._folder.write(_name(key), _written(key, what))

    def forget(self, key: Key) -> None:
        """Know nothing by that key any more."""
        with suppress(OSError):  # what cannot be deleted grows old
            self._folder.remove(_name(key))


def key_of(host: str, port: int | None, road: str, address: Address | None) -> Key | None:
    """The key of a host as it is written, dialled at `address` (on another road than `direct`: the proxy is).

    None for loopback, of which nothing is kept.
    """
    name = _plain_name(host)
    if _is_loopback(name) or (road == "direct" and address is not None and address.ip.is_loopback):
        return None
    return Key(name, port, road, route_address(address) if address and _is_local(name) else "")


def _plain_name(host: str) -> str:
    return host.partition("%")[0].rstrip(".").lower()


def route_address(address: Address) -> str:
    """Our own address on the road to another one; empty where there is no road. Nothing is sent."""
    with socket.socket(address.family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(address.at(address.sockaddr[1] or 9).sockaddr)  # not every system takes port 0
        except OSError:
            return ""
        own: tuple[str, int] | tuple[str, int, int, int] = sock.getsockname()
    # Interfaces can share a link-local address; their scopes differ.
    return f"{own[0]}%{own[3]}" if len(own) == 4 and own[3] else own[0]


def _is_loopback(name: str) -> bool:
    return is_loopback(name) or name == "localhost" or name.endswith(".localhost")


def _is_local(name: str) -> bool:
    """Whether another network may have another host of that name."""
    if not is_literal(name):
        return "." not in name
    ip = Address.of(name, 0).ip
    return is_private(ip) or ip.is_link_local


def _name(key: Key) -> str:
    """The name of a key's file: a hash, FNV-1a of 64 bits.

    `hashlib` would load OpenSSL, for longer than a connection takes. Keys that share a name replace each other, no
    more: the key in the file decides.
    """
    number = 0xCBF29CE484222325
    for byte in repr((key.host, key.port, key.road, key.here)).encode():
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return f"{number:016x}.json"


def _written(key: Key, what: Remembered) -> bytes:
    import json  # noqa: PLC0415 -- where there is nothing to remember, it is not needed

    fields = {
        "version": _VERSION,
        "host": key.host,
        "port": key.port,
        "road": key.road,
        "here": key.here,
        "seen": what.seen.value,
        "at": float(what.at),
        "address": what.address,
        "evidence": _words(what.evidence),
    }
    return json.dumps(fields, indent=1).encode() + b"\n"


def _key_in(content: bytes) -> Key | None:
    """The key that a file says it is kept by."""
    import json  # noqa: PLC0415 -- where nothing is remembered, it is not needed

    try:
        fields: object = json.loads(content.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    host, port, road, here = map(fields.get, ("host", "port", "road", "here"))
    if not (isinstance(host, str) and isinstance(road, str) and isinstance(here, str)):
        return None
    written = isinstance(port, int | None) and "@" not in f"{host}{road}"
    return Key(host, port, road, here) if written else None


def _read(content: bytes, key: Key) -> Remembered | None:
    """What a file says, if it is to the byte what would be written so, by that key; else None."""
    import json  # noqa: PLC0415 -- where nothing is remembered, it is not needed

    try:
        fields: object = json.loads(content.decode("ascii"))
        found = _remembered(fields) if isinstance(fields, dict) else None
    except (ValueError, RecursionError):
        return None  # foreign bytes: not ASCII, not JSON, a number too long, a word that is none of `Seen`
    return found if found and _written(key, found) == content and _is_address(found.address) else None


def _remembered(fields: Mapping[str, object]) -> Remembered | None:
    seen, at, address, evidence = map(fields.get, ("seen", "at", "address", "evidence"))
    if not (isinstance(at, float) and isinstance(address, str) and isinstance(evidence, str)):
        return None
    return Remembered(Seen(str(seen)), at, address, evidence)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    try:
        return str(Address.of(host.strip("[]"), int(port))) == text and 0 < int(port) < 65536
    except ValueError:
        return False


def _words(evidence: str) -> str:
    """Evidence as it may be shown: one line without control characters, and not endless."""
    shown = "".join(character if character.isprintable() else " " for character in evidence)
    return shown if len(shown) <= _LONGEST_EVIDENCE else f"{shown[: _LONGEST_EVIDENCE - 1]}…"
