"""What is told of a log-in: the challenge as it was understood, what a token server was asked for, and what it granted.

No secret is in it: not a credential, not a token, and of a realm's query nothing.
"""

from __future__ import annotations

__all__ = ["tell_asked", "tell_challenge", "tell_found", "tell_granted", "tell_next", "tell_no_token"]

import time

from boxship.auth.grant import Grant
from boxship.auth.realm import Realm
from boxship.auth.scope import Scope
from boxship.connect.trace import Trace
from boxship.credential import Credential
from boxship.errors import BoxshipError
from boxship.event import Fact
from boxship.settings.hosts import Site
from boxship.wire.challenge import Challenge
from boxship.wire.printable import printable
from boxship.wire.shown import shown_words


def tell_found(trace: Trace, site: Site, credential: Credential) -> None:
    """A credential has been looked for."""
    facts: dict[str, Fact] = {
        "host": str(site),
        "kind": str(credential.kind),
        "user": credential.username,
        "source": credential.source,
    }
    trace.say("Credential", f"for {site}: {credential}", facts=facts, depth=2)


def tell_next(trace: Trace, site: Site, refused: Credential) -> None:
    """A credential was refused, and there is another one."""
    facts: dict[str, Fact] = {"host": str(site), "refused": refused.source}
    trace.say("NextCredential", f"{site} does not accept {refused}: the next one", level="W", facts=facts)


def tell_challenge(trace: Trace, site: Site, challenge: Challenge) -> None:
    """The site asks for a credential."""
    parameters = {name: shown_words(challenge.parameters.get(name, "")) for name in ("realm", "service", "scope")}
    words = ", ".join(f"{name} {value!r}" for name, value in parameters.items() if value)
    facts: dict[str, Fact] = {"host": str(site), "scheme": challenge.scheme, **parameters}
    trace.say("Challenge", f"{site} asks for {challenge.scheme}: {words}", facts=facts, depth=2)


def tell_asked(trace: Trace, realm: Realm, scopes: tuple[Scope, ...], credential: Credential) -> None:
    """A token server is going to be asked."""
    words = printable(" ".join(map(str, scopes)))
    facts: dict[str, Fact] = {"realm": str(realm), "scope": words, "kind": str(credential.kind)}
    trace.say("Token", f"asked of {realm} for {words or 'no scope'}: {credential.kind}", facts=facts, depth=2)


def tell_granted(trace: Trace, realm: Realm, since: float, asked: tuple[Scope, ...], grant: Grant) -> None:
    """It has given a token."""
    missing = [scope for scope in asked if not grant.covers(scope)]
    facts: dict[str, Fact] = {
        "realm": str(realm),
        "ms": _ms(since),
        "opaque": int(grant.scopes is None),
        "granted": printable(" ".join(map(str, grant.scopes or ()))),
        "missing": printable(" ".join(map(str, missing))),
        "seconds": grant.seconds,
        "told": int(grant.told),
        "issued_at": printable(grant.issued_at),
    }
    words = f"{realm} grants {printable(grant.words)} for {grant.seconds} s"
    trace.say("TokenAnswer", words, level="W" if missing else "I", facts=facts, depth=2)


def tell_no_token(trace: Trace, realm: Realm, since: float, error: BoxshipError) -> None:
    """It has given none."""
    facts: dict[str, Fact] = {"realm": str(realm), "ms": _ms(since), "error": error.why}
    trace.say("TokenAnswer", f"{realm} gives no token: {error.why}", level="W", facts=facts, depth=2)


def _ms(since: float) -> float:
    return round((time.monotonic() - since) * 1000, 3)
