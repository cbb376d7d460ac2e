"""What a fork inherits and may not use: connections that its parent goes on with, threads and held locks of others."""

from __future__ import annotations

__all__ = ["renewed_in_forks"]

import os
from collections.abc import Callable
from weakref import WeakMethod

Renewing = Callable[[], None]
_all = set[WeakMethod[Renewing]]()


def renewed_in_forks(renew: Renewing) -> None:
    """Call this method in each process that is forked off this one, for as long as its object is in use.

    There is one thread then, and nobody else is at the object.
    """
    _all.add(WeakMethod(renew, _all.discard))


def _renew_all() -> None:
    for known in tuple(_all):
        renew = known()
        if renew:
            renew()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_renew_all)
