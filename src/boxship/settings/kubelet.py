"""Which credentials the kubelet has for an image, and in which order it tries them.

The rules are those of pkg/credentialprovider (keyring.go, config.go): a key is a host with globs, a port that has to be
the same, and a path that the image's begins with; of an entry only a user name and a password count, and no helper is
ever asked.
"""

from __future__ import annotations

__all__ = ["Entry", "Keyring", "parse_entries"]

import base64
import binascii
import fnmatch
import re
from collections.abc import Iterable, Iterator
from typing import Self

from boxship.credential import Credential, Secret
from boxship.reference import Registry
from boxship.settings.section import Section
from boxship.value import dataclass

_HUB = "index.docker.io"
_VERSION = re.compile(r"/v[12]/")
_SCHEME = re.compile(r"https?://")


@dataclass(frozen=True, slots=True)
class Entry:
    """What one entry of a secret's `auths` holds.

    Attributes:
        key: as it is written.
        credential: a password, or none, where there is nothing that the kubelet reads; its source names the secret.
    """

    key: str
    credential: Credential

    @property
    def place(self) -> str:
        """The host, port and path that the key means."""
        bare = self.key[found.end() :] if (found := _SCHEME.match(self.key)) else self.key
        host, slash, path = bare.partition("/")
        path = f"{slash}{path}"
        path = path[len("/v1") :] if _VERSION.match(path) else path
        return f"{host}{path}" if path != "/" else host

    def covers(self, registry: Registry, repository: str) -> bool:
        """Whether it is for that image: `reg/foo` is for `reg/foobar`, too, as a path is compared letter by letter."""
        host, slash, path = self.place.partition("/")
        name, port = _split(host)
        wanted, wanted_port = _split(registry.name)
        labels, others = name.split("."), wanted.split(".")
        return (
            port == wanted_port
            and len(labels) == len(others)
            and f"/{repository}".startswith(f"{slash}{path}")
            and all(_matches(other, label) for other, label in zip(others, labels, strict=True))
        )

    def __str__(self) -> str:
        return f"{self.key!r} of {self.credential.source}"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The entries of all secrets, in the order in which they are tried."""

    entries: tuple[Entry, ...]

    warnings: tuple[str, ...] = ()
    """What was ignored, in words."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """The keyring of these: sorted backwards, so that the longer of two paths comes first, and a glob late."""
        return cls(tuple(sorted(entries, key=lambda entry: entry.place, reverse=True)))

    def matching(self, registry: Registry, repository: str) -> tuple[Entry, ...]:
        """What is tried for an image, one after the other."""
        found = tuple(entry for entry in self.entries if entry.covers(registry, repository))
        if not found and registry.is_docker_hub:
            return tuple(entry for entry in self.entries if entry.place == _HUB)
        return found

    def candidates(self, registry: Registry, repository: str) -> Iterator[Credential]:
        """The credentials of what is tried; an entry without any counts for nothing."""
        every = (entry.credential for entry in self.matching(registry, repository))
        yield from (credential for credential in every if not credential.is_anonymous)

    def nothing_for(self, registry: Registry) -> str:
        """Where it was looked in vain, in words."""
        return f"no entry of the pull secrets is for {registry.name}"

    def why_none(self, registry: Registry, repository: str) -> Iterator[str]:
        """For each entry, why it is not for that image."""
        for entry in self.entries:
            yield f"{entry}: {_why_not(entry, registry, repository)}"


def parse_entries(auths: Section, secret: str) -> Iterator[Entry]:
    """The entries, or `InvalidSettings` for one that makes the kubelet refuse the whole secret."""
    for key, entry in auths.sections():
        username, password = entry.text("username"), entry.text("password")
        if written := entry.text("auth"):
            username, password = _decoded(written, entry)
        if username or password:
            yield Entry(key, Credential.password(username, Secret(password), source=secret))
        else:
            why = "of its fields the kubelet reads username, password and auth, and none of them is there"
            yield Entry(key, Credential.anonymous(source=f"{secret}: {why}"))


def _decoded(written: str, entry: Section) -> tuple[str, str]:
    """What `auth` says. The kubelet takes base64 without its padding, too."""
    text = "".join(written.split("\n")).replace("\r", "")
    try:
        decoded = base64.b64decode(text if text.endswith("=") else text + "=" * (-len(text) % 4), validate=True)
        username, colon, password = decoded.decode().partition(":")
    except (binascii.Error, ValueError):
        # Not chained: the message of a decoding error has the secret's bytes in it.
        raise entry.invalid("auth", "is not base64 of user:password") from None
    if not colon:
        raise entry.invalid("auth", "has no colon between a user name and a password")
    return username, password


def _why_not(entry: Entry, registry: Registry, repository: str) -> str:
    host, slash, path = entry.place.partition("/")
    name, port = _split(host)
    wanted, wanted_port = _split(registry.name)
    if len(name.split(".")) != len(wanted.split(".")) or not _matches(wanted, name):
        return "another host" if "*" not in name else "another host: a glob stands for one label of it"
    if port != wanted_port:
        return f"it is for {f'port {port}' if port else 'no port'}, the image has {wanted_port or 'none'}"
    return f"its path {slash}{path} is not how /{repository} begins"


def _split(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    # As net.SplitHostPort: the brackets of an IPv6 address go with its port, and without one they are a glob's.
    return (name.removeprefix("[").removesuffix("]"), port) if colon and not host.endswith("]") else (host, "")


def _matches(text: str, glob: str) -> bool:
    # filepath.Match negates a class by `^`.
    return fnmatch.fnmatchcase(text, glob.replace("[^", "[!"))
