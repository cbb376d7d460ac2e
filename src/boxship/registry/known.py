"""What pushing has found out about a registry, for those that push there after it, as long as the session lasts."""

from __future__ import annotations

__all__ = ["Known", "known_of"]

import threading
from weakref import WeakKeyDictionary

from boxship.digest import Digest
from boxship.registry.remote import Remote
from boxship.settings.hosts import Site
from boxship.transport.session import Session
from boxship.value import dataclass, field

_known: WeakKeyDictionary[Session, dict[Site, Known]] = WeakKeyDictionary()


_MOST_HOMES = 5000  # some MB in a client that lives for ever; layers that images share are pushed near one another


@dataclass(slots=True)
class Known:
    """What is known of a site. Safe to use from several threads.

    Attributes:
        longest: how long a body may be at most, where one was too long.
        told_by_mounting: whether it tells that a repository has a blob when it is to be mounted from there to there.
    """

    longest: int | None = None
    told_by_mounting: bool = True
    _homes: dict[Digest, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def home(self, blob: Digest) -> str:
        """A repository of it that has the blob; '' where none is known."""
        return self._homes.get(blob, "")

    def brought(self, blob: Digest, repository: str) -> None:
        """The repository has the blob; of very many, the one that was brought longest ago is forgotten."""
        with self._lock:
            self._homes.pop(blob, None)
            self._homes[blob] = repository
            if len(self._homes) > _MOST_HOMES:
                del self._homes[next(iter(self._homes))]


def known_of(remote: Remote) -> Known:
    """What is known of the remote's site."""
    return _known.setdefault(remote.session, {}).setdefault(remote.site, Known())
