"""References: the names of registries, repositories, tags and manifests, parsed once at the border.

The grammar is distribution/reference's (regexp.go), with Docker Hub's rules (normalize.go), `http://` and `https://`
prefixes, and IPv6 in brackets. What address a host has, and which scheme it speaks, is `settings` and `connect`.
"""

from __future__ import annotations

__all__ = ["DEFAULT_TAG", "DOCKER_HUB", "Reference", "Registry"]

import ipaddress
import re
import socket
from functools import lru_cache
from typing import Literal, Self

from boxship.digest import Digest
from boxship.errors import InvalidReference
from boxship.value import dataclass, replace

DOCKER_HUB = "docker.io"
DEFAULT_TAG = "latest"

# What people and tools call Docker Hub; the fifth spelling is no host at all.
_HUB_SPELLINGS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_HUB_API = "registry-1.docker.io"

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
_PORT = re.compile(r"[0-9]{1,5}")
_ZONE = re.compile(r"[A-Za-z0-9._~-]+")  # RFC 6874, without its percent-encoding
_BARE_HEX = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"@sha(?:256|512):[^@]*\Z")  # as far as to tell it from what a user's name and password precede
_DOTS = "\u3002\uff0e\uff61"  # RFC 3490, 3.1
# UTS 46, 2.3: old and new programs look up different hosts for these letters.
_DEVIATIONS = "ßẞς\u200c\u200d"
# How paths begin, and what is said to who writes one where an image is meant.
_PATHS = frozenset({".", "..", "~"})
_IN_A_PLACE = "a file or a folder is written with what it is: oci:FOLDER, dir:FOLDER, docker-archive:FILE"
_MAX_REPOSITORY = 255  # distribution/reference: RepositoryNameTotalLengthMax

