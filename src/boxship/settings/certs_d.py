"""Folders of certificates for one host, as docker, podman and containerd have them (`certs.d/HOST[:PORT]`).

`*.crt` are authorities, `*.cert` with a `*.key` of the same name says who asks. The rules are those of moby
(daemon/pkg/registry), containers/image (pkg/tlsclientconfig) and containerd (remotes/docker/config); only a file that
is no certificate is an error here, where they go on without it.
"""

from __future__ import annotations

__all__ = ["Certificates", "read_certificates"]

from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.settings.sourced import Sourced
from boxship.settings.trust import Trust
from boxship.value import dataclass, replace


@dataclass(frozen=True, slots=True)
class Certificates:
    """What is trusted besides, and which certificate says who asks: (its file, that of its key or None)."""

    authorities: tuple[Sourced[str], ...] = ()
    pair: tuple[Sourced[str], Sourced[str] | None] | None = None
    others: tuple[Sourced[str], ...] = ()
    """Certificates beside that one: one is shown."""

    def __bool__(self) -> bool:
        return bool(self.authorities or self.pair)

    def into(self, trust: Trust) -> Trust:
        """The trust with these; a certificate that a flag names comes first."""
        known = {file.value for file in trust.added}
        added = (*trust.added, *(file for file in self.authorities if file.value not in known))
        if trust.certificate or not self.pair:
            return replace(trust, added=added)
        return replace(trust, added=added, certificate=self.pair[0], key=self.pair[1])


def read_certificates(folder: Path, *, lone: bool = False) -> Certificates:
    """What is in a folder; nothing where it is missing. `lone`: a certificate without a key has that in its own file.

    `InvalidSettings` for half a pair, and for a folder that cannot be read.
    """
    try:
        names = sorted(file.name for file in folder.iterdir() if not file.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return Certificates()
    except OSError as error:
        raise InvalidSettings(str(folder), why=f"cannot be read: {error.strerror}") from error
    pairs = [_pair(folder, name, names, lone=lone) for name in names if name.endswith(".cert")]
    for name in names:
        if name.endswith(".key") and name.removesuffix(".key") + ".cert" not in names:
            raise InvalidSettings(str(folder / name), why=f"there is no {name.removesuffix('.key')}.cert beside it")
    authorities = tuple(_named(folder, name) for name in names if name.endswith(".crt"))
    return Certificates(authorities, pairs[0] if pairs else None, tuple(certificate for certificate, _ in pairs[1:]))


def _pair(folder: Path, name: str, names: list[str], *, lone: bool) -> tuple[Sourced[str], Sourced[str] | None]:
    key = name.removesuffix(".cert") + ".key"
    if key in names:
        return _named(folder, name), _named(folder, key)
    if lone:
        return _named(folder, name), None
    why = f"there is no {key} beside it"
    remedy = "an authority's certificate is named *.crt" if name != "client.cert" else ""
    raise InvalidSettings(str(folder / name), why=why, remedy=remedy)


def _named(folder: Path, name: str) -> Sourced[str]:
    return Sourced(str(folder / name), str(folder))
