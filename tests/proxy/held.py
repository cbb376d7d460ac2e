"""The blob that tests of a cache ask for, and what the cache has of it."""

from __future__ import annotations

__all__ = ["BLOB", "CONTENT", "DIGEST", "kept", "uploads"]

import os

from boxship.digest import Digest
from boxship.server.registry import Registry
from tests.proxy.stand_in import PIECE
from tests.server.driver import Driver

CONTENT = os.urandom(10 * PIECE + 7)
DIGEST = Digest.of(CONTENT)
BLOB = f"/v2/up/team/app/blobs/{DIGEST}"


def uploads(registry: Driver) -> list[str]:
    return [file.name for file in (registry.folder / "uploads").iterdir()]


def kept(registry: Driver) -> bool:
    async def find() -> bool:
        opened: Registry = await registry.open()
        return await opened.names.blob_anywhere(DIGEST) is not None

    return registry.run(find())
