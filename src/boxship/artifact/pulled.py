"""What was taken out of an artifact."""

from __future__ import annotations

__all__ = ["Pulled"]

from boxship.digest import Digest
from boxship.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What is in the folder now.

    Attributes:
        digest: of the artifact.
        files: what is there, by the titles: files, and folders.
        left_out: what was in folders and is no file, folder or link.
    """

    digest: Digest
    files: tuple[str, ...]
    left_out: tuple[str, ...] = ()
