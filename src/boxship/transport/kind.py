"""What is asked for, as far as time goes: each kind of request has its bounds (docs/connecting.md, "Time").

Which request is of which kind is decided where it is made.
"""

from __future__ import annotations

__all__ = ["Kind", "first_byte", "whole"]

from enum import Enum

from boxship.connect.deadline import Bounds


class Kind(Enum):
    """What a request asks of a registry."""

    DOCUMENT = "a document"
    """A manifest, a token, `/v2/`, referrers: small, and at hand."""
    LIST = "a list"
    """A page of tags or of the catalog: a document that a registry may have to search for."""
    BLOB = "a blob"
    """Of any length: it may take any time, but not be silent. The registry may have to fetch it first."""
    MOVE = "a move"
    """What makes a registry move bytes: the PUT that closes an upload, a mount, a manifest that is put."""


def first_byte(kind: Kind, bounds: Bounds) -> float:
    """Seconds from a request to the first byte of its answer."""
    if kind is Kind.DOCUMENT:
        return bounds.first_byte
    return bounds.first_byte_moving if kind is Kind.MOVE else bounds.first_byte_slow


def whole(kind: Kind, bounds: Bounds) -> float | None:
    """Seconds for all that it takes: token, redirects, retries, content; None for what may take any time."""
    if kind is Kind.DOCUMENT:
        return bounds.document_all
    # One first byte of a list alone may take longer than all of a manifest.
    return bounds.document_all + bounds.first_byte_slow if kind is Kind.LIST else None
