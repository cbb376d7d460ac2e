"""Credentials, as values that cannot be printed by accident.

Where they are written is `settings`'s to know; which one is used, and how it is sent, `auth`'s.
"""

from __future__ import annotations

__all__ = ["Credential", "CredentialKind", "Secret"]

from enum import StrEnum
from typing import NoReturn, Self

from boxship.value import dataclass


class Secret:
    """A text that is shown to nobody: only `reveal` gives it. It is compared in constant time and never pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the wire, never for a person, a log or an error."""
        return self._text

    def __repr__(self) -> str:
        return "(secret)"

    def __format__(self, _: str) -> str:
        return "(secret)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # noqa: PLC0415 -- it loads OpenSSL's digests, and few secrets are compared

        return hmac.compare_digest(self._bytes(), other._bytes())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied: it stays in the process that read it")

    def _bytes(self) -> bytes:
        return self._text.encode("utf-8", "surrogatepass")


class CredentialKind(StrEnum):
    """What a credential is made of, and so what it is good for."""

    PASSWORD = "password"  # noqa: S105 -- a kind, not a password
    """A user name and a password: sent as Basic, or to a token server."""
    IDENTITY_TOKEN = "identity token"  # noqa: S105 -- the same
    """A refresh token: posted to a token server (docker's `identitytoken`)."""
    REGISTRY_TOKEN = "registry token"  # noqa: S105 -- the same
    """A bearer token: sent as it is (docker's `registrytoken`)."""
    ANONYMOUS = "anonymous"


_EMPTY = Secret("")


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves who asks, and where it is from; made by the constructor of its kind."""

    kind: CredentialKind
    username: str
    secret: Secret
    source: str

    @classmethod
    def password(cls, username: str, password: Secret, *, source: str) -> Self:
        """A user name and its password."""
        return cls(CredentialKind.PASSWORD, username, password, source)

    @classmethod
    def identity_token(cls, token: Secret, *, source: str, username: str = "") -> Self:
        """A refresh token; a user name beside it is for people to read."""
        return cls(CredentialKind.IDENTITY_TOKEN, username, token, source)

    @classmethod
    def registry_token(cls, token: Secret, *, source: str) -> Self:
        """A bearer token that needs no token server."""
        return cls(CredentialKind.REGISTRY_TOKEN, "", token, source)

    @classmethod
    def anonymous(cls, *, source: str) -> Self:
        """No credential; `source` says where one was looked for."""
        return cls(CredentialKind.ANONYMOUS, "", _EMPTY, source)

    @property
    def is_anonymous(self) -> bool:
        """Whether there is nothing to send."""
        return self.kind is CredentialKind.ANONYMOUS

    def __str__(self) -> str:
        user = f" of {self.username!r}" if self.username else ""
        return f"{self.kind}{user} ({self.source})"
