"""One request, or a connection that came to nothing, as a value: what was waited for, and when."""

from __future__ import annotations

__all__ = ["Hop", "Layer", "Phase", "Role", "spoken"]

import enum
from collections.abc import Mapping

from boxship.value import dataclass


class Role(enum.Enum):
    """Who was asked."""

    REGISTRY = "registry"
    TOKENS = "token server"
    STORE = "blob store"


class Layer(enum.Enum):
    """What was waited for; the value says it to a person."""

    NAMES = "names"
    TCP = "TCP"
    PROXY = "proxy"
    TLS = "TLS"
    FIRST_BYTE = "first byte"
    TRANSFER = "transfer"


# Each moment as curl names it (--write-out): the end of a layer, from the hop's start.
_CURL = {
    Layer.NAMES: "namelookup",
    Layer.TCP: "connect",
    Layer.TLS: "appconnect",
    Layer.FIRST_BYTE: "starttransfer",
}


@dataclass(frozen=True, slots=True)
class Phase:
    """One wait, in milliseconds from the beginning of the timeline; `failure` says what it came to, if to nothing."""

    layer: Layer
    start: float
    end: float
    failure: str = ""

    @property
    def ms(self) -> float:
        """How long it lasted."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request, or a connection that came to nothing (then `method` is empty).

    Attributes:
        url: what was asked for, without the values of its query; of a connection, scheme and host.
        reused: whether the connection had been made for another request.
        status: of the answer; 0 where none came.
        error: why none did.
        phases: in the order they began.
    """

    role: Role
    url: str
    method: str = ""
    address: str = ""
    connection: int = 0
    reused: bool = False
    status: int = 0
    error: str = ""
    phases: tuple[Phase, ...] = ()

    @property
    def start(self) -> float:
        """When somebody began to wait for it."""
        return self.phases[0].start if self.phases else 0.0

    @property
    def end(self) -> float:
        """When it was over."""
        return max((phase.end for phase in self.phases), default=0.0)

    def document(self) -> Mapping[str, object]:
        """The same as JSON has it, in milliseconds: `start` from the beginning, all others from `start`."""
        reached = [phase for phase in self.phases if not phase.failure]
        moments = {_CURL[phase.layer]: phase.end for phase in reached if phase.layer in _CURL} | {"total": self.end}
        every = {
            "role": self.role.value,
            "method": self.method,
            "url": self.url,
            "address": self.address,
            "connection": self.connection,
            "reused": self.reused,
            "status": self.status,
            "error": self.error,
            "start": round(self.start, 1),
            **{name: round(moment - self.start, 1) for name, moment in moments.items()},
        }
        return {name: value for name, value in every.items() if value != ""}


def spoken(ms: float) -> str:
    """So many milliseconds, as a person reads them: `0.4 ms`, `12 ms`, `1.02 s`."""
    if ms >= 1000:
        return f"{ms / 1000:.2f} s"
    return f"{ms:.0f} ms" if ms >= 10 or ms == 0 else f"{ms:.1f} ms"
