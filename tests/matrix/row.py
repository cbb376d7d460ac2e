"""A row of the matrix: a network, what somebody wants of a registry in it, and what has to come of that."""

from __future__ import annotations

__all__ = [
    "PROXY_PORT",
    "REAL",
    "Before",
    "End",
    "Host",
    "Learns",
    "Port",
    "Proxy",
    "Row",
    "Said",
    "Stage",
    "Wish",
    "explicit",
    "far",
    "host",
    "lossy",
    "only",
]

import enum
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace

from boxship.connect.memory import Seen
from tests.network.road import Kind, Loss

TLS_PORT, PLAIN_PORT, EXPLICIT_PORT, PROXY_PORT = 443, 80, 5000, 3128
LONGEST = 10.0  # seconds; a row that takes longer has only a simulated clock
_SILENT = frozenset({"dropped", "refused", "unreachable"})


class Stage(enum.StrEnum):
    """Where a row is played."""

    SIMULATED = "simulated clock"
    FIREWALL = "namespaces, nftables"
    WIRE = "namespaces, wire"


REAL = (Stage.FIREWALL, Stage.WIRE)


class Said(enum.StrEnum):
    """What somebody said about plain HTTP."""

    INSECURE = "--insecure"
    AUTO = "--plain-http=auto"
    ALWAYS = "--plain-http"
    NOTHING = "nothing"
    PRIVATE = "nothing; a private address"
    LOOPBACK = "nothing; a loopback address"


class Wish(enum.StrEnum):
    """What is wanted: tags, or something that carries a secret of its own."""

    TAGS = "tags; there is a credential"
    ANONYMOUS = "tags; there is no credential"
    HEADER = "tags, with a header of the user's"
    PUT = "PUT"


class End(enum.StrEnum):
    """How it ends: over which scheme, or with which error."""

    TLS = "TLS"
    PLAIN = "plain"
    BAD_TLS = "TLSFailed"
    NO_CONSENT = "PlainNotPermitted"
    LOST = "ConnectFailed"
    ANSWER = "UnexpectedAnswer"
    LATE = "TimedOut"
    BROKEN = "BrokenAnswer"


class Learns(enum.StrEnum):
    """What anybody on the way can read at most, from nothing to a secret."""

    NOTHING = "nothing"
    QUESTION = "GET /v2/"
    READ = "anonymous reads"
    SECRET = "a secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """What a port of one address does (a word of `behaviour.ports`, or silence), and the way there, in seconds."""

    does: str
    there: float = 0.0
    back: float = 0.0
    losses: tuple[Loss, ...] = ()

    @property
    def round_trip(self) -> float:
        """Of a packet and its answer."""
        return self.there + self.back

    @property
    def listens(self) -> bool:
        """Whether a program is there."""
        return self.does not in _SILENT

    @property
    def needs_wire(self) -> bool:
        """Whether a firewall cannot do this."""
        first = Loss(kind=Kind.SYN, first=1)
        return bool(self.round_trip or any(loss != first for loss in self.losses))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One address of the registry's name."""

    ports: Mapping[int, Port]
    version: int = 4
    routed: bool = True
    """Whether there is a way to it; without one the client's own system says so at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy on a machine of its own, and what the environment says of it."""

    port: Port
    scheme: str = "http"
    variables: tuple[str, ...] = ("HTTPS_PROXY", "HTTP_PROXY")
    excepted: bool = False
    """Whether `NO_PROXY` names the registry."""


@dataclass(frozen=True, slots=True)
class Before:
    """What an earlier run has left in the memory: what it saw, how many seconds ago, and with what evidence."""

    seen: Seen
    age: float
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A network, a wish, and what has to come of it.

    `at` is when it is decided: to the millisecond on the simulated clock, where a round trip takes one; at the real
    stages not before that, and not much later. `learns` is exactly what is said in plain. `syns` is how many packets
    that want to connect a port sees, at least and at most, where that is the point.
    """

    name: str
    hosts: tuple[Host, ...]
    at: float
    end: End
    learns: Learns = Learns.NOTHING
    _: KW_ONLY
    said: Said = Said.INSECURE
    wish: Wish = Wish.TAGS
    port: int | None = None
    syns: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    requests: Mapping[int, int] = field(default_factory=dict)
    """How many requests a port sees at the real stages, where that is the point."""
    words: str = ""
    """What the error says, among other things."""
    late: float = 0.0
    """What the real stages may take longer, for a reason of the network's."""
    early: float = 0.0
    """And less."""
    certain: float | None = None
    """When absence would be certain: a machine that is late by so much is right to say a secret, and tries again."""
    proxy: Proxy | None = None
    before: Before | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    simulated: bool = True

    @property
    def ports(self) -> frozenset[int]:
        """The ports that something is said about."""
        proxy = {PROXY_PORT} if self.proxy else set[int]()
        return frozenset(port for host in self.hosts for port in host.ports) | proxy

    @property
    def round_trip(self) -> float:
        """The longest."""
        return max(port.round_trip for host in self.hosts for port in host.ports.values())

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Where it can be played."""
        real = self.at <= LONGEST
        wired = any(port.needs_wire for host in self.hosts for port in host.ports.values())
        can = {
            Stage.SIMULATED: self.simulated and not self.proxy,
            Stage.FIREWALL: real and not wired,
            Stage.WIRE: real and self.said is not Said.LOOPBACK,
        }
        return tuple(stage for stage, possible in can.items() if possible)


def host(secure: Port | str, plain: Port | str, *, version: int = 4) -> Host:
    """An address with something on 443 and on 80."""
    return Host(ports={TLS_PORT: _port(secure), PLAIN_PORT: _port(plain)}, version=version)


def explicit(does: Port | str, *, port: int = EXPLICIT_PORT) -> tuple[Host, ...]:
    """An address with something on the port that is written, and good TLS and a registry where nobody is to look."""
    elsewhere = {TLS_PORT: _port("TLS"), PLAIN_PORT: _port("open")}
    return (Host(ports={**elsewhere, port: _port(does)}),)


def only(secure: Port | str, plain: Port | str) -> tuple[Host, ...]:
    """The one address of a name."""
    return (host(secure, plain),)


def far(does: str, there: float, back: float | None = None) -> Port:
    """A port so many seconds away; one number is half a round trip."""
    return Port(does=does, there=there, back=there if back is None else back)


def lossy(does: Port | str, *losses: Loss) -> Port:
    """A port on the way to which packets are lost."""
    return replace(_port(does), losses=losses)


def _port(does: Port | str) -> Port:
    return does if isinstance(does, Port) else Port(does=does)
