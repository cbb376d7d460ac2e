"""Who asks, and whether they may: decided once for each request, from its route's right, before anything is looked up.

What is not granted is denied. Nobody is told whether a repository exists that they may not pull from. Where users come
from is `users`'s and `htpasswd`'s; whether a page in a browser sent the request, `origin`'s.
"""

from __future__ import annotations

__all__ = ["Access", "parse_anonymous"]

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.answer import Refusal
from boxship.server.htpasswd import Htpasswd
from boxship.server.passwords import Overloaded, Passwords, load_bcrypt
from boxship.server.rights import EVERYTHING, NOBODY, Caller, Grant, Right, Rights
from boxship.server.users import Users
from boxship.wire.challenge import write_challenge

Headers = Sequence[tuple[bytes, bytes]]

# RFC 7617, 2.1: how names and passwords are to be encoded.
_CHALLENGE: Mapping[str, str] = {"www-authenticate": write_challenge("Basic", realm="boxship", charset="UTF-8")}
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

    def __init__(self, *, htpasswd: Htpasswd | None, anonymous: Rights | None, passwords: Passwords) -> None:
        self._htpasswd = htpasswd
        self._anonymous = anonymous
        self._passwords = passwords

    @classmethod
    def open(cls, *, htpasswd: str = "", anonymous: Iterable[str] = ()) -> Self:
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
        )

    def close(self) -> None:
        """Let go of the threads that check passwords."""
        self._passwords.close()

    async def admit(self, users: Users, right: Right, repository: str, headers: Headers) -> Caller:
        """Who asks, if they may do in `repository` what takes `right`; or the `Refusal` that they get."""
        if right is Right.NONE:
            return NOBODY
        like = await self._some_hash(users)
        caller = self._anybody(users, like) if like is None else await self._caller(users, headers, like)
        # Clients take a yes to `GET /v2/` for "no password is needed", whatever else they come to ask for.
        if like is not None and right is Right.ANY and not caller.name:
            raise _unauthorized()
        if caller.may(right, repository):
            return caller
        if like is not None and not caller.name:
            raise _unauthorized()
        raise _denied() if like is not None or self._anonymous is not None else _closed()

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

    async def _caller(self, users: Users, headers: Headers, like: str) -> Caller:
        given = _basic(headers)
        if not given:
            return self._anybody(users, like)
        name, password = given
        stored, rights = await self._known(users, name)
        try:
            right = await self._passwords.check(name, password, stored, like=like)
        except Overloaded as error:
            wait = {"retry-after": "1"}
            raise Refusal(429, "TOOMANYREQUESTS", "too many passwords to check", headers=wait) from error
        if not right:
            raise _unauthorized()
        return Caller(name, rights)

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


def _basic(headers: Headers) -> tuple[str, Secret] | None:
    """The name and password that a request brings (RFC 7617), None where it brings none; or the refusal."""
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        return None
    scheme, _, encoded = values[0].partition(b" ")
    if len(values) > 1 or scheme.lower() != b"basic":
        raise _unauthorized()
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error as error:
        raise _unauthorized() from error
    name, colon, password = _text(decoded).partition(":")
    if not colon or "\0" in name:
        raise _unauthorized()
    # containers/image answers a challenge without a credential so (docker_client.go, setupRequestAuth).
    return (name, Secret(password)) if name or password else None


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")  # what clients send who do not know of `charset`


def _unauthorized() -> Refusal:
    return Refusal(401, "UNAUTHORIZED", "authentication required", headers=_CHALLENGE)


def _denied() -> Refusal:
    return Refusal(403, "DENIED", "requested access to the resource is denied")


def _closed() -> Refusal:
    how = "add one with `boxship registry user add`, or serve with --anonymous push"
    return Refusal(403, "DENIED", f"the registry's last user was removed: {how}")
