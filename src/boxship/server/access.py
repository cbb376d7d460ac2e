"""Who asks, and whether they may: decided once for each request, from its route's right, before anything is looked up.

A request may bring a password, or a token that was given for one. What is not granted is denied. Nobody is told whether
a repository exists that they may not pull from. Where users come from is `users`'s and `htpasswd`'s, what tokens say,
`tokens`'s; whether a page in a browser sent the request, `origin`'s.
"""

from __future__ import annotations

__all__ = ["Access", "parse_anonymous"]

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.answer import Refusal
from boxship.server.authorization import Headers, Unreadable, basic, shown
from boxship.server.htpasswd import Htpasswd
from boxship.server.passwords import Overloaded, Passwords, load_bcrypt
from boxship.server.rights import EVERYTHING, NOBODY, Caller, Grant, Right, Rights
from boxship.server.token_scope import scope_of
from boxship.server.tokens import TOKENS, Claims, Tokens
from boxship.server.users import Users
from boxship.wire.challenge import write_challenge

# RFC 7617, 2.1: how names and passwords are to be encoded.
_PASSWORD = write_challenge("Basic", realm="boxship", charset="UTF-8")
_ANONYMOUS: Mapping[str, tuple[Right, ...]] = {
    "none": (),
    "pull": (Right.PULL,),
    "create": (Right.CREATE,),
    "push": (Right.PUSH,),
}


