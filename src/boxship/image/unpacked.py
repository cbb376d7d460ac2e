"""What became of an image that was unpacked."""

from __future__ import annotations

__all__ = ["Unpacked"]

from boxship.value import dataclass, field


@dataclass(slots=True)
class Unpacked:
    """What is in the folder now.

    Attributes:
        entries: files, folders and links that were made, those that an upper layer has removed again included.
        size: bytes in files.
        left_out: names of what was not made: devices, where they are not asked for.
    """

    entries: int = 0
    size: int = 0
    left_out: list[str] = field(default_factory=list)
