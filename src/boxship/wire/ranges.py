"""Byte ranges: of blobs (RFC 9110, 14) and of uploads (the specification's "Pushing a blob in chunks")."""

from __future__ import annotations

__all__ = ["ContentRange", "parse_byte_range", "parse_content_range", "parse_upload_range", "write_upload_range"]

import re

from boxship.value import dataclass

# Compiled when they are first needed, which is seldom.
_BYTES = r"bytes=\s*(?:(\d+)\s*)?-\s*(?:(\d+)\s*)?"
_CONTENT = r"(?:bytes[ =])?\s*(\d+)-(\d+)(?:/(\d+|\*))?"
_UPLOAD = r"(?:bytes=)?(\d+)-(\d+)"
_MAX_DIGITS = 19  # more is past 2**63, and nobody's blob


@dataclass(frozen=True, slots=True)
class ContentRange:
    """The bytes from `start` to before `stop`, of `size` in all (None where not said)."""

    start: int
    stop: int
    size: int | None


def parse_byte_range(value: str, size: int) -> tuple[int, int] | None:
    """Return (start, stop) that a `Range` header asks of `size` bytes, or None where the whole is to be served.

    Raises `ValueError` where the range cannot be satisfied (416). Several ranges, and what is no range of bytes, are
    answered with the whole (RFC 9110, 14.2 lets a server ignore Range).
    """
    match = re.fullmatch(_BYTES, value.strip())
    if not match:
        return None
    first, last = match.groups("")
    if not (first or last) or max(len(first), len(last)) > _MAX_DIGITS:
        return None
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    if start >= stop or (last and first and int(last) < int(first)):
        raise ValueError(value)
    return start, stop


def parse_content_range(value: str) -> ContentRange | None:
    """Return what a `Content-Range` header says, or None where it says nothing usable.

    The specification's chunks say `0-1023`, RFC 9110 says `bytes 0-1023/2048`: both are read.
    """
    match = re.fullmatch(_CONTENT, value.strip())
    if not match or any(len(number or "") > _MAX_DIGITS for number in match.groups()):
        return None
    start, last = int(match.group(1)), int(match.group(2))
    size = int(match.group(3)) if match.group(3) and match.group(3) != "*" else None
    if last < start or (size is not None and last >= size):
        return None
    return ContentRange(start, last + 1, size)


def parse_upload_range(value: str) -> int | None:
    """Return how many bytes an upload holds by its `Range: 0-N` header, or None where it says nothing usable."""
    match = re.fullmatch(_UPLOAD, value.strip())
    if not match or len(match.group(2)) > _MAX_DIGITS or match.group(1).lstrip("0"):
        return None
    return int(match.group(2)) + 1


def write_upload_range(size: int) -> str:
    """The `Range` header of an upload that holds `size` bytes; the specification writes `0-0` for an empty one."""
    return f"0-{max(0, size - 1)}"
