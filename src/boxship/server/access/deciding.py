"""Whether who asks may: decided once for each request, from its route's right, before anything is looked up.

What is not granted is denied. Nobody is told whether a repository exists that they may not pull from. Who asks is
`callers`' to find out; whether a page in a browser sent the request, `origin`'s.
"""

from __future__ import annotations

__all__ = ["Access"]

from boxship.server.access.authorization import Headers, Unreadable
from boxship.server.access.callers import Callers, Unknown
from boxship.server.access.rights import NOBODY, Caller, Right
from boxship.server.access.token_scope import scope_of
from boxship.server.access.tokens import TOKENS
from boxship.server.access.users import Users
from boxship.server.answer import Refusal
from boxship.wire.challenge import write_challenge

# RFC 7617, 2.1: how names and passwords are to be encoded.
_PASSWORD = write_challenge("Basic", realm="boxship", charset="UTF-8")


class Access:
    """Decides about requests.

    Where nothing says who may do what, and there never were users, anybody may do all.
    """

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def close(self) -> None:
        """Let go of the threads that check passwords."""
        self._callers.passwords.close()

    async def admit(
        self, users: Users, right: Right, repository: str, headers: Headers, *, url: str = "", client: str = ""
    ) -> Caller:
        """Who asks, if they may do in `repository` what takes `right`; or the `Refusal` that they get.

        `url` is how the client reaches the registry: where it is sent for a token, if there are any. `client` is its
        address, as far as that counts.
        """
        if right is Right.NONE:
            return NOBODY
        try:
            return await self._admitted(users, right, repository, headers, client)
        except Unknown as error:
            raise self._unknown(right, repository, url, error.code) from error
        except Unreadable as error:
            raise self._unknown(right, repository, url) from error

    async def _admitted(self, users: Users, right: Right, repository: str, headers: Headers, client: str) -> Caller:
        callers = self._callers
        known = await callers.known(users)
        is_open = known.like is None
        caller = callers.anybody(known) if is_open else await callers.find(users, right, headers, known, client)
        if right is Right.LOGIN:
            return caller
        # Clients take a yes to `GET /v2/` for "no password is needed", whatever else they come to ask for.
        if not is_open and right is Right.ANY and not caller.name and caller.within is None:
            raise Unknown
        if caller.may(right, repository):
            return caller
        # Who has a token for something else may get one for this, or learns there that they do not. Docker takes this
        # for an answer; where a HEAD is denied in another way, it tries again for a minute.
        if caller.within is not None:
            raise Unknown("insufficient_scope")
        if not is_open and not caller.name:
            raise Unknown
        raise _closed() if is_open and callers.anonymous is None else _denied()

    def _unknown(self, right: Right, repository: str, url: str, error: str = "") -> Refusal:
        challenge = {"www-authenticate": self._challenge(right, repository, url, error)}
        return Refusal(401, "UNAUTHORIZED", "authentication required", headers=challenge)

    def _challenge(self, right: Right, repository: str, url: str, error: str) -> str:
        """How to come back: with a token, or with a password where that is what tokens are given for."""
        if not self._callers.tokens or right is Right.LOGIN:
            return _PASSWORD
        more = {name: text for name, text in (("scope", scope_of(right, repository)), ("error", error)) if text}
        return write_challenge("Bearer", realm=f"{url}{TOKENS}", service=url.partition("://")[2], **more)


def _denied() -> Refusal:
    return Refusal(403, "DENIED", "requested access to the resource is denied")


def _closed() -> Refusal:
    how = "add one with `boxship registry user add`, or serve with --anonymous push"
    return Refusal(403, "DENIED", f"the registry's last user was removed: {how}")
