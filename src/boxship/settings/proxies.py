"""Which proxy a host is reached through, and which rule says so: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.

The rules are Go's (golang.org/x/net/http/httpproxy), so that what works for docker and crane works here; the entries
of `NO_PROXY` are `no_proxy`'s. A proxy that cannot be understood is an error where Go would go on without it.
"""

from __future__ import annotations

__all__ = ["Proxies", "Proxy", "Route"]

import re
from collections.abc import Mapping
from typing import Literal, NoReturn, Self, TypeAlias

from boxship.credential import Credential, Secret
from boxship.errors import InvalidSettings
from boxship.settings.no_proxy import Entry, ascii_name, ip_of, parse_entries
from boxship.value import dataclass, field
from boxship.wire.printable import printable

Scheme: TypeAlias = Literal["http", "https", "socks5"]

# With socks5 the proxy resolves names as well, as in Go: `socks5h` says the same.
_SCHEMES: Mapping[str, Scheme] = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5"}
_DEFAULT_PORTS: Mapping[Scheme, int] = {"http": 80, "https": 443, "socks5": 1080}

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AFTER_PLACE = re.compile(r"[/?#]")
_PLACE = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?")
_PORT = re.compile(r"[0-9]{1,5}")
_LABEL = r"[a-z0-9_~-]{1,63}"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_ZONE = re.compile(r"[A-Za-z0-9._~-]*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_FORM = "the form is http://user:password@proxy:port"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable (or the word) that named it. It is shown without its log-in."""

    scheme: Scheme
    host: str
    port: int
    credential: Credential | None = field(repr=False)
    rule: str

    @classmethod
    def parse(cls, text: str, rule: str) -> Self:
        """The proxy of a URL, or of `host:port`; raises `InvalidSettings`, which names `rule` and repeats nothing."""
        if _CONTROL.search(text):
            _refuse(rule, "a control character stands in it")
        before, mark, after = text.partition("://")
        scheme = _SCHEMES.get(before.lower()) if mark else "http"
        if not scheme:
            _refuse(rule, f"its scheme is none of {', '.join(_SCHEMES)}")
        authority, *_ = _AFTER_PLACE.split(after if mark else text, maxsplit=1)
        user, _, place = authority.rpartition("@")
        host, port = _parse_place(place, rule)
        return cls(scheme, host, port or _DEFAULT_PORTS[scheme], _parse_user(user, rule), rule)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a host: a proxy, or None for the direct one; and the rule that decided, in words."""

    proxy: Proxy | None
    rule: str


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable that is set; its value may hold a password."""

    name: str
    value: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """What an environment says of proxies, read once."""

    https: _Variable | None = None
    http: _Variable | None = None
    exceptions: tuple[Entry, ...] = ()
    exceptions_from: str = "NO_PROXY"
    cgi: bool = False
    """Whether this is a CGI program, to which anybody's header `Proxy:` comes as `HTTP_PROXY`."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """What the variables say: for each the name in upper case first, and then in lower case."""
        exceptions = _variable(environment, "NO_PROXY")
        return cls(
            https=_variable(environment, "HTTPS_PROXY"),
            http=_variable(environment, "HTTP_PROXY"),
            exceptions=parse_entries(exceptions.value.reveal()) if exceptions else (),
            exceptions_from=exceptions.name if exceptions else "NO_PROXY",
            cgi=bool(environment.get("REQUEST_METHOD")),
        )

    def route(self, scheme: Literal["https", "http"], host: str, port: int) -> Route:
        """The way to a host; raises `InvalidSettings` where it leads through a proxy that is not understood."""
        variable = self.https if scheme == "https" else self.http
        if not variable:
            return Route(None, f"{scheme.upper()}_PROXY is not set")
        if scheme == "http" and self.cgi:
            return Route(None, f"{variable.name} is refused where REQUEST_METHOD is set (CGI)")
        exception = self._exception(host, port)
        if exception:
            return Route(None, exception)
        return Route(Proxy.parse(variable.value.reveal(), variable.name), variable.name)

    def _exception(self, host: str, port: int) -> str:
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        name, address = ascii_name(bare), ip_of(bare)
        if name == "localhost" or (address is not None and address.is_loopback):
            return "loopback is never proxied"
        entry = next((entry for entry in self.exceptions if entry.covers(name, address, port)), None)
        return f"{self.exceptions_from} entry {printable(entry.text)}" if entry else ""


def _variable(environment: Mapping[str, str], name: str) -> _Variable | None:
    known = ((written, environment.get(written)) for written in (name, name.lower()))
    return next((_Variable(written, Secret(value)) for written, value in known if value), None)


def _parse_place(text: str, rule: str) -> tuple[str, int | None]:
    found = _PLACE.fullmatch(text)
    if not found:
        _refuse(rule, "its host and port are not understood (an IPv6 address stands in brackets)")
    port = found[2]
    if port and not (_PORT.fullmatch(port) and 1 <= int(port) <= 65535):
        _refuse(rule, "its port is not a number from 1 to 65535")
    return _parse_host(found[1], rule), int(port) if port else None


def _parse_host(text: str, rule: str) -> str:
    if text.startswith("["):
        return _parse_ipv6(text[1:-1], rule)
    host = ascii_name(text)
    if not _NAME.fullmatch(host):
        _refuse(rule, "its host is not a name or an address" if text else "it names no host")
    return host


def _parse_ipv6(text: str, rule: str) -> str:
    written, percent, zone = text.partition("%")
    zone = zone.removeprefix("25")  # RFC 6874: a zone's `%` is written `%25`
    if ":" not in written or ip_of(written) is None or (percent and not zone) or not _ZONE.fullmatch(zone):
        _refuse(rule, "what stands in brackets is not an IPv6 address")
    return f"{written.lower()}{percent}{zone}"


def _parse_user(text: str, rule: str) -> Credential | None:
    user, _, password = text.partition(":")
    if not user and not password:
        return None
    return Credential.password(_decoded(user, rule), Secret(_decoded(password, rule)), source=rule)


def _decoded(text: str, rule: str) -> str:
    """The text without its percent signs; bytes that are not UTF-8 are kept as `surrogateescape` does."""
    try:
        written = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        _refuse(rule, "its log-in is not text")
    if any(found[1] is None for found in _ESCAPE.finditer(written)):
        _refuse(rule, "a % in its log-in is not followed by two hexadecimal digits (write %25 for it)")
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), written).decode("utf-8", "surrogateescape")


def _refuse(rule: str, why: str) -> NoReturn:
    # What stands there may be a password in the wrong place: nothing of it is repeated.
    raise InvalidSettings(rule, why=why, remedy=_FORM) from None
