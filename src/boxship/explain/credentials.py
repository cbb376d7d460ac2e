"""Which credential a place has, and why the others that there are do not hold; no helper is asked here."""

from __future__ import annotations

__all__ = ["credential_files_read", "credential_setting", "described"]

import os
from collections.abc import Iterator
from pathlib import Path

from boxship.connect.means import Told
from boxship.credential import Credential
from boxship.errors import InvalidReference, InvalidSettings
from boxship.explain.place import Place
from boxship.explain.setting import Lost, Setting
from boxship.reference import Registry
from boxship.settings.credential_files import credential_files
from boxship.settings.docker_config import AskHelper, DockerConfig, Lookup
from boxship.settings.keychain import Files, in_file, read_credential_file, read_keychain

_ONLY = ("REGISTRY_AUTH_FILE", "DOCKER_CONFIG")
_NEXT = "it is tried where what comes before is refused, or has nothing"


def credential_setting(place: Place, told: Told) -> Setting:
    """What is sent to whoever asks for it, or the helper that is asked for that; its place only, never a secret."""
    access = told.access
    keychain = access.pull_secrets or read_keychain(os.environ, folder=access.folder, file=access.file)
    found = list[Lookup](keychain.candidates(place.registry, place.repository))
    if access.credential:
        lost = tuple(Lost(described(other), other.source, f"{access.credential.source} comes first") for other in found)
        return Setting("credential", described(access.credential), access.credential.source, lost)
    nobody = Credential.anonymous(source=keychain.nothing_for(place.registry))
    held, *others = found or [nobody]
    lost = tuple(Lost(described(other), other.source, _NEXT) for other in others if not _is_nobody(other))
    if isinstance(keychain, Files):
        lost += (*_losers(keychain.files, place), *_not_read(keychain, place))
    return Setting("credential", described(held), held.source, lost)


def described(found: Lookup) -> str:
    """The credential in words: what kind of, and whose; or who is asked for it."""
    if isinstance(found, AskHelper):
        return f"what docker-credential-{found.name} has for {' or '.join(found.keys)}"
    if found.is_anonymous:
        return "none"
    return f"{found.kind} of {found.username!r}" if found.username else str(found.kind)


def credential_files_read(told: Told) -> Iterator[Setting]:
    """Where credentials are looked for, in that order."""
    for place in credential_files(os.environ, folder=told.access.folder, file=told.access.file):
        there = "" if place.value.exists() else " (there is no such file)"
        yield Setting("credential-file", f"{place.value}{there}", place.source)


def _is_nobody(found: Lookup) -> bool:
    return isinstance(found, Credential) and found.is_anonymous


def _losers(configs: tuple[DockerConfig, ...], place: Place) -> Iterator[Lost]:
    for config in configs:
        yield from _turned_off(config, place.registry)
        yield from _near(config, place)


def _turned_off(config: DockerConfig, registry: Registry) -> Iterator[Lost]:
    own = config.helper_of(registry)
    if own and not own.value and config.store:
        why = f"{own.source} has no helper for this host, which turns credsStore off for it"
        yield Lost(f"docker-credential-{config.store.value}", config.store.source, why)


def _near(config: DockerConfig, place: Place) -> Iterator[Lost]:
    """Entries for the same host at another port, or for another part of it: most often they are meant for this one."""
    held = {found.source for found in in_file(config, place.registry, place.repository)}
    for key, credential in config.auths.items():
        try:
            other = Registry.parse(key.partition("://")[2].partition("/")[0] or key.partition("/")[0])
        except InvalidReference:
            continue
        if other.host.lower() != place.registry.host.lower() or credential.source in held:
            continue
        why = f"{other.name}, another port" if other.port != place.registry.port else f"what is below {key} only"
        yield Lost(described(credential), credential.source, f"it is for {why}")


def _not_read(keychain: Files, place: Place) -> Iterator[Lost]:
    """What is in the usual files where somebody names the only one that is read."""
    usual = {name: value for name, value in os.environ.items() if name not in _ONLY}
    only = ", ".join(map(str, keychain.places))
    for file in credential_files(usual):
        if file.value not in keychain.places:
            yield from _in_vain(file.value, place, f"only {only} is read")


def _in_vain(file: Path, place: Place, why: str) -> Iterator[Lost]:
    try:
        config = read_credential_file(file)
        found = list(in_file(config, place.registry, place.repository)) if config else []
    except InvalidSettings as error:
        yield Lost("unknown", error.what, f"it cannot be read ({error.why}), and {why}")
        return
    yield from (Lost(described(other), other.source, why) for other in found)
