"""The public keys of an OIDC issuer (RFC 7517), each with the one algorithm that it is believed with."""

from __future__ import annotations

__all__ = ["Key", "Keys", "parse_keys"]

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from boxship.errors import InvalidSettings
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.value import dataclass

if TYPE_CHECKING:
    from jwt import PyJWK

_MOST = 100
_SMALLEST = 2048  # bits of an RSA key (RFC 7518, 3.3)
# No HS*: whoever knows a public key could sign with it.
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_OF_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_REMEDY = "give the issuer's keys: its jwks_uri says them"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and how it signs."""

    algorithm: str
    key: PyJWK


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys by their names."""

    named: Mapping[str, Key]

    def find(self, name: str | None) -> Key | None:
        """The key of that name; the only one where a token names none."""
        if name is None:
            return next(iter(self.named.values())) if len(self.named) == 1 else None
        return self.named.get(name)


def parse_keys(text: str, source: str) -> Keys:
    """The keys of a JWK set that can be believed; `InvalidSettings` where there is none."""
    try:
        entries = islice(parse_object(text.encode()).objects("keys"), _MOST)
        found = {entry.text("kid"): key for entry in entries if (key := _key(entry))}
    except Malformed as error:
        raise InvalidSettings(source, why=str(error), remedy=_REMEDY) from error
    if not found:
        raise InvalidSettings(source, why="it holds no public key that signs", remedy=_REMEDY)
    return Keys(found)


def _key(entry: Fields) -> Key | None:
    """The key; None for one that is for something else, or of a kind that is not believed."""
    import jwt  # noqa: PLC0415 - an extra

    algorithm = _algorithm(entry)
    if not algorithm or entry.text("use", "sig") != "sig":
        return None
    public = {name: value for name, value in entry.values.items() if name != "d"}
    try:
        key = jwt.PyJWK(public, algorithm)
    except jwt.PyJWTError:
        return None
    return None if getattr(key.key, "key_size", _SMALLEST) < _SMALLEST and algorithm in _OF_RSA else Key(algorithm, key)


def _algorithm(entry: Fields) -> str:
    said = entry.text("alg")
    if entry.text("kty") == "RSA":
        return (said or "RS256") if not said or said in _OF_RSA else ""
    meant = _BY_CURVE.get(entry.text("crv"), "")
    return meant if said in ("", meant) else ""
