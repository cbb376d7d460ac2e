"""containerd's `hosts.toml`: which hosts are asked in a registry's place, in which order, and how each is spoken to.

The rules are those of containerd (core/remotes/docker/config/hosts.go): hosts in the file's order, the `server` last,
and the registry itself where none is named. A file that containerd would pass over, as it is broken, is an error here.
"""

from __future__ import annotations

__all__ = ["Host", "HostsToml", "parse_hosts_toml", "read_hosts"]

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Registry
from boxship.settings.certs_d import Certificates, read_certificates
from boxship.settings.durations import parse_duration
from boxship.settings.headers import Header, read_header
from boxship.settings.section import Section
from boxship.settings.sourced import Sourced
from boxship.value import dataclass

CAPABILITIES = ("pull", "resolve", "push", "referrers")
_KNOWN = ("capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout", "rewrite")


@dataclass(frozen=True, slots=True)
class Host:
    """A host that is asked.

    Attributes:
        registry: where it is, its scheme told; None: the registry itself.
        base: what comes before a repository in its paths: `/v2`, unless `override_path` says otherwise.
        certificates: whom it is believed by, and what is shown to it.
        skip_verify: whether its certificate is not checked; None where that is not said.
        source: where it is named.
    """

    registry: Registry | None
    base: str
    capabilities: frozenset[str]
    certificates: Certificates
    skip_verify: Sourced[bool] | None
    headers: tuple[Sourced[Header], ...]
    dial_timeout: Sourced[float] | None
    source: str


@dataclass(frozen=True, slots=True)
class HostsToml:
    """The hosts in their order, of which the last one stands for the registry itself; and what was not understood."""

    hosts: tuple[Host, ...]
    warnings: tuple[str, ...] = ()


def read_hosts(folder: Path) -> HostsToml:
    """What a folder says: its `hosts.toml`, else the certificates in it."""
    from boxship.settings.toml_file import read_toml  # noqa: PLC0415 -- most machines have no such file

    file = folder / "hosts.toml"
    try:
        section = read_toml(file)
    except (FileNotFoundError, NotADirectoryError):
        return HostsToml((_itself(folder),))
    except OSError as error:
        raise InvalidSettings(str(file), why=f"cannot be read: {error.strerror}") from error
    return parse_hosts_toml(section, folder) if section.values else HostsToml((_itself(folder),))


def parse_hosts_toml(section: Section, folder: Path) -> HostsToml:
    """What a `hosts.toml` says, whose relative paths begin in `folder`; or `InvalidSettings`."""
    named = [_host(inner, url, folder, inner.source()) for url, inner in section.section("host").sections()]
    server = section.text("server")
    last = _host(section, server, folder, section.source("server") if server else section.file)
    return HostsToml((*named, last), tuple(_unknown(section)))


def _itself(folder: Path) -> Host:
    everything = frozenset(CAPABILITIES)
    return Host(None, "/v2", everything, read_certificates(folder, lone=True), None, (), None, str(folder))


def _host(section: Section, url: str, folder: Path, source: str) -> Host:
    override = section.flag("override_path") or False
    registry, path = _place(section, url) if url else (None, "")
    base = posixpath.normpath(path).rstrip("/") if path else ""
    if not override and not base.endswith("/v2"):
        base += "/v2"
    skip = section.flag("skip_verify")
    return Host(
        registry,
        base if url else "/v2",
        _capabilities(section) if url else frozenset(CAPABILITIES),
        Certificates(tuple(_authorities(section, folder)), *_pairs(section, folder)),
        None if skip is None else Sourced(skip, section.source("skip_verify")),
        tuple(_headers(section)),
        _timeout(section),
        source,
    )


def _place(section: Section, url: str) -> tuple[Registry, str]:
    written = url if "://" in url else f"https://{url}"
    scheme, _, rest = written.partition("://")
    authority, slash, path = rest.partition("/")
    if any(mark in rest for mark in "?#"):
        raise _wrong(section, url, "a host's URL has no query")
    try:
        return Registry.parse(f"{scheme}://{authority}"), slash + path
    except InvalidReference as error:
        raise _wrong(section, error.text, error.why) from None


def _wrong(section: Section, url: str, why: str) -> InvalidSettings:
    return section.invalid("server" if section.text("server") else "", f"{url!r} is no host's URL: {why}")


def _capabilities(section: Section) -> frozenset[str]:
    found = frozenset(item.value.lower() for item in section.items("capabilities"))
    unknown = sorted(found.difference(CAPABILITIES))
    if unknown:
        raise section.invalid("capabilities", f"{unknown[0]!r} is none of {', '.join(CAPABILITIES)}")
    return found or frozenset(CAPABILITIES)


def _authorities(section: Section, folder: Path) -> Iterator[Sourced[str]]:
    return (_file(section, "ca", text, folder) for text in section.texts_of("ca"))


def _pairs(
    section: Section, folder: Path
) -> tuple[tuple[Sourced[str], Sourced[str] | None] | None, tuple[Sourced[str], ...]]:
    """The first certificate with its key, and those besides."""
    found: list[tuple[Sourced[str], Sourced[str] | None]] = []
    written = section.value("client")
    for item in written if isinstance(written, list) else [] if written is None else [written]:
        files = item if isinstance(item, list) else [item]
        if not all(isinstance(file, str) for file in files) or len(files) != (2 if isinstance(item, list) else 1):
            raise section.invalid("client", "it is a file, a list of files, or a list of pairs: certificate and key")
        certificate, *key = (_file(section, "client", str(file), folder) for file in files)
        found.append((certificate, key[0] if key else None))
    return (found[0] if found else None), tuple(certificate for certificate, _ in found[1:])


def _file(section: Section, name: str, text: str, folder: Path) -> Sourced[str]:
    return Sourced(str(folder / text), section.source(name))


def _headers(section: Section) -> Iterator[Sourced[Header]]:
    headers = section.section("header")
    for name in headers.values:
        values: Sequence[str] = tuple(headers.texts_of(name))
        # RFC 9110, 5.3: several values of one header are one, with commas between them.
        yield Sourced(read_header(name, ", ".join(values), headers.source(name)), headers.source(name))


def _timeout(section: Section) -> Sourced[float] | None:
    text = section.text("dial_timeout")
    if not text:
        return None
    seconds = parse_duration(text)
    if seconds is None:
        raise section.invalid("dial_timeout", f"{text!r} is no time, as 30s")
    return Sourced(seconds, section.source("dial_timeout"))


def _unknown(section: Section) -> Iterator[str]:
    """Names that containerd passes over: a misspelt `skip-verify` checks certificates all the same."""
    for name in section.values:
        if name.lower() not in (*_KNOWN, "server", "host"):
            yield f"{section.source(name)}: {name!r} is nothing that hosts.toml knows, and is ignored"
    for _, inner in section.section("host").sections():
        for name in inner.values:
            if name.lower() not in _KNOWN:
                yield f"{inner.source(name)}: {name!r} is nothing that hosts.toml knows, and is ignored"
