"""The page's files, as they are sent: whole, compressed where that is taken, and asked for again by what they are."""

from __future__ import annotations

__all__ = ["POLICY", "Static", "read_static"]

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

from boxship.value import dataclass, field

FOLDER = Path(__file__).parent.parent / "web" / "page"
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_COMPACT = frozenset({".png", ".ico", ".woff2"})
# Nothing but what is served here, nothing that stands in a document, and no frame around it.
_DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    # Words become markup nowhere: what would make some of them is refused (Trusted Types).
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
POLICY = "; ".join(f"{name} {sources}" for name, sources in _DIRECTIVES.items())


@dataclass(frozen=True, slots=True)
class Static:
    """A file, as it is and compressed (empty where that is no less)."""

    media_type: str
    tag: str
    plain: bytes = field(repr=False)
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, content: bytes) -> Static:
        """The file of that name."""
        kind = Path(name).suffix
        packed = b"" if kind in _COMPACT else gzip.compress(content, mtime=0)
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        return cls(_TYPES[kind], tag, content, packed if len(packed) < len(content) else b"")

    def answer(self, *, packed: bool, known: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body for who takes gzip or not, and knows files with these tags."""
        headers = {
            "content-type": self.media_type,
            "etag": self.tag,
            "cache-control": "no-cache",
            "vary": "accept-encoding",
        }
        if self.tag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return 304, headers, b""
        if packed and self.packed:
            return 200, {**headers, "content-encoding": "gzip"}, self.packed
        return 200, headers, self.plain


def read_static(folder: Path = FOLDER) -> Mapping[str, Static]:
    """The files by their names below the folder; those of other kinds than a page has are none of it."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in _TYPES)
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: Static.of(name, content) for name, content in named.items()}
