"""Headers of the caller's own (`--header`): sent to the hosts it names, to nobody else, and shown to nobody.

They count as secrets: over plain HTTP they wait for certainty and consent, as credentials do.
"""

from __future__ import annotations

__all__ = ["Header", "parse_headers", "parse_user_agent", "read_header"]

from collections.abc import Mapping

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.settings.sourced import Sourced
from boxship.value import dataclass
from boxship.wire.message import FRAMING_HEADERS, Request
from boxship.wire.printable import printable

_FLAG = "flag --header"
# What boxship writes by itself, and what to do instead of writing it.
_OURS = {
    "authorization": "use --username and --password-stdin, or docker's settings",
    "proxy-authorization": "write the proxy's user name and password into its URL",
    "user-agent": "use --user-agent",
    "accept": "boxship asks for what it can read",
    "accept-encoding": "boxship asks for what it can verify",
    "range": "boxship asks for the parts that it needs",
    "if-range": "boxship asks for the parts that it needs",
}


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it is sent."""

    name: str
    value: Secret


def parse_headers(headers: Mapping[str, str]) -> tuple[Sourced[Header], ...]:
    """The headers, or `InvalidSettings` for one that cannot be sent or is boxship's to write."""
    for name in headers:
        _refuse_ours(name)
    return tuple(Sourced(_header(name, value, f"--header {printable(name)}"), _FLAG) for name, value in headers.items())


def read_header(name: str, value: str, source: str) -> Header:
    """A header of a settings file, or `InvalidSettings`; a log-in may be among those."""
    if name.lower() in FRAMING_HEADERS:
        raise InvalidSettings(source, why=f"{printable(name)}: boxship writes it: it says how the request is framed")
    return _header(name, value, f"{source}: {printable(name)}")


def parse_user_agent(text: str) -> str:
    """What boxship is to call itself, or `InvalidSettings`."""
    if not text.strip() or not _can_be_sent("User-Agent", text):
        why = "it is empty, or has a line break or a letter that may not stand in a header"
        raise InvalidSettings("--user-agent", why=why)
    return text


def _refuse_ours(name: str) -> None:
    lower = name.lower()
    if lower in FRAMING_HEADERS:
        raise InvalidSettings(f"--header {name}", why="boxship writes it: it says how the request is framed")
    if lower in _OURS:
        raise InvalidSettings(f"--header {name}", why="boxship writes it", remedy=_OURS[lower])


def _header(name: str, value: str, where: str) -> Header:
    if not _can_be_sent(name, value):
        # Not the value: it is a secret.
        why = "its name or its value has a space, a line break or a letter that may not stand there"
        raise InvalidSettings(where, why=why)
    return Header(name, Secret(value))


def _can_be_sent(name: str, value: str) -> bool:
    try:
        Request("GET", "/", {name: value}).encode("host")
    except ValueError:
        return False
    return True
