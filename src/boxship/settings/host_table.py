"""What boxship's own file may say of a host, and where that file is."""

from __future__ import annotations

__all__ = ["VARIABLE", "HostTable", "config_file"]

from collections.abc import Mapping
from pathlib import Path

from boxship.settings.machine import Machine
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, field, fields

VARIABLE = "BOXSHIP_CONFIG"


def config_file(machine: Machine) -> Path:
    """Where the file is, if it is anywhere."""
    told = machine.environment.get(VARIABLE)
    return Path(told) if told else machine.config / "boxship" / "config.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTable:
    """What is said of a host; None where nothing is.

    Attributes:
        scheme: `https`, `http` or `auto`, as `--plain-http` has it.
        tls_min_version: the oldest TLS that is spoken, `1.2` or `1.3`.
        preemptive_auth: whether a credential is sent before it is asked for.
        requests_per_second: how many requests are sent in a second at most.
        concurrency: how many requests are under way at a time at most.
        timeouts: the bounds of its phases, by the names of `Bounds`.
    """

    scheme: Sourced[str] | None = None
    tls_min_version: Sourced[str] | None = None
    preemptive_auth: Sourced[bool] | None = None
    requests_per_second: Sourced[float] | None = None
    concurrency: Sourced[int] | None = None
    timeouts: Mapping[str, Sourced[float]] = field(default_factory=dict)

    def over(self, other: HostTable) -> HostTable:
        """What either says; this one where both do."""
        said = {each.name: getattr(self, each.name) or getattr(other, each.name) for each in fields(self)}
        return HostTable(**{**said, "timeouts": {**other.timeouts, **self.timeouts}})
