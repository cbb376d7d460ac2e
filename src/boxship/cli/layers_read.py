"""How much of an image was read to see some of its files, on standard error."""

from __future__ import annotations

__all__ = ["say"]

from boxship.cli import console, shape
from boxship.cli.tally import bytes_of
from boxship.verbs.files import Files


def say(found: Files) -> None:
    """Say which layers were read."""
    size = bytes_of(sum(layer.size for layer in found.read))
    digests = ", ".join(shape.short(layer.digest) for layer in found.read)
    console.complain(f"boxship: read {len(found.read)} of {found.layers} layers, {size}: {digests or 'none'}")
