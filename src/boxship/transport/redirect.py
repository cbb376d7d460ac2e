"""Where a redirect leads, and what may be sent there: a pure decision (design: "After the race")."""

from __future__ import annotations

__all__ = ["Hop", "follow"]

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from boxship.connect.address import Address, Permission, is_literal, permission_by_address
from boxship.connect.verdict import Origin
from boxship.errors import InvalidReference, UnexpectedAnswer
from boxship.reference import Registry
from boxship.wire.message import Head, Request

# All that another host learns of a request: no credential, no header of the user's.
_CARRIED = ("Accept", "Range")


@dataclass(frozen=True, slots=True)
class Hop:
    """The next request: at `registry`, or on the present connection, which becomes TLS where `tls_port` is said."""

    request: Request
    registry: Registry | None = None
    tls_port: int | None = None


def follow(request: Request, head: Head, origin: Origin) -> Hop:
    """The next hop after `head` answered `request` at `origin`, or `UnexpectedAnswer` for one that is not taken."""
    location = head.get("location")
    target = urlsplit(urljoin(f"{origin}{request.path}", location))
    path = target.path + (f"?{target.query}" if target.query else "")
    if not location or target.scheme not in ("http", "https") or not target.hostname:
        raise _not_taken(request, location, "it leads nowhere")
    if not request.safe:
        raise _not_taken(request, location, f"a {request.method} is not sent elsewhere")
    if target.hostname == origin.host:
        port = _port(target.port, target.scheme)
        upgrade = origin.scheme == "http" and target.scheme == "https"
        if upgrade or port in (origin.port, _port(None, target.scheme)):
            return Hop(Request(request.method, path or "/", request.headers), tls_port=port if upgrade else None)
    carried = {name: value for name, value in request.headers.items() if name in _CARRIED}
    return Hop(
        Request(request.method, path or "/", carried), _registry(request, location, target.scheme, target.netloc)
    )


def _registry(request: Request, location: str, scheme: str, netloc: str) -> Registry:
    try:
        registry = Registry.parse(f"{scheme}://{netloc}")
    except InvalidReference as error:
        raise _not_taken(request, location, error.why) from error
    if scheme == "http" and not _plain_permitted(registry):
        raise _not_taken(request, location, "it leads to plain HTTP at another host, which nothing permits")
    return registry


def _plain_permitted(registry: Registry) -> bool:
    if not is_literal(registry.host):
        return registry.host == "localhost"
    return permission_by_address(registry.host, Address.of(registry.host, 0)) is Permission.FULL


def _port(port: int | None, scheme: str) -> int:
    return port or (443 if scheme == "https" else 80)


def _not_taken(request: Request, location: str, why: str) -> UnexpectedAnswer:
    where = urlsplit(location)
    shown = f"{where.scheme}://{where.netloc}{where.path}" if where.netloc else where.path
    return UnexpectedAnswer(f"the redirect of {request.method} {request.path} to {shown!r} was not followed", why=why)
