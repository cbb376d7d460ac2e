"""Digests: what content is called by (image-spec, descriptor.md, "Digests").

Hashing while bytes flow is `registry/blobs`'s work.
"""

from __future__ import annotations

__all__ = ["ALGORITHMS", "Digest", "is_digest"]

import re
from typing import Self

from boxship.errors import InvalidReference
from boxship.value import dataclass

# image-spec descriptor.md registers these two; their values are lower-case hex of exactly these lengths.
ALGORITHMS = {"sha256": 64, "sha512": 128}
_HEX = re.compile(r"[0-9a-f]+")
_BEGINNINGS = tuple(f"{algorithm}:" for algorithm in ALGORITHMS)


@dataclass(frozen=True, slots=True)
class Digest:
    """An algorithm and a lower-case hex value; `str()` gives `sha256:…`."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the digest that `text` writes, or raise `InvalidReference` with the wrong part marked."""
        algorithm, colon, value = text.partition(":")
        length = ALGORITHMS.get(algorithm)
        if not colon or length is None:
            known = " or ".join(f"{name}:…" for name in ALGORITHMS)
            raise InvalidReference(text, (0, len(algorithm)), why=f"a digest starts with {known}")
        start = len(algorithm) + 1
        if len(value) != length:
            raise InvalidReference(
                text, (start, len(text)), why=f"{algorithm} has {length} hex digits, here are {len(value)}"
            )
        if not _HEX.fullmatch(value):
            raise InvalidReference(text, (start, len(text)), why="a digest is written in lower-case hex digits")
        return cls(algorithm, value)

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> Self:
        """Return the digest of `content`."""
        import hashlib  # noqa: PLC0415 -- loading OpenSSL's digests takes longer than reading a reference

        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def is_digest(name: str) -> bool:
    """Whether the name of an image is a digest, and no tag."""
    return name.startswith(_BEGINNINGS)
