"""Pages of names: how many were asked for, after which, and where the next page is ("Listing Tags")."""

from __future__ import annotations

__all__ = ["Page"]

from collections.abc import Mapping, Sequence
from typing import Self

from boxship.server.answer import Refusal
from boxship.server.request import Request
from boxship.value import dataclass
from boxship.wire.links import write_next
from boxship.wire.routes import with_query

_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Page:
    """At most `size` names after `last`, in the order of their bytes."""

    size: int
    last: str

    @classmethod
    def asked(cls, request: Request, most: int) -> Self:
        """The page that `n` and `last` ask for; `most` names where `n` is absent or larger."""
        text = request.parameter("n")
        return cls(most if text is None else _number(text, most), request.parameter("last") or "")

    @property
    def reach(self) -> int:
        """How many names to look up: one more than is shown tells whether there is a next page."""
        return self.size + 1 if self.size else 0

    def show(self, names: Sequence[str]) -> Sequence[str]:
        """Those of the names looked up that are on the page."""
        return names[: self.size]

    def link(self, path: str, names: Sequence[str], **filters: str) -> Mapping[str, str]:
        """The header that says where the next page is, if there is one, for the same `filters`."""
        if len(names) <= self.size:
            return {}
        return self.after(names[self.size - 1], path, **filters)

    def after(self, last: str, path: str, **filters: str | None) -> Mapping[str, str]:
        """The header that says where the page after `last` is, for the same `filters`."""
        # Relative, so that it holds behind any proxy.
        return {"link": write_next(with_query(path, **filters, n=self.size, last=last))}


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, "UNSUPPORTED", "n should be a whole number that is not negative")
    # CVE-2023-2253: neither the number nor its digits get more memory or time than the largest page.
    return most if len(text.lstrip("0")) > _MOST_DIGITS else min(int(text), most)
