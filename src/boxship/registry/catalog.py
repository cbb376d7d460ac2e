"""The repositories of a registry (distribution's `_catalog`; many hosted registries do not offer it)."""

from __future__ import annotations

__all__ = ["catalog"]

from collections.abc import Iterator

from boxship.auth.scope import CATALOG
from boxship.registry.pages import pages
from boxship.registry.remote import Remote
from boxship.wire import routes


def catalog(remote: Remote, after: str | None, page_size: int | None) -> Iterator[tuple[str, ...]]:
    """The repositories, page by page."""
    path = routes.with_query(routes.CATALOG, n=page_size, last=after)
    return pages(remote, path, CATALOG, "repositories", "the repositories")
