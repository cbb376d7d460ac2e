"""Link headers: where the next page is (RFC 8288, and the specification's "Listing Tags")."""

from __future__ import annotations

__all__ = ["next_link", "parse_links", "write_next"]

import re
from collections.abc import Iterable

_PARAMETER = r';\s*([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?'
# A target stops at `<` too, which no URL contains: else a header of `<` alone would be searched once for each of them.
_LINK = re.compile(rf"<([^<>]*)>((?:\s*{_PARAMETER})*)")
_PARAMETERS = re.compile(_PARAMETER)


def parse_links(values: Iterable[str]) -> dict[str, str]:
    """Return the targets in the `Link` headers `values` by relation; the first of a relation counts."""
    targets: dict[str, str] = {}
    for value in values:
        for match in _LINK.finditer(value):
            for relation in _relations(match.group(2)):
                targets.setdefault(relation, match.group(1).strip())
    return targets


def _relations(parameters: str) -> list[str]:
    """What `rel` says; RFC 8288, 3.3: only the first one counts."""
    # One after the other, so that a `rel=` inside another parameter's quotes is none.
    for name, quoted, plain in _PARAMETERS.findall(parameters):
        if name.lower() == "rel":
            return str(quoted or plain).lower().split()
    return []


def next_link(values: Iterable[str]) -> str | None:
    """Return where the next page is, as written (often relative), or None on the last page."""
    return parse_links(values).get("next") or None


def write_next(target: str) -> str:
    """The `Link` value that names `target` as the next page."""
    return f'<{target}>; rel="next"'
