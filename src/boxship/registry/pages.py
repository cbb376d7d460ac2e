"""Lists that come in pages: tags, repositories. The next page is asked for when its first entry is wanted."""

from __future__ import annotations

__all__ = ["next_page", "pages"]

from collections.abc import Iterator

from boxship.auth.scope import Scope
from boxship.errors import UnexpectedAnswer
from boxship.registry.remote import Remote
from boxship.spec.fields import Malformed, parse_object
from boxship.transport.kind import Kind
from boxship.wire.message import Request

# Registries answer with all tags at once where no page size is asked for: 50,000 tags are about 1 MB.
LONGEST_PAGE = 64 * 1024 * 1024
# Filters on the registry's side leave some empty; an endless row of them is nobody's list.
MOST_EMPTY_PAGES = 1000


def pages(remote: Remote, path: str, scope: Scope, name: str, what: str) -> Iterator[tuple[str, ...]]:
    """The list `name` of each page, in the registry's order; `Link` is followed on the same host only."""
    seen, empty = set(), 0
    while path:
        seen.add(path)
        with remote.send(Request("GET", path), scope, what=what, kind=Kind.LIST) as response:
            body = response.read(LONGEST_PAGE)
        try:
            names = _names(body, name)
        except Malformed as error:
            from boxship.wire.failure import middlebox_words  # noqa: PLC0415 -- seldom needed, see `client`

            page = middlebox_words(response.head.get("content-type"), body[:1024])
            why = f"{error}: {page}" if page else str(error)
            raise UnexpectedAnswer(f"{what} at {remote.site}: the answer is no list", why=why) from error
        yield names
        empty = 0 if names else empty + 1
        if empty > MOST_EMPTY_PAGES:
            raise UnexpectedAnswer(f"{what} at {remote.site}", why=f"{empty} pages in a row are empty")
        path = next_page(remote, path, response.head.all("link"), what)
        if path in seen:
            from boxship.wire.shown import shown_target  # noqa: PLC0415 -- seldom needed; its query may be signed

            why = f"its pages go round in a loop, back to {shown_target(path)}"
            raise UnexpectedAnswer(f"{what} at {remote.site}", why=why)


def _names(body: bytes, name: str) -> tuple[str, ...]:
    fields = parse_object(body)
    if fields.has("errors") and not fields.has(name):
        raise Malformed("errors", "an error, said with the status of a success")
    names = fields.texts(name)
    # A line break would make two names of one, an escape sequence change the terminal. All at once: they may be many.
    if not "".join(names).isprintable():
        raise Malformed(name, "a name has a character that cannot be printed")
    return names


def next_page(remote: Remote, path: str, links: tuple[str, ...], what: str) -> str:
    """The path of the next page, or ''. RFC 8288 lets the target be relative; another host is not asked."""
    if not links:
        return ""
    from boxship.wire.links import next_link  # noqa: PLC0415 -- most lists have one page
    from boxship.wire.target import Target  # noqa: PLC0415 -- the same

    link = next_link(links)
    if link is None:
        return ""
    here = f"https://{remote.site.registry.name}{path}"
    try:
        target = Target.parse(link, here)
    except ValueError as error:
        raise UnexpectedAnswer(f"{what} at {remote.site}", why=f"its next page is nowhere: {error}") from None
    if target.host != Target.parse(here).host:
        raise UnexpectedAnswer(f"{what} at {remote.site}", why=f"its next page is at another host: {target.registry}")
    return target.path
