"""Tokens that this registry signs and takes: who somebody is, and what they asked to be allowed (RFC 7519, RFC 8037).

One algorithm, keys of files, and a head that says no more than it has to: what else a token says of how it is to be
checked is not followed but refused. What somebody may do is looked up again for each request, so that a token gives
nobody what was taken from them since.
"""

from __future__ import annotations

__all__ = ["SECONDS", "TOKENS", "Claims", "Tokens"]

import hashlib
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from boxship.credential import Secret
from boxship.errors import InvalidSettings, MissingExtra
from boxship.server.access.rights import Grant, Pattern, Right, Rights
from boxship.server.access.token_scope import Allowed
from boxship.value import dataclass

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TOKENS = "/auth/token"
"""Where they are given."""
SECONDS = 300
"""How long a token is good: a push of a large image fetches several."""
_ALGORITHM = "EdDSA"
_WHO = "boxship"  # who issues, and whom it is for
_LATE = 10.0  # seconds that clocks of two replicas may differ
_LONGEST = 16 * 1024
_MOST_KNOWN = 4 * 1024 * 1024  # characters of tokens; with what they say, they take four times that, as measured
_REMEDY = "make one: openssl genpkey -algorithm ed25519 -out token.pem"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: who it is for ('' is anybody), what it allows, and until when it is good (Unix time).

    `rights` are all that they may do whom an issuer vouched for: nobody can look that up later. Users have None.
    """

    subject: str
    allowed: Allowed
    until: float
    rights: Rights | None = None


class Tokens:
    """Signs with the first key, and takes what any of them signed."""

    def __init__(self, keys: Iterable[Ed25519PrivateKey], *, clock: Callable[[], float] = time.time) -> None:
        first, *_ = found = tuple(keys)
        self._key = first
        self._public: Mapping[str, Ed25519PublicKey] = {_name(key): key.public_key() for key in found}
        self._clock = clock
        self._known: dict[str, Claims] = {}
        self._size = 0  # of these, in characters

    @classmethod
    def open(cls, files: Iterable[Path], *, clock: Callable[[], float] = time.time) -> Self:
        """The tokens of the keys in these files. Blocks; `InvalidSettings`, or `MissingExtra`."""
        return cls([_read_key(file) for file in files], clock=clock)

    def sign(self, subject: str, allowed: Allowed, rights: Rights | None = None) -> Secret:
        """A token for somebody, good from now on for `SECONDS`; with `rights` for whom an issuer vouched for."""
        import jwt  # noqa: PLC0415 - an extra

        now = int(self._clock())
        claims = {
            "iss": _WHO,
            "aud": _WHO,
            "sub": subject,
            "iat": now,
            "nbf": now,
            "exp": now + SECONDS,
            "jti": str(uuid.uuid4()),
            "access": allowed.write(),
        }
        if rights is not None:
            claims["rights"] = [[str(grant.pattern), sorted(grant.rights)] for grant in rights.grants]
        return Secret(jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": _name(self._key)}))

    def read(self, token: Secret) -> Claims | None:
        """What a token says; None for one that this registry did not sign, or whose time is over."""
        text = token.reveal()
        known = self._known.get(text)
        claims = known or self._verified(text)
        if not claims or self._is_over(claims):
            return None
        if not known:
            self._keep(text, claims)
        return claims

    def _is_over(self, claims: Claims) -> bool:
        return self._clock() >= claims.until + _LATE

    def _keep(self, text: str, claims: Claims) -> None:
        """Know the token without looking at its signature again."""
        if self._size + len(text) > _MOST_KNOWN:
            self._known = {known: said for known, said in self._known.items() if not self._is_over(said)}
            if sum(map(len, self._known)) > _MOST_KNOWN // 2:  # or the next ones would look through all again
                self._known.clear()
            self._size = sum(map(len, self._known))
        self._known[text] = claims
        self._size += len(text)

    def _verified(self, text: str) -> Claims | None:
        import jwt  # noqa: PLC0415 - an extra

        if len(text) > _LONGEST:
            return None
        try:
            head = jwt.get_unverified_header(text)
            # `jwk`, `jku`, `x5c`, `crit` and whatever comes next: how it is checked is not for the token to say.
            if head.keys() - {"alg", "typ", "kid"} or head.get("kid") not in self._public:
                return None
            said = jwt.decode(
                text,
                self._public[head["kid"]],
                algorithms=[_ALGORITHM],
                audience=_WHO,
                issuer=_WHO,
                # Times are looked at here, by this registry's own clock.
                options={
                    "require": ["exp", "iat", "nbf", "sub", "aud", "iss", "jti"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            claims = Claims(said["sub"], Allowed.read(said["access"]), float(said["exp"]), _rights(said.get("rights")))
            begins = float(said["nbf"])
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            return None
        return claims if begins <= self._clock() + _LATE else None


def _rights(said: object) -> Rights | None:
    """What the claim `rights` says, None where there is none; `TypeError` or `ValueError` for what is wrong."""
    if not isinstance(said, list):
        return None
    return Rights.of(Grant(Pattern.parse(pattern), frozenset(map(Right, rights))) for pattern, rights in said)


def _read_key(file: Path) -> Ed25519PrivateKey:
    try:
        import jwt  # noqa: F401, PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtra("tokens", "tokens of the registry's own") from error
    try:
        if not file.is_file():  # a pipe has an end only once, and each worker reads it
            raise InvalidSettings(str(file), why="it is no file", remedy=_REMEDY)
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise InvalidSettings(str(file), why=error.strerror or str(error), remedy=_REMEDY) from error
    except (TypeError, ValueError) as error:
        raise InvalidSettings(
            str(file), why="it holds no private key in PEM, without a password", remedy=_REMEDY
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidSettings(str(file), why="its key is not one of Ed25519", remedy=_REMEDY)
    return key


def _name(key: Ed25519PrivateKey) -> str:
    """What a token calls the key that signed it."""
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]
