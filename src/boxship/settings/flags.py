"""What a caller says, from the words of `Client` and of the command line to values that remember which word it was."""

from __future__ import annotations

__all__ = ["PlainHTTP", "read_credential", "read_flags"]

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from boxship.errors import InvalidInput, InvalidSettings
from boxship.settings.hosts import Flags, Scheme
from boxship.settings.sourced import IPVersion, Sourced
from boxship.settings.trust import Trust

if TYPE_CHECKING:
    from boxship.credential import Credential

PlainHTTP = Literal["always", "auto", "never"]
_Path = str | os.PathLike[str]
_SCHEMES = {"always": Scheme.HTTP, "auto": Scheme.AUTO, "never": Scheme.HTTPS}
_INSECURE = "flag --insecure"


def read_flags(
    environment: Mapping[str, str],
    *,
    plain_http: PlainHTTP | None = None,
    insecure: bool = False,
    skip_tls_verify: bool | Iterable[str] = False,
    ca_file: _Path | None = None,
    cert: _Path | None = None,
    key: _Path | None = None,
    headers: Mapping[str, str] | None = None,
    user_agent: str | None = None,
    ip_version: IPVersion | None = None,
) -> Flags:
    """The flags that the words mean, or `InvalidSettings`; the words are `Client`'s."""
    trust = Trust.of(
        environment, ca_files=(os.fspath(ca_file),) if ca_file else (), certificate=_path(cert), key=_path(key)
    )
    flags = Flags(
        plain_http=_scheme_rule(plain_http, insecure=insecure),
        skip_verify=_skip_rule(skip_tls_verify, insecure=insecure),
        trust=trust,
        ip_version=_version(ip_version),
    )
    return _with_headers(flags, headers or {}, user_agent) if headers or user_agent is not None else flags


def read_credential(
    username: str | None, password: str | None, credential: Credential | None = None
) -> Credential | None:
    """The credential that the caller tells, or None; `InvalidInput` for one that cannot be sent."""
    if username is None and password is None:
        return credential
    if credential:
        raise InvalidSettings("username and credential", why="one of them is sent, and both are told")
    from boxship.credential import Credential, Secret  # noqa: PLC0415 -- most tell none

    try:
        f"{username}{password}".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Not chained: the message of the error has a part of the password in it.
        why = "one of them has half of a surrogate pair, which is no character"
        raise InvalidInput("the user name and password cannot be sent", why=why) from None
    return Credential.password(username or "", Secret(password or ""), source="flag --username")


def _path(path: _Path | None) -> str:
    return os.fspath(path) if path else ""


def _scheme_rule(plain_http: PlainHTTP | None, *, insecure: bool) -> Sourced[Scheme] | None:
    if plain_http is not None:
        if plain_http not in _SCHEMES:
            raise InvalidSettings(f"plain_http={plain_http!r}", why=f"it is one of {', '.join(_SCHEMES)}")
        return Sourced(_SCHEMES[plain_http], f"flag --plain-http={plain_http}")
    return Sourced(Scheme.AUTO, _INSECURE) if insecure else None


def _skip_rule(hosts: bool | Iterable[str], *, insecure: bool) -> Sourced[frozenset[str] | bool]:  # noqa: FBT001 -- the caller's own word
    told = hosts if isinstance(hosts, bool) else _hosts(hosts)
    return Sourced(True, _INSECURE) if insecure else Sourced(told, "flag --skip-tls-verify" if told else "default")


def _hosts(named: Iterable[str]) -> frozenset[str]:
    return frozenset(host.lower() for host in ((named,) if isinstance(named, str) else named))


def _version(version: IPVersion | None) -> Sourced[IPVersion] | None:
    if version is None:
        return None
    if version not in (4, 6):
        raise InvalidSettings(f"ip_version={version!r}", why="it is 4 or 6")
    return Sourced(version, f"flag -{version}")


def _with_headers(flags: Flags, headers: Mapping[str, str], user_agent: str | None) -> Flags:
    from boxship.settings.headers import parse_headers, parse_user_agent  # noqa: PLC0415 -- few have any

    told = None if user_agent is None else Sourced(parse_user_agent(user_agent), "flag --user-agent")
    return replace(flags, headers=parse_headers(headers), user_agent=told)
