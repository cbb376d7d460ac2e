"""Whether a blob's file is what was committed: one that was written to since is hashed anew, before anybody gets it.

A backup put back is as good as the file was; a damaged one is absent from then on, so that the next push heals it
(`soundness`). Hashing takes its time, so each file is hashed once for all who ask, and few are at a time.
"""

from __future__ import annotations

__all__ = ["is_sound"]

import asyncio
from dataclasses import replace

from boxship.digest import Digest
from boxship.server.names import Blob
from boxship.server.registry import Registry
from boxship.server.scrub import condemn_read
from boxship.server.soundness import FileIdentity, digest_file, identify


async def is_sound(registry: Registry, blob: Blob) -> bool:
    """Whether the bytes are there as committed. A client that is told so will not send them again."""
    verdict = _verdict(blob, await _identify(registry, blob.digest))
    if verdict is not None:
        return verdict
    async with registry.doubts.about(blob.digest):
        return await _look_again(registry, blob.digest)


async def _look_again(registry: Registry, digest: Digest) -> bool:
    # Somebody else may have done so while this one waited for its turn.
    blob, file = await registry.names.blob_anywhere(digest), await _identify(registry, digest)
    verdict = _verdict(blob, file)
    if verdict is None and blob and file:
        return await _hash(registry, blob, file)
    return bool(verdict)


def _verdict(blob: Blob | None, file: FileIdentity | None) -> bool | None:
    """Whether the file is the blob's as far as its looks tell; None where they do not."""
    if not (blob and file and file.size == blob.size):
        return False
    return True if file.modified == blob.modified else None


async def _hash(registry: Registry, blob: Blob, file: FileIdentity) -> bool:
    """Whether the bytes of the file are the blob's; what follows from that is noted."""
    path, digest = registry.storage.path(blob.digest), blob.digest
    try:
        sound = await asyncio.to_thread(digest_file, path, digest.algorithm) == digest
    except FileNotFoundError:
        return False
    if sound:
        await registry.names.refresh_blob(replace(blob, modified=file.modified), now=registry.clock())
    else:
        await condemn_read(registry, digest, file)
    return sound


async def _identify(registry: Registry, digest: Digest) -> FileIdentity | None:
    return await asyncio.to_thread(identify, registry.storage.path(digest))
