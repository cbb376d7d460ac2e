"""Where a redirect leads, and what may be sent there: a pure decision (docs/connecting.md, "After the race")."""

from __future__ import annotations

__all__ = ["Hop", "follow"]

from boxship.auth.realm import is_link_local
from boxship.connect.address import Address, Permission, is_inside, is_literal, permission_by_address
from boxship.connect.verdict import Origin
from boxship.errors import UnexpectedAnswer
from boxship.reference import Registry
from boxship.value import dataclass
from boxship.wire.message import READING_HEADERS, Head, Request
from boxship.wire.target import Target


@dataclass(frozen=True, slots=True)
class Hop:
    """The next request: at `registry`, or on the present connection, which becomes TLS where `tls_port` is said.

    `url` is where it goes, without its query.
    """

    request: Request
    url: str
    registry: Registry | None = None
    tls_port: int | None = None

    @property
    def place(self) -> str:
        """Scheme, host and port of where it goes."""
        return "/".join(self.url.split("/", 3)[:3])


def follow(request: Request, head: Head, origin: Origin, dialled: Address | None = None) -> Hop:
    """The next hop after `head` answered `request` at `origin`, or `UnexpectedAnswer` for one that is not taken.

    `dialled`: the address of `origin`; None where a proxy alone knows it.
    """
    try:
        target = Target.parse(head.get("location"), f"{origin}{request.path}")
    except ValueError as error:
        raise _not_taken(request, head, "", str(error)) from None
    if not request.safe:
        raise _not_taken(request, head, f" to {target}", f"a {request.method} is not sent elsewhere")
    scheme = target.registry.scheme
    if target.host == origin.host:
        upgrade = origin.scheme == "http" and scheme == "https"
        if upgrade or target.port == origin.port or target.has_usual_port:
            there = Request(request.method, target.path, request.headers)
            return Hop(there, str(target), tls_port=target.port if upgrade else None)
    if why := _refusal(target, origin, dialled):
        raise _not_taken(request, head, f" to {target}", why)
    # All that another host learns: no credential, no header of the user's.
    carried = {name: value for name, value in request.headers.items() if name in READING_HEADERS}
    return Hop(Request(request.method, target.path, carried), str(target), target.registry)


def _refusal(target: Target, origin: Origin, dialled: Address | None) -> str:
    """Why another host is not asked, or ''."""
    if is_link_local(target.host):
        return "it leads to a link-local or metadata address"
    own = str(dialled.ip) if dialled else origin.host
    if _is_inside(target.host) and not _is_inside(own):
        return "it leads to a private or loopback address, and the host that says so is outside"
    if target.registry.scheme == "http" and not _plain_permitted(target.registry):
        return "it leads to plain HTTP at another host, which nothing permits"
    return ""


def _is_inside(host: str) -> bool:
    """Whether a host is, by its name alone, on this machine or in a private network."""
    if not is_literal(host):
        return host == "localhost" or host.endswith(".localhost")
    return is_inside(Address.of(host, 0).ip)


def _plain_permitted(registry: Registry) -> bool:
    if not is_literal(registry.host):
        return registry.host == "localhost"
    return permission_by_address(registry.host, Address.of(registry.host, 0)) is Permission.FULL


def _not_taken(request: Request, head: Head, whereto: str, why: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"the redirect of {request}{whereto} was not followed", status=head.status, why=why)