class Access:
    """Decides about requests, by a registry's users, those of an htpasswd file, and what anybody may do.

    Where nothing says who may do what, and there never were users, anybody may do all.
    """

    def __init__(
        self,
        *,
        htpasswd: Htpasswd | None,
        anonymous: Rights | None,
        passwords: Passwords,
        tokens: Tokens | None = None,
    ) -> None:
        self._htpasswd = htpasswd
        self._anonymous = anonymous
        self._passwords = passwords
        self._tokens = tokens

    @classmethod
    def open(cls, *, htpasswd: str = "", anonymous: Iterable[str] = (), tokens: Tokens | None = None) -> Self:
        """The access by settings as they are written. Blocks: not for an event loop.

        Raises `InvalidSettings`, and `MissingExtra` where there is a file of users and nothing to check passwords with.
        """
        words = tuple(anonymous)
        if htpasswd:
            load_bcrypt()
        return cls(
            htpasswd=Htpasswd(Path(htpasswd)) if htpasswd else None,
            anonymous=parse_anonymous(words) if words else None,
            passwords=Passwords(),
            tokens=tokens,
        )

    def close(self) -> None:
        """Let go of the threads that check passwords."""
        self._passwords.close()

    async def admit(self, users: Users, right: Right, repository: str, headers: Headers, url: str = "") -> Caller:
        """Who asks, if they may do in `repository` what takes `right`; or the `Refusal` that they get.

        `url` is how the client reaches the registry: where it is sent for a token, if there are any.
        """
        if right is Right.NONE:
            return NOBODY
        try:
            return await self._admitted(users, right, repository, headers)
        except _Unknown as error:
            raise self._unknown(right, repository, url, error.code) from error
        except Unreadable as error:
            raise self._unknown(right, repository, url) from error

    async def _admitted(self, users: Users, right: Right, repository: str, headers: Headers) -> Caller:
        like = await self._some_hash(users)
        caller = self._anybody(users, like) if like is None else await self._caller(users, right, headers, like)
        if right is Right.LOGIN:
            return caller
        # Clients take a yes to `GET /v2/` for "no password is needed", whatever else they come to ask for.
        if like is not None and right is Right.ANY and not caller.name and caller.within is None:
            raise _Unknown
        if caller.may(right, repository):
            return caller
        # Who has a token for something else may get one for this, or learns there that they do not. Docker takes this
        # for an answer; where a HEAD is denied in another way, it tries again for a minute.
        if caller.within is not None:
            raise _Unknown("insufficient_scope")
        if like is not None and not caller.name:
            raise _Unknown
        raise _denied() if like is not None or self._anonymous is not None else _closed()

    def _unknown(self, right: Right, repository: str, url: str, error: str = "") -> Refusal:
        challenge = {"www-authenticate": self._challenge(right, repository, url, error)}
        return Refusal(401, "UNAUTHORIZED", "authentication required", headers=challenge)

    def _challenge(self, right: Right, repository: str, url: str, error: str) -> str:
        """How to come back: with a token, or with a password where that is what tokens are given for."""
        if not self._tokens or right is Right.LOGIN:
            return _PASSWORD
        more = {name: text for name, text in (("scope", scope_of(right, repository)), ("error", error)) if text}
        return write_challenge("Bearer", realm=f"{url}{TOKENS}", service=url.partition("://")[2], **more)

    def _anybody(self, users: Users, like: str | None) -> Caller:
        """Those who do not say who they are."""
        if self._anonymous is not None:
            return Caller("", self._anonymous)
        return NOBODY if like is not None or users.were_there() else Caller("", EVERYTHING)

    async def _some_hash(self, users: Users) -> str | None:
        """The hash of some user's password; None where there are no users."""
        found = users.some_hash()
        if found or not self._htpasswd:
            return found
        # A file without users still says that there are rules.
        return next(iter((await self._htpasswd.hashes()).values()), "")

    async def _caller(self, users: Users, right: Right, headers: Headers, like: str) -> Caller:
        scheme, given = shown(headers)
        if scheme == b"bearer" and self._tokens and right is not Right.LOGIN:
            return await self._bearer(users, right, self._tokens.read(Secret(given.decode("latin-1"))), like)
        credential = basic(scheme, given)
        if not credential:
            return self._anybody(users, like)
        name, password = credential
        stored, rights = await self._known(users, name)
        try:
            sure = await self._passwords.check(name, password, stored, like=like)
        except Overloaded as error:
            wait = {"retry-after": "1"}
            raise Refusal(429, "TOOMANYREQUESTS", "too many passwords to check", headers=wait) from error
        if not sure:
            raise _Unknown
        return Caller(name, rights)

    async def _bearer(self, users: Users, right: Right, claims: Claims | None, like: str) -> Caller:
        """Whom a token is for, with what they may do now; no more of it than the token allows."""
        if not claims:
            raise _Unknown("invalid_token")
        stored, rights = await self._known(users, claims.subject)
        if claims.subject and stored is None:  # removed since
            raise _Unknown("invalid_token")
        rights = rights if claims.subject else self._anybody(users, like).rights
        allowed = claims.allowed
        # A list shows what the user may see, not what the token is for beside it.
        within = None if right is Right.CATALOG and allowed.catalog else allowed.rights
        return Caller(claims.subject, rights, within)

    async def _known(self, users: Users, name: str) -> tuple[str | None, Rights]:
        """The hash of a user's password, and what they may do; of the folder's users before those of the file."""
        user = users.find(name)
        if user:
            return user.password, user.rights
        hashes = await self._htpasswd.hashes() if self._htpasswd else {}
        return hashes.get(name), EVERYTHING


def parse_anonymous(words: Iterable[str]) -> Rights:
    """What anybody may do, as settings write it: `none`, or `pull`, `create` or `push`, with `:PATTERN` if need be."""
    return Rights.of(grant for word in words for grant in _grants(word))


def _grants(word: str) -> tuple[Grant, ...]:
    name, colon, pattern = word.partition(":")
    rights = _ANONYMOUS.get(name)
    # `pull:` may be a variable that was empty, and is not meant for everything.
    if rights is None or (colon and not (rights and pattern)):
        raise InvalidSettings(
            f"--anonymous {word}", why="it is none of pull, create, push and none", remedy="for example pull:public/**"
        )
    return (Grant.of(pattern or "**", *rights),) if rights else ()


class _Unknown(Exception):
    """Who asks does not say who they are, and should, or does not say it rightly.

    Attributes:
        code: what is wrong with a token (RFC 6750, 3.1); '' where there is none.
    """

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


def _denied() -> Refusal:
    return Refusal(403, "DENIED", "requested access to the resource is denied")


def _closed() -> Refusal:
    how = "add one with `boxship registry user add`, or serve with --anonymous push"
    return Refusal(403, "DENIED", f"the registry's last user was removed: {how}")
