"""The tags of a repository (the specification's "Listing Tags")."""

from __future__ import annotations

__all__ = ["tags"]

from collections.abc import Iterator

from boxship.auth.scope import pull
from boxship.registry.pages import pages
from boxship.registry.remote import Remote
from boxship.wire import routes


def tags(remote: Remote, repository: str, after: str | None, page_size: int | None) -> Iterator[tuple[str, ...]]:
    """The tags, page by page. No page size is asked for by default: the registry's own is the best for it."""
    path = routes.with_query(routes.tags(repository), n=page_size, last=after)
    return pages(remote.for_lists(repository), path, pull(repository), "tags", f"the tags of {repository}")
