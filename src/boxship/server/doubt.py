"""Whether a blob's file is what was committed: one that was written to since is hashed anew, before anybody gets it.

A backup put back is as good as the file was; a damaged one is absent from then on, so that the next push heals it
(`soundness`). Hashing takes its time, so each file is hashed once for all who ask, and few are at a time.
"""

from __future__ import annotations

__all__ = ["is_sound"]

from boxship.digest import Digest
from boxship.server.names import Blob
from boxship.server.registry import Registry
from boxship.server.storage.soundness import FileIdentity
from boxship.server.upkeep.scrub import condemn_read
from boxship.value import replace


async def is_sound(registry: Registry, blob: Blob) -> bool:
    """Whether the bytes are there as committed. A client that is told so will not send them again."""
    verdict = _verdict(blob, await registry.storage.identify(blob.content))
    if verdict is not None:
        return verdict
    async with registry.doubts.about(blob.digest):
        return await _look_again(registry, blob.digest)


async def _look_again(registry: Registry, digest: Digest) -> bool:
    # Somebody else may have done so while this one waited for its turn.
    blob = await registry.names.blob_anywhere(digest)
    found = await registry.storage.identify(blob.content) if blob else None
    verdict = _verdict(blob, found)
    if verdict is None and blob and found:
        return await _hash(registry, blob, found)
    return bool(verdict)


def _verdict(blob: Blob | None, found: FileIdentity | None) -> bool | None:
    """Whether what is there is the blob's as far as its looks tell; None where they do not."""
    if not (blob and found and found.size == blob.size):
        return False
    return True if found.modified == blob.modified else None


async def _hash(registry: Registry, blob: Blob, found: FileIdentity) -> bool:
    """Whether the bytes that are there are the blob's; what follows from that is noted."""
    digest = await registry.storage.digest(blob.content)
    if not digest:
        return False
    if digest == blob.digest:
        await registry.names.refresh_blob(replace(blob, modified=found.modified), now=registry.clock())
        return True
    await condemn_read(registry, blob.digest, found)
    return False
