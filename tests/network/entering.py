"""A process that goes on in a network namespace, as `ip netns exec` has programs begin there."""

from __future__ import annotations

__all__ = ["enter"]

import ctypes
import os
from pathlib import Path

_NAMESPACES, _NAMES, _ETC = Path("/run/netns"), Path("/etc/netns"), Path("/etc")
_NEW_NET, _NEW_MOUNTS = 0x40000000, 0x00020000  # CLONE_NEWNET, CLONE_NEWNS
_BIND, _SLAVE = 0x1000, 0x4000 | 1 << 19  # MS_BIND, MS_REC | MS_SLAVE
_SYSTEM = ctypes.CDLL(None, use_errno=True)


def enter(namespace: str) -> None:
    """Have this process, of one thread, be in the namespace from now on, with the names that are known there."""
    with (_NAMESPACES / namespace).open("rb") as place:
        _done(_SYSTEM.setns(place.fileno(), _NEW_NET), "setns")
    _done(_SYSTEM.unshare(_NEW_MOUNTS), "unshare")
    _mount(Path(), Path("/"), _SLAVE)  # what is bound here is not bound for others
    for path in (_NAMES / namespace).iterdir():
        _mount(path, _ETC / path.name, _BIND)


def _mount(source: Path, target: Path, how: int) -> None:
    _done(_SYSTEM.mount(bytes(source), bytes(target), b"none", ctypes.c_ulong(how), None), f"mount {target}")


def _done(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
