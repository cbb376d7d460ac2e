"""What a caller says, from the words of `Client` and of the command line to values that remember which word it was."""

from __future__ import annotations

__all__ = ["PlainHTTP", "read_access", "read_credential", "read_flags", "read_password"]

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from boxship.errors import InvalidInput, InvalidSettings
from boxship.settings.access import Access
from boxship.settings.hosts import Flags, Pace, Scheme
from boxship.settings.sourced import IPVersion, Sourced
from boxship.settings.trust import Trust
from boxship.value import replace

if TYPE_CHECKING:
    from boxship.credential import Credential
    from boxship.settings.kubelet import Keyring

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
    tls_min: str | None = None,
    headers: Mapping[str, str] | None = None,
    user_agent: str | None = None,
    ip_version: IPVersion | None = None,
    requests_per_second: float | None = None,
    concurrency: int | None = None,
) -> Flags:
    """The flags that the words mean, or `InvalidSettings`; the words are `Client`'s."""
    trust = Trust.of(
        environment,
        ca_files=(os.fspath(ca_file),) if ca_file else (),
        certificate=_path(cert),
        key=_path(key),
        oldest=tls_min or "",
    )
    flags = Flags(
        plain_http=_scheme_rule(plain_http, insecure=insecure),
        skip_verify=_skip_rule(skip_tls_verify, insecure=insecure),
        trust=trust,
        ip_version=_version(ip_version),
        pace=_pace(requests_per_second, concurrency),
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
    return read_password(username or "", password or "", source="flag --username")


def read_password(username: str, password: str, *, source: str) -> Credential:
    """The credential that a user name and a password are; `InvalidInput` for what cannot be sent."""
    from boxship.credential import Credential, Secret  # noqa: PLC0415 -- most tell none

    try:
        f"{username}{password}".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Not chained: the message of the error has a part of the password in it.
        why = "one of them has half of a surrogate pair, which is no character"
        raise InvalidInput("the user name and password cannot be sent", why=why) from None
    if ":" in username:
        # Not shown: what curl takes has the password after it, and messages have user names.
        why = "it has a colon, which ends a name (RFC 7617): is it a name with its password?"
        raise InvalidInput("the user name cannot be sent", why=why, remedy="write the password apart from it")
    return Credential.password(username, Secret(password), source=source)


def read_access(
    credential: Credential | None,
    *,
    config: _Path | None = None,
    authfile: _Path | None = None,
    pull_secrets: Keyring | None = None,
    preemptive: bool = False,
) -> Access:
    """What the caller says of credentials; `InvalidSettings` where two words say different things."""
    if config and authfile:
        raise InvalidSettings("--config and --authfile", why="each of them names the only file that is read")
    if credential and pull_secrets:
        raise InvalidSettings("--username and --from-secret", why="the secret's credentials are sent, and no others")
    return Access(
        credential=credential,
        pull_secrets=pull_secrets,
        folder=_path(config),
        file=_path(authfile),
        preemptive=preemptive,
    )


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


def _pace(per_second: float | None, at_a_time: int | None) -> Pace | None:
    if per_second is None and at_a_time is None:
        return None
    for name, value in (("requests_per_second", per_second), ("concurrency", at_a_time)):
        if value is not None and not 0 < value < float("inf"):
            raise InvalidSettings(f"{name}={value!r}", why="it is a number above 0")
    rate = None if per_second is None else Sourced(per_second, "the caller")
    return Pace(rate, None if at_a_time is None else Sourced(at_a_time, "the caller"))


def _with_headers(flags: Flags, headers: Mapping[str, str], user_agent: str | None) -> Flags:
    from boxship.settings.headers import parse_headers, parse_user_agent  # noqa: PLC0415 -- few have any

    told = None if user_agent is None else Sourced(parse_user_agent(user_agent), "flag --user-agent")
    return replace(flags, headers=parse_headers(headers), user_agent=told)
