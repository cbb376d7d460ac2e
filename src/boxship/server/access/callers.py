"""Who asks: users by their passwords, whom a token of the registry's own is for, and whom another system vouches for.

Where users come from is `users`'s and `htpasswd`'s, what tokens say `tokens`'s and `issuers`', what files grant
`grants`'s. Whether callers may do what they ask for is `deciding`'s.
"""

from __future__ import annotations

__all__ = ["Callers", "Unknown"]

from collections.abc import Mapping

from boxship.credential import Secret
from boxship.server.access.authorization import Headers, basic, shown
from boxship.server.access.grants import Grants
from boxship.server.access.issuers import Identity, Issuers, looks_like_token
from boxship.server.access.passwords import Overloaded, Passwords
from boxship.server.access.rights import EVERYTHING, NOBODY, Caller, Right, Rights
from boxship.server.access.tokens import Claims, Tokens
from boxship.server.access.users import Known, Users
from boxship.server.answer import Refusal
from boxship.server.watched import Watched
from boxship.value import dataclass, replace


class Unknown(Exception):
    """Who asks does not say who they are, and should, or does not say it rightly.

    Attributes:
        code: what is wrong with a token (RFC 6750, 3.1); '' where there is none.
    """

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Finds out who asks.

    Attributes:
        passwords: what checks them.
        anonymous: what anybody may do; None where nothing is said.
        htpasswd: hashes of passwords by user; they may do everything, unless there are grants.
        grants: what users, and those whom issuers vouch for, may do by a file.
        tokens: the registry's own.
        issuers: other systems that are believed.
    """

    passwords: Passwords
    anonymous: Rights | None = None
    htpasswd: Watched[Mapping[str, str]] | None = None
    grants: Watched[Grants] | None = None
    tokens: Tokens | None = None
    issuers: Issuers | None = None

    async def known(self, users: Users) -> Known:
        """Whether anybody is known, by whatever means."""
        found = await users.known()
        if found.like or not (self.htpasswd or self.issuers):
            return found
        # A file without users still says that there are rules.
        like = next(iter((await self.htpasswd.value()).values()), "") if self.htpasswd else ""
        return replace(found, like=like)

    def anybody(self, known: Known) -> Caller:
        """Those who do not say who they are."""
        if self.anonymous is not None:
            return Caller("", self.anonymous)
        return NOBODY if known.like is not None or known.were_there else Caller("", EVERYTHING)

    async def find(self, users: Users, right: Right, headers: Headers, known: Known, client: str = "") -> Caller:
        """Who asks; `Unknown`, or `authorization.Unreadable`. A wrong password takes as long as one that is `known`.

        To check one counts for the address `client`, '' for this machine's.
        """
        scheme, given = shown(headers)
        if scheme == b"bearer" and (self.tokens or self.issuers):
            return await self._bearer(users, right, Secret(given.decode("latin-1")), known)
        credential = basic(scheme, given)
        if not credential:
            return self.anybody(known)
        name, password = credential
        # `docker login` takes a token for a password, whatever the name.
        vouched = await self._vouched(password)
        if vouched:
            return vouched
        stored, rights = await self._known(users, name)
        try:
            sure = await self.passwords.check(name, password, stored, like=known.like or "", client=client)
        except Overloaded as error:
            wait = {"retry-after": "1"}
            raise Refusal(429, "TOOMANYREQUESTS", "too many passwords to check", headers=wait) from error
        if not sure:
            raise Unknown
        return Caller(name, rights)

    async def _bearer(self, users: Users, right: Right, token: Secret, known: Known) -> Caller:
        # A token is given for a password, or for what another system says; never for a token of the registry's own.
        claims = self.tokens.read(token) if self.tokens and right is not Right.LOGIN else None
        caller = await (self._allowed(users, right, claims, known) if claims else self._vouched(token))
        if not caller:
            raise Unknown("invalid_token")
        return caller

    async def _allowed(self, users: Users, right: Right, claims: Claims, known: Known) -> Caller | None:
        """Whom a token is for, with what they may do now; no more of it than the token allows."""
        allowed = claims.allowed
        # A list shows what the user may see, not what the token is for beside it.
        within = None if right is Right.CATALOG and allowed.catalog else allowed.rights
        if claims.rights is not None:
            return Caller(claims.subject, claims.rights, within, is_vouched_for=True)
        if not claims.subject:
            return Caller("", self.anybody(known).rights, within)
        stored, rights = await self._known(users, claims.subject)
        return Caller(claims.subject, rights, within) if stored is not None else None  # removed since

    async def _vouched(self, token: Secret) -> Caller | None:
        """Whom an issuer vouches for, with what the file grants for that."""
        if not (self.issuers and looks_like_token(token.reveal())):
            return None
        identity = await self.issuers.read(token)
        return Caller(identity.name, await self._granted(identity), is_vouched_for=True) if identity else None

    async def _granted(self, identity: Identity) -> Rights:
        grants = await self.grants.value() if self.grants else Grants()
        return grants.of_claims(identity.issuer, identity.claims)

    async def _known(self, users: Users, name: str) -> tuple[str | None, Rights]:
        """The hash of a user's password, and what they may do; of the folder's users before those of the file."""
        grants = await self.grants.value() if self.grants else None
        granted = grants.of_user(name) if grants else Rights()
        user = await users.find(name)
        if user:
            return user.password, Rights.of((*user.grants, *granted.grants))
        hashes = await self.htpasswd.value() if self.htpasswd else {}
        return hashes.get(name), granted if grants else EVERYTHING
