"""Where the requests for a repository go: the hosts that are asked, in their order, each with its own settings."""

from __future__ import annotations

__all__ = ["EVERYTHING", "Endpoint", "Endpoints", "Need"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from boxship.settings.hosts import Site
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, field

if TYPE_CHECKING:
    from boxship.settings.headers import Header

Need = Literal["tag", "digest", "blob", "list"]
"""What is asked for: a manifest by tag or by digest, a blob, or a list: of tags, or of what refers to a manifest."""

EVERYTHING: frozenset[Need] = frozenset({"tag", "digest", "blob", "list"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A host that is asked for a repository.

    Attributes:
        site: the host, and what is permitted there.
        repository: what the repository is called there.
        base: what comes before that in paths.
        namespace: the registry in whose place it is asked, for `?ns=`; empty where that is not said.
        headers: what it is sent besides.
        serves: what it is asked for.
        timeouts: its own bounds, by the names of `Bounds`.
        source: who names it.
    """

    site: Site
    repository: str
    base: str = "/v2"
    namespace: str = ""
    headers: tuple[Sourced[Header], ...] = ()
    serves: frozenset[Need] = EVERYTHING
    timeouts: Mapping[str, Sourced[float]] = field(default_factory=dict)
    source: str

    def path(self, rest: str) -> str:
        """The path of what comes after the repository, query included."""
        path = f"{self.base}/{self.repository}{rest}"
        if not self.namespace or "ns=" in rest.partition("?")[2]:
            return path
        return f"{path}{'&' if '?' in rest else '?'}ns={self.namespace}"

    def __str__(self) -> str:
        return f"{self.site.registry}{self.base.removesuffix('/v2')}/{self.repository}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Who is asked for a repository: for reading in this order, of which the last one has all; for writing, `writes`.

    `passed_over` are the settings that say otherwise and lost, in words, with why.
    """

    reads: tuple[Endpoint, ...]
    writes: Endpoint
    passed_over: tuple[tuple[Sourced[str], str], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether all goes where it is written."""
        return self.reads == (self.writes,) and not self.writes.timeouts