Scheme = Literal["http", "https"]
SCHEMES: tuple[Scheme, ...] = ("https", "http")


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry as it is written: a host, perhaps a port, perhaps a told scheme.

    Attributes:
        host: a name (perhaps with a trailing dot), an IPv4 address, or an IPv6 address without brackets (perhaps with
            a zone), in its usual spelling; an IPv4 address that was written as a mapped one is the IPv4 address.
        port: as written, or None.
        scheme: `http` or `https` when a prefix said so, else None.
    """

    host: str
    port: int | None = None
    scheme: Scheme | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the registry that `text` names (`host`, `host:port`, `http://host:port`)."""
        scheme, start = _scheme(text)
        _refuse_user(text, start, always=True)
        authority, slash, rest = text[start:].partition("/")
        # `https://index.docker.io/v1/` is how docker's own files write Docker Hub.
        if slash and rest.strip("/") not in ("", "v1", "v2"):
            end = start + len(authority)
            raise InvalidReference(text, (end, len(text)), why="a registry has no path; this looks like a repository")
        return cls._of(text, authority, start, scheme)

    @classmethod
    def _of(cls, text: str, authority: str, start: int, scheme: Scheme | None) -> Self:
        host, port = _split_port(text, authority, start)
        if not _is_host(host):
            _check_host(text, host, start)
        if host.lower().rstrip(".") in _HUB_SPELLINGS and port in (None, 443):
            return cls(DOCKER_HUB, None, scheme)
        return cls(host, port, scheme)

    @property
    def name(self) -> str:
        """The host and port as a URL and a Host header write them: no zone, no trailing dot, IPv6 in brackets."""
        return _authority(self.host.partition("%")[0].rstrip("."), self.port)

    @property
    def api(self) -> Registry:
        """The registry that answers for this one: Docker Hub's API has another host than its name."""
        return replace(self, host=_HUB_API) if self.is_docker_hub else self

    @property
    def is_docker_hub(self) -> bool:
        """Whether this is Docker Hub, in any of its spellings; another port of its host is another registry."""
        return self.host == DOCKER_HUB and self.port is None

    def __str__(self) -> str:
        written = _authority(self.host, self.port)
        return f"{self.scheme}://{written}" if self.scheme else written


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository in a registry, and perhaps a tag, a digest, or both (then the digest decides)."""

    registry: Registry
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference that `text` writes, or raise `InvalidReference` with the wrong part marked."""
        scheme, start = _scheme(text)
        if not text[start:]:
            raise InvalidReference(
                text, (start, start), why="here is no repository", remedy="for example reg.corp/app:1"
            )
        _refuse_user(text, start, always=scheme is not None)
        name, digest = _split_digest(text, start)
        authority, path_start = _split_host(text, name, start, scheme)
        path, tag = _split_tag(text, name[path_start - start :], path_start)
        if authority is None and tag:
            _refuse_registry(text, path, tag)
        registry = Registry(DOCKER_HUB) if authority is None else Registry._of(text, authority, start, scheme)
        _check_components(text, path, path_start)
        repository = f"library/{path}" if registry.is_docker_hub and "/" not in path else path
        if len(repository) > _MAX_REPOSITORY:
            span = (path_start, path_start + len(path))
            raise InvalidReference(text, span, why=f"longer than {_MAX_REPOSITORY} characters")
        return cls(registry, repository, tag, digest)

    @property
    def name(self) -> str:
        """What a manifest is asked for by: the digest, else the tag, else `latest`."""
        return str(self.digest) if self.digest else self.tag or DEFAULT_TAG

    def with_digest(self, digest: Digest) -> Reference:
        """The same repository, pinned to `digest`."""
        return Reference(self.registry, self.repository, None, digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def _authority(host: str, port: int | None) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"


def _scheme(text: str) -> tuple[Scheme | None, int]:
    odd = text.find("://")
    if odd < 0:
        return None, 0
    for scheme in SCHEMES:
        if text.lower().startswith(f"{scheme}://"):
            return scheme, len(scheme) + 3
    raise InvalidReference(text, (0, odd + 3), why="only http:// and https:// may stand before a registry")


def _refuse_user(text: str, start: int, *, always: bool) -> None:
    """Raise where a user's name stands before the host: what is there may be a password, and is in no error.

    `always`: any `@` but a digest's means one; else only one that a path follows.
    """
    if "@" not in text:
        return
    written = _DIGEST.sub("", text[start:])
    user, at, host = written.rpartition("@")
    if at and (always or "/" in host):
        mark = user and "…"
        shown = f"{text[:start]}{mark}{text[start + len(user) :]}"
        why = "a user's name and password do not stand before a host"
        remedy = "use --username and --password-stdin, or log in with docker login"
        raise InvalidReference(shown, (start, start + len(mark)), why=why, remedy=remedy)


def _split_digest(text: str, start: int) -> tuple[str, Digest | None]:
    name, at, written = text[start:].partition("@")
    if not at:
        return name, None
    offset = start + len(name) + 1
    try:
        return name, Digest.parse(written)
    except InvalidReference as error:
        first, last = error.span
        raise InvalidReference(text, (offset + first, offset + last), why=error.why, remedy=error.remedy) from None


def _split_host(text: str, name: str, start: int, scheme: Scheme | None) -> tuple[str | None, int]:
    """The authority (None for Docker Hub's short names) and where the path starts in `text`."""
    first, slash, _ = name.partition("/")
    if slash and (scheme or _looks_like_host(first)):
        return first, start + len(first) + 1
    if scheme or first.startswith("["):
        end = start + len(name)
        raise InvalidReference(text, (end, end), why="a repository is missing", remedy=f"for example {text}/app")
    return None, start


def _looks_like_host(part: str) -> bool:
    # normalize.go splitDockerDomain: a dot, a colon, `localhost`, or an upper-case letter makes a host.
    # So do the dots of other scripts, though such a host is then refused.
    return part == "localhost" or any(mark in part for mark in f".:[{_DOTS}") or part != part.lower()


def _refuse_registry(text: str, path: str, tag: str) -> None:
    # docker takes `127.0.0.1:5000` for a repository of Docker Hub with the tag 5000, which nobody ever means.
    if tag.isdigit() and ("." in path or path == "localhost") and "/" not in path:
        end = len(text)
        raise InvalidReference(
            text, (end, end), why="a repository is missing: this is a registry", remedy=f"write {text}/REPOSITORY"
        )


def _split_tag(text: str, path: str, start: int) -> tuple[str, str | None]:
    repository, colon, tag = path.partition(":")
    if not colon:
        return repository, None
    if not _TAG.fullmatch(tag):
        first = start + len(repository) + 1
        why = "a tag is 1 to 128 of A-Z a-z 0-9 _ . - and starts with a letter, a digit or _"
        raise InvalidReference(text, (first, start + len(path)), why=why)
    return repository, tag


def _check_components(text: str, repository: str, start: int) -> None:
    if _BARE_HEX.fullmatch(repository):
        why = "64 hex digits are an image's id, not a repository"
        raise InvalidReference(text, (start, start + len(repository)), why=why, remedy="write name@sha256:…")
    offset = start
    for component in repository.split("/"):
        if not _COMPONENT.fullmatch(component):
            lower = component.lower()
            hint = f"did you mean {lower}?" if component != lower and _COMPONENT.fullmatch(lower) else ""
            hint = _IN_A_PLACE if text.startswith("/") else hint
            why = "a component is a-z 0-9, joined by . _ __ or -" if component else "a component is empty"
            raise InvalidReference(text, (offset, offset + len(component)), why=why, remedy=hint)
        offset += len(component) + 1


def _split_port(text: str, authority: str, start: int) -> tuple[str, int | None]:
    if authority.startswith("["):
        written, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise InvalidReference(text, (start, start + len(authority)), why="an IPv6 host is written [address]:port")
        colon, port, offset = rest[:1], rest[1:], start + len(written) + 3
        host = _parse_ipv6(text, written, start + 1)
    elif _BARE_IPV6.fullmatch(authority):
        why, remedy = "an IPv6 host is written [address]:port", f"write [{authority}]"
        raise InvalidReference(text, (start, start + len(authority)), why=why, remedy=remedy)
    else:
        host, colon, port = authority.partition(":")
        offset = start + len(host) + 1
    if not colon:
        return host, None
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise InvalidReference(text, (offset, offset + len(port)), why="a port is a number from 1 to 65535")
    return host, int(port)


def _parse_ipv6(text: str, host: str, start: int) -> str:
    """The host in its usual spelling (RFC 5952), so that equal ones are equal; mapped IPv4 is IPv4."""
    address, percent, zone = host.partition("%")
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError as error:
        raise InvalidReference(text, (start, start + len(address)), why="this is no IPv6 address") from error
    if percent and not _ZONE.fullmatch(zone):
        first = start + len(address) + 1
        raise InvalidReference(text, (first, start + len(host)), why="this is no zone: the name of a network interface")
    return str(parsed.ipv4_mapped or f"{parsed}{percent}{zone}")


@lru_cache  # many references are to few hosts
def _is_host(host: str) -> bool:
    """Whether a host is written as it should be; in detail, `_check_host` says what is wrong."""
    try:
        _check_host(host, host, 0)
    except InvalidReference:
        return False
    return True


def _check_host(text: str, host: str, start: int) -> None:
    if ":" in host:
        return  # an IPv6 address, checked between its brackets
    span = (start, start + len(host))
    if not host.isascii():
        remedy = _in_ascii(host)
        raise InvalidReference(text, span, why="a host is written in ASCII", remedy=remedy and f"write {remedy}")
    if not _is_name(host):
        raise InvalidReference(text, span, why="this is no host name", remedy=_IN_A_PLACE if host in _PATHS else "")
    if _is_number(host) and not _is_ipv4(host):
        # `127.1`, `0x7f.1` and `010.0.0.1` mean different hosts to different resolvers.
        right = _right_ipv4(host)
        remedy = f"write {right}" if right else "an IPv4 address has four numbers from 0 to 255"
        raise InvalidReference(text, span, why="this is no IPv4 address that all programs read alike", remedy=remedy)


def _is_name(host: str) -> bool:
    name = host.removesuffix(".")
    return len(name) <= 253 and all(_LABEL.fullmatch(label) and len(label) < 64 for label in name.split("."))


def _is_number(host: str) -> bool:
    """Whether programs take the host for an IPv4 address, in whatever spelling (URL Standard, "ends in a number")."""
    last = host.removesuffix(".").rpartition(".")[2]
    return last.isdigit() or last.lower().startswith("0x")


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _right_ipv4(host: str) -> str:
    """How an IPv4 address is to be written that is written oddly, in words; empty where it is none at all."""
    bare = host.removesuffix(".")
    try:
        read = socket.inet_ntoa(socket.inet_aton(bare))
    except OSError:
        read = ""
    decimal = ".".join(part.lstrip("0") or "0" for part in bare.split("."))
    if decimal == read or not _is_ipv4(decimal):
        return read
    return f"{decimal} (or {read}, if it is octal)" if read else decimal


def _in_ascii(host: str) -> str:
    """How a host is to be written that has other letters, in words; empty where that is not certain."""
    if any(letter in host for letter in _DEVIATIONS):
        return ""
    try:
        written = host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    if not _is_name(written):
        return ""  # it only looks like a host: it has a full-width slash, or the like
    return _right_ipv4(written) if _is_number(written) else written
