"""The access to a registry, made from its settings: which files and issuers say who may do what."""

from __future__ import annotations

__all__ = ["open_access", "open_tokens"]

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server.access.anonymous import parse_anonymous
from boxship.server.access.callers import Callers
from boxship.server.access.deciding import Access
from boxship.server.access.grants import Grants, parse_grants
from boxship.server.access.htpasswd import parse_htpasswd
from boxship.server.access.issuer_keys import FetchedKeys, FileKeys
from boxship.server.access.issuers import Issuers
from boxship.server.access.passwords import Passwords, load_bcrypt
from boxship.server.access.tokens import Tokens
from boxship.server.registry import Settings
from boxship.server.watched import Watched


def open_access(settings: Settings, tokens: Tokens | None, *, clock: Callable[[], float] = time.time) -> Access:
    """The access by the settings. Blocks: not for an event loop. No issuer is asked for anything yet.

    Raises `InvalidSettings`, and `MissingExtra` where there is nothing to check passwords or tokens with.
    """
    if settings.htpasswd:
        load_bcrypt()
    return Access(
        Callers(
            passwords=Passwords(),
            anonymous=parse_anonymous(settings.anonymous) if settings.anonymous else None,
            htpasswd=Watched(Path(settings.htpasswd), parse_htpasswd) if settings.htpasswd else None,
            grants=_grants(settings),
            tokens=tokens,
            issuers=_issuers(settings, clock) if settings.oidc_issuer else None,
        )
    )


def open_tokens(settings: Settings, clock: Callable[[], float] = time.time) -> Tokens | None:
    """The registry's own tokens, if it gives any. Blocks; `InvalidSettings`, or `MissingExtra`."""
    return Tokens.open(map(Path, settings.token_key), clock=clock) if settings.token_key else None


def _grants(settings: Settings) -> Watched[Grants] | None:
    issuers = frozenset(issuer.url for issuer in settings.oidc_issuer)
    return Watched(Path(settings.grants), partial(parse_grants, issuers=issuers)) if settings.grants else None


def _issuers(settings: Settings, clock: Callable[[], float]) -> Issuers:
    if find_spec("jwt") is None or find_spec("cryptography") is None:
        raise MissingExtra("tokens", "tokens of other systems")
    sources = {
        issuer.url: FileKeys(Path(issuer.file)) if issuer.file else FetchedKeys(issuer)
        for issuer in settings.oidc_issuer
    }
    return Issuers(sources, _audience(settings), clock=clock)


def _audience(settings: Settings) -> str:
    """Whom tokens have to be for: what somebody else is shown may not be good here."""
    audience = settings.oidc_audience or settings.url.partition("://")[2]
    if not audience:
        why = "its tokens have to say that they are for this registry"
        raise InvalidSettings("--oidc-issuer", why=why, remedy="give --oidc-audience NAME, or --url")
    return audience
