"""What a token server says that its token is good for: the scopes it grants, and for how long.

A token is its registry's to read, and may be opaque: what a JWT says is decoded, and not verified.
"""

from __future__ import annotations

__all__ = ["Grant", "read_grant"]

import base64
from collections.abc import Iterator

from boxship.auth.scope import Scope
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.value import dataclass

# The specification: without `expires_in`, a token lives for 60 s.
_DEFAULT_LIFE = 60
_LONGEST_LIFE = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted.

    Attributes:
        scopes: the scopes; None where the answer does not say them, and the token is opaque.
        seconds: how long the token lives.
        told: whether the answer says that, or the specification's default is taken.
        issued_at: since when, in the server's words.
    """

    scopes: tuple[Scope, ...] | None
    seconds: int
    told: bool
    issued_at: str = ""

    @property
    def words(self) -> str:
        """The scopes, for a person."""
        return "it does not say what" if self.scopes is None else " ".join(map(str, self.scopes)) or "nothing"

    def covers(self, wanted: Scope) -> bool:
        """Whether it allows all that is wanted; what is not said may be allowed."""
        if self.scopes is None:
            return True
        allowed = {action for scope in self.scopes if scope.names_the_same(wanted) for action in scope.actions}
        return "*" in allowed or allowed.issuperset(wanted.actions)


def read_grant(answer: Fields, token: str) -> Grant:
    """The grant in a token server's answer and its token; whatever is malformed there says nothing."""
    life = _life(answer)
    return Grant(_told_scopes(answer, token), life or _DEFAULT_LIFE, bool(life), _text(answer, "issued_at"))


def _life(answer: Fields) -> int:
    """How long the token lives; a server that says it in no number has issued one all the same."""
    try:
        return min(answer.number("expires_in"), _LONGEST_LIFE)
    except Malformed:
        return 0


def _told_scopes(answer: Fields, token: str) -> tuple[Scope, ...] | None:
    """From the token's own claims, else from the `scope` of an OAuth2 answer."""
    try:
        claims = parse_object(_payload(token))
        if "access" in claims.values:
            return tuple(_accesses(claims))
    except (Malformed, ValueError):
        pass  # it is opaque
    return Scope.parse(_text(answer, "scope")) if answer.has("scope") else None


def _payload(token: str) -> bytes:
    """The middle part of a JWT (RFC 7515, 3.1), or `ValueError`."""
    _, payload, _ = token.split(".")
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def _accesses(claims: Fields) -> Iterator[Scope]:
    for entry in claims.objects("access"):
        yield Scope(entry.text("type"), entry.text("name"), tuple(sorted(set(entry.texts("actions")))))


def _text(answer: Fields, name: str) -> str:
    try:
        return answer.text(name)
    except Malformed:
        return ""
