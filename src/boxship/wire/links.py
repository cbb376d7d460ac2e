"""Link headers: where the next page is (RFC 8288, and the specification's "Listing Tags")."""

from __future__ import annotations

__all__ = ["next_link", "parse_links", "write_next"]

import re
from collections.abc import Iterable

_LINK = re.compile(r"\s*<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]*))?)*)\s*,?")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))", re.IGNORECASE)


def parse_links(values: Iterable[str]) -> dict[str, str]:
    """Return the targets in the `Link` headers `values` by relation; the first of a relation counts."""
    targets: dict[str, str] = {}
    for value in values:
        for match in _LINK.finditer(value):
            relation = _RELATION.search(match.group(2))
            names = (relation.group(1) or relation.group(2) or "") if relation else ""
            for name in names.lower().split():
                targets.setdefault(name, match.group(1).strip())
    return targets


def next_link(values: Iterable[str]) -> str | None:
    """Return where the next page is, as written (often relative), or None on the last page."""
    return parse_links(values).get("next") or None


def write_next(target: str) -> str:
    """The `Link` value that names `target` as the next page."""
    return f'<{target}>; rel="next"'
