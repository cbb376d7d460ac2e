"""boxship: a container-registry toolkit that never hangs.

`Client` lists, resolves and reads what registries hold; `AsyncClient` does the same from asyncio. Names load on first
use, so that `import boxship` costs next to nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boxship.aio import AsyncClient
    from boxship.client import Client
    from boxship.connect.deadline import Bounds
    from boxship.credential import Credential, Secret
    from boxship.digest import Digest
    from boxship.errors import BoxshipError
    from boxship.event import Event
    from boxship.platform import Platform
    from boxship.reference import Reference, Registry

_HOMES = {
    "AsyncClient": "boxship.aio",
    "Bounds": "boxship.connect.deadline",
    "BoxshipError": "boxship.errors",
    "Client": "boxship.client",
    "Credential": "boxship.credential",
    "Digest": "boxship.digest",
    "Event": "boxship.event",
    "Platform": "boxship.platform",
    "Reference": "boxship.reference",
    "Registry": "boxship.reference",
    "Secret": "boxship.credential",
}

__all__ = [
    "AsyncClient",
    "Bounds",
    "BoxshipError",
    "Client",
    "Credential",
    "Digest",
    "Event",
    "Platform",
    "Reference",
    "Registry",
    "Secret",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'boxship' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
