"""OIDC: whom other systems vouch for with tokens of theirs (OpenID Connect Core 1.0; RFC 7519).

What a token says of how it is to be checked is not followed: an issuer's keys come from a file, or from the issuer over
HTTPS (`issuer_keys`), and each is believed with one algorithm. What its claims are good for is `grants`'s.
"""

from __future__ import annotations

__all__ = ["Identity", "Issuers", "looks_like_token"]

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from boxship.credential import Secret
from boxship.server.access.jwks import Key
from boxship.value import dataclass, field

_LONGEST = 16 * 1024
_LATE = 60.0  # seconds that the issuer's clock may differ
_STRANGE = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an issuer vouches for: who that is there, and all that the token claims."""

    issuer: str
    subject: str
    claims: Mapping[str, object] = field(repr=False)

    @property
    def name(self) -> str:
        """What the registry calls them; users have no colon in their names, and issuers do."""
        return f"{self.subject}@{self.issuer}"


class KeySource(Protocol):
    """Where an issuer's keys come from."""

    async def find(self, name: str | None) -> Key | None:
        """The key of that name (`jwks.Keys.find`), as far as it is known or can be had soon."""


class Issuers:
    """Those who are believed, and for whom their tokens have to be."""

    def __init__(
        self, sources: Mapping[str, KeySource], audience: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._sources, self._audience, self._clock = sources, audience, clock

    async def read(self, token: Secret) -> Identity | None:
        """Whom a token is for; None for one that no issuer signed for this registry, or whose time is over."""
        import jwt  # noqa: PLC0415 - an extra

        text = token.reveal()
        if not looks_like_token(text):
            return None
        try:
            head = jwt.get_unverified_header(text)
            issuer = str(jwt.decode(text, options={"verify_signature": False}).get("iss"))
            source = self._sources.get(issuer)
            if not source or head.keys() & _STRANGE:
                return None
            key = await source.find(head.get("kid"))
            return self._verified(text, issuer, key) if key else None
        except (jwt.PyJWTError, ValueError, TypeError):
            return None

    def _verified(self, text: str, issuer: str, key: Key) -> Identity | None:
        import jwt  # noqa: PLC0415

        claims = jwt.decode(
            text,
            key.key,
            algorithms=[key.algorithm],
            audience=self._audience,
            issuer=issuer,
            # Times are looked at here, by the registry's own clock.
            options={
                "require": ["exp", "iss", "aud", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        now = self._clock()
        if not float(claims.get("nbf", 0)) - _LATE <= now < float(claims["exp"]) + _LATE:
            return None
        return Identity(issuer, claims["sub"], claims)


def looks_like_token(text: str) -> bool:
    """Whether it may be a signed token at all: three parts, and not longer than any is."""
    return len(text) <= _LONGEST and text.isascii() and text.count(".") == 2 and text.startswith("ey")
