"""Settings that remember where they are from."""

from __future__ import annotations

__all__ = ["IPVersion", "Sourced"]

from typing import Generic, Literal, TypeVar

from boxship.value import dataclass

T_co = TypeVar("T_co", covariant=True)
IPVersion = Literal[4, 6]


@dataclass(frozen=True)
class Sourced(Generic[T_co]):
    """A value and what said so: `/home/x/.docker/config.json:7`, `flag --ca-file`, `SSL_CERT_FILE`, `default`."""

    # Not `slots=True`: below Python 3.12 a class made anew for it cannot be called as `Sourced[int](...)`.
    __slots__ = ("source", "value")

    value: T_co
    source: str

    def __str__(self) -> str:
        return f"{self.value} ({self.source})"
