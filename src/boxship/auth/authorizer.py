"""Which `Authorization` a request carries, decided from the challenge that its origin made.

The first request to a host carries none. What was learnt belongs to the origin whose challenge it answers: a
connection that becomes TLS begins anew. Sending is `transport`'s work, through the `Asks` it hands in.
"""

from __future__ import annotations

__all__ = ["Authorizer", "Reply"]

import threading
import time
from collections import defaultdict

from boxship.auth.candidates import Candidates, Finds, Want
from boxship.auth.exchange import Asks, Exchange, NotLetIn
from boxship.auth.scope import Scope
from boxship.auth.telling import tell_challenge
from boxship.auth.token import Token, basic, bearer
from boxship.connect.connector import Connector
from boxship.connect.holding import held
from boxship.connect.verdict import Origin, Verdict
from boxship.credential import Credential, CredentialKind, Secret
from boxship.errors import CredentialFailed, Refused
from boxship.reference import Registry
from boxship.settings.hosts import Site
from boxship.value import dataclass
from boxship.wire.challenge import Challenge
from boxship.wire.message import Request


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer a challenge with: a header's value; None where the verdict has changed and all begins anew."""

    authorization: Secret | None


_BEGIN_ANEW = Reply(None)


class _Learnt:
    """What an origin has asked for, and the tokens it has been given."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # one token in flight for each origin and scope; scopes of one origin wait in line
        self.challenge: Challenge | None = None
        self.tokens: dict[tuple[tuple[Scope, ...], Credential], Token] = {}


class Authorizer:
    """Answers challenges. Safe to use from several threads."""

    def __init__(self, find: Finds, asks: Asks, connector: Connector) -> None:
        self._candidates, self._connector = Candidates(find), connector
        self._exchange = Exchange(asks, offline=find.offline)
        self._lock = threading.Lock()
        self._learnt: defaultdict[tuple[Site, Origin], _Learnt] = defaultdict(_Learnt)

    def remembered(self, want: Want) -> Secret | None:
        """The `Authorization` that the site is known to want for these scopes, or None."""
        verdict = self._connector.verdict(want.site)
        with self._lock:
            learnt = self._learnt.get((want.site, verdict.origin)) if verdict else None
        if verdict and learnt and learnt.challenge:
            return self._accepted(want, verdict, learnt)
        return None

    def refresh_token(self, want: Want) -> Secret | None:
        """What a token server has given to get further tokens with, or None."""
        verdict = self._connector.verdict(want.site)
        with self._lock:
            learnt = self._learnt.get((want.site, verdict.origin)) if verdict else None
        token = learnt.tokens.get((want.scopes, self.credential(want))) if learnt else None
        return token.refresh if token else None

    def guess(self, want: Want) -> Secret | None:
        """What most registries accept of the site's credential, before it has asked for any."""
        return _guessed(self.credential(want))

    def answer(
        self,
        challenge: Challenge,
        want: Want,
        verdict: Verdict,
        *,
        refused: Secret | None = None,
        again: bool = False,
    ) -> Reply | None:
        """What to answer the challenge with; None where there is nothing to answer it with, or nothing more.

        `refused`: what the request carried. Another thread may have replaced that by now. `again`: that was made for
        the same challenge, so that a new token changes nothing.
        """
        tell_challenge(want.work.trace, want.site, challenge)
        if again and refused and not self.pass_over(want, verdict, refused):
            return None
        credential = self.credential(want)
        if not credential.is_anonymous:
            # A private literal without anybody's word ends here, too: what would be sent is named in the error.
            secured = self._connector.secure(want.site, want.work, f"the {credential.kind}{_of(credential)}")
            if secured.origin != verdict.origin:
                return _BEGIN_ANEW
            verdict = secured
        with self._lock:
            learnt = self._learnt[(want.site, verdict.origin)]
        with held(learnt.lock, want.work.check):
            learnt.challenge = challenge
            known = learnt.tokens.get((want.scopes, credential))
            if known and known.authorization == refused:
                del learnt.tokens[want.scopes, credential]
        asked = Scope.parse(challenge.parameters.get("scope", ""))
        authorization = self._accepted(want, verdict, learnt, asked, refused)
        return Reply(authorization) if authorization else None

    def pass_over(self, want: Want, verdict: Verdict, refused: Secret) -> bool:
        """The site does not accept what a request carried: whether there is another credential to try."""
        own = self._connector.verdict(want.site)
        if not own or own.origin != verdict.origin:
            return False  # another host's word, which a redirect led to
        credential = self.credential(want)
        with self._lock:
            learnt = self._learnt.get((want.site, verdict.origin))
        carried = self._made(want, learnt, credential) if learnt and learnt.challenge else _guessed(credential)
        return carried != refused or self._candidates.another(want, credential)

    def credential(self, want: Want) -> Credential:
        """The credential that is in turn, perhaps an anonymous one; a helper is asked once."""
        return self._candidates.current(want)

    def refusal(self, want: Want, request: Request) -> Refused:
        """The error of a request that no credential was accepted for."""
        tried = self.tried(want)
        sent = [credential for credential in tried if not credential.is_anonymous]
        words = "it does not accept the credential" if len(sent) == 1 else "it accepts none of the credentials"
        why = words if sent else "no credential for it was found"
        host = Registry.parse(want.site.registry.name)  # as people call it
        return Refused(
            f"{want.site} asks for a credential for {request}",
            status=401,
            why=f"{why}: {'; '.join(map(str, sent or tried))}",
            remedy=f"boxship login {host}, or use --username and --password-stdin",
        )

    def tried(self, want: Want) -> tuple[Credential, ...]:
        """All credentials that were tried, in their order."""
        return self._candidates.known(want)

    # What goes out.

    def _accepted(
        self,
        want: Want,
        verdict: Verdict,
        learnt: _Learnt,
        asked: tuple[Scope, ...] = (),
        refused: Secret | None = None,
    ) -> Secret | None:
        """What the first credential gives that is of use here, from the one in turn on, and is not the refused."""
        tried: set[Credential] = set()
        denied: NotLetIn | None = None
        # The first may come round again, where other threads find them all refused: too many of those lock an account.
        while (credential := self.credential(want)) not in tried:
            tried.add(credential)
            denied = None
            try:
                authorization = self._authorization(want, verdict, learnt, credential, asked)
                if authorization and authorization != refused:
                    return authorization
            except NotLetIn as error:
                denied = error
            if not self._candidates.another(want, credential):
                break
        if denied:
            raise self._all_in_all(denied, want) from None
        return None

    def _all_in_all(self, denied: NotLetIn, want: Want) -> CredentialFailed:
        """The last credential's error, and which were tried before."""
        *others, _ = self._candidates.known(want)
        before = f"; before it, {', '.join(map(str, others))} was refused" if others else ""
        return CredentialFailed(denied.what, why=f"{denied.why}{before}", remedy=denied.remedy)

    @staticmethod
    def _made(want: Want, learnt: _Learnt, credential: Credential) -> Secret | None:
        """What the credential has been made into for these scopes, as far as nobody has to be asked for it."""
        if credential.kind is CredentialKind.REGISTRY_TOKEN or (
            learnt.challenge and learnt.challenge.scheme == "basic"
        ):
            return _guessed(credential)
        token = learnt.tokens.get((want.scopes, credential))
        return token.authorization if token else None

    def _authorization(
        self, want: Want, verdict: Verdict, learnt: _Learnt, credential: Credential, asked: tuple[Scope, ...]
    ) -> Secret | None:
        """`asked`: the scopes in the challenge that is answered; those of an earlier one are another request's."""
        challenge = learnt.challenge
        if not challenge:
            return None
        if credential.kind is CredentialKind.REGISTRY_TOKEN or challenge.scheme == "basic":
            return self._made(want, learnt, credential)
        with held(learnt.lock, want.work.check):
            token = learnt.tokens.get((want.scopes, credential))
            if not token or token.until <= time.monotonic():
                scopes = tuple(dict.fromkeys((*want.scopes, *asked)))
                token = self._exchange.token(want, verdict, challenge, credential, scopes)
                learnt.tokens[want.scopes, credential] = token
        return token.authorization


def _guessed(credential: Credential) -> Secret | None:
    """What most registries accept of a credential, whatever they ask for."""
    if credential.kind is CredentialKind.REGISTRY_TOKEN:
        return bearer(credential.secret, credential.source)
    return Secret(basic(credential)) if credential.kind is CredentialKind.PASSWORD else None


def _of(credential: Credential) -> str:
    return f" of {credential.username!r}" if credential.username else ""
