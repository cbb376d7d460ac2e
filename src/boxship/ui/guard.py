"""Which requests are the page's own: not those of other sites' pages, and none by a name that was rebound.

Rights are not decided here. A page of another site cannot read an answer, but could have something done; what a change
takes besides is the token that only the page can read.
"""

from __future__ import annotations

__all__ = ["Guard", "header"]

import hmac
from collections.abc import Iterable

from boxship.errors import Refused
from boxship.server.access.origin import Doorkeeper
from boxship.server.answer import Refusal
from boxship.ui.turned import Turned, turned

TOKEN = b"x-boxship-token"
_JSON = "application/json"
# What browsers say of who has them ask (Fetch Metadata): this page, or a person who wrote the address.
_OWN = frozenset({"", "same-origin", "none"})

Headers = Iterable[tuple[bytes, bytes]]


class Guard:
    """Lets requests of the page through; with a doorkeeper, only those that are addressed to a name that it knows."""

    def __init__(self, token: str, doorkeeper: Doorkeeper | None = None) -> None:
        self.token = token
        self._known, self._anywhere = doorkeeper, Doorkeeper(())

    def check(self, headers: Headers, *, is_change: bool) -> None:
        """`Turned` for a request that is none of the page's."""
        told = tuple(headers)
        try:
            self._anywhere.check_origin(told)
            if self._known:
                self._known.check_host(told)
        except Refusal as error:
            raise turned(error) from error
        if header(told, b"sec-fetch-site") not in _OWN:
            raise _refused("a page of another site asks")
        if is_change:
            self._check_change(told)

    def _check_change(self, headers: Headers) -> None:
        if not hmac.compare_digest(header(headers, TOKEN).encode("latin-1"), self.token.encode()):
            raise _refused("the token of the page is missing, or of another start: load the page again")
        if header(headers, b"content-type").partition(";")[0].strip().lower() != _JSON:
            raise _refused(f"a change is {_JSON}")


def header(headers: Headers, name: bytes) -> str:
    """The value of the header, '' where there is none."""
    return next((value.decode("latin-1") for other, value in headers if other == name), "")


def _refused(why: str) -> Turned:
    return Turned(403, Refused("the request is refused", status=403, why=why))
