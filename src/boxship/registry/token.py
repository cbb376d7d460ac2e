"""What a registry wants to be sent: for whoever sends requests by other means."""

from __future__ import annotations

__all__ = ["authorization", "refresh_token"]

from boxship.auth.scope import Scope
from boxship.credential import Secret
from boxship.registry.remote import Remote
from boxship.transport.ask import Ask
from boxship.wire import routes
from boxship.wire.message import Request


def authorization(remote: Remote, scopes: tuple[Scope, ...]) -> Secret | None:
    """The value of `Authorization` that is good for these scopes; None where the registry asks for nothing.

    `Refused` and `CredentialFailed` are raised where there is none that it accepts.
    """
    for path in (routes.BASE, *(routes.tags(scope.name) for scope in scopes[:1])):
        ask = Ask(Request("GET", path), remote.site, remote.work, scopes)
        remote.session.send(ask).close()
        if found := remote.session.authorization(ask):
            return found
    return None


def refresh_token(remote: Remote) -> Secret | None:
    """What the token server gave, while `authorization` without scopes was found out, to get further tokens with."""
    return remote.session.refresh_token(Ask(Request("GET", routes.BASE), remote.site, remote.work, ()))
