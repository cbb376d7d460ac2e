"""Logging in and out: a credential is shown to the registry before it is kept, and what is kept can be forgotten."""

from __future__ import annotations

__all__ = ["LoggedIn", "log_in", "log_in_again", "log_out"]

import os
from collections.abc import Iterator
from pathlib import Path

from boxship.auth.finder import Finder
from boxship.auth.helper import erase_in, keys_in, store_in
from boxship.connect.deadline import Work
from boxship.credential import Credential, CredentialKind, Secret
from boxship.errors import CredentialFailed, NothingKept
from boxship.reference import Registry
from boxship.registry.operations import Operations
from boxship.registry.ping import ping
from boxship.registry.token import authorization, refresh_token
from boxship.settings.credential_files import credential_files
from boxship.settings.docker_config import AskHelper, DockerConfig
from boxship.settings.keychain import in_file, read_credential_file, read_keychain
from boxship.settings.log_in import forget, keeper_of, kept_in, remember
from boxship.value import dataclass, replace

_KEPT = (CredentialKind.PASSWORD, CredentialKind.IDENTITY_TOKEN)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A credential that is kept: the password, or what the token server gave for it.

    Attributes:
        keeper: the file or the helper that has it, in words.
        encrypted: whether a helper keeps it; a file has it for everybody who can read that.
        checked: whether the registry asked for it, and so accepted it.
        shadowed: what is sent before it, by where it is from; '' for nothing.
    """

    registry: Registry
    username: str
    keeper: str
    encrypted: bool
    checked: bool
    shadowed: str


def log_in(operations: Operations, registry: Registry, credential: Credential) -> LoggedIn:
    """Show the credential to the registry, and keep it where docker or podman would; or the registry's refusal."""
    shown = _shown(operations, registry, credential)
    access, named = operations.access, Registry.parse(registry.name)
    keeper = keeper_of(named, os.environ, folder=access.folder, file=access.file)
    kept = credential
    if shown.refresh and keeper.is_dockers:
        kept = Credential.identity_token(shown.refresh, source=credential.source, username=credential.username)
    if keeper.helper:
        store_in(keeper.helper, keeper.key, kept, timeout=operations.bounds.helper)
    remember(keeper, kept)
    operations.forget_credentials()
    shadowed = _before(operations, named, keeper.file)
    return LoggedIn(registry, credential.username, str(keeper), bool(keeper.helper), shown.checked, shadowed)


def log_in_again(operations: Operations, registry: Registry) -> LoggedIn:
    """The same with what is kept already, in the file or by the helper to which a log-in would go."""
    access, named = operations.access, Registry.parse(registry.name)
    keeper = keeper_of(named, os.environ, folder=access.folder, file=access.file)
    config = read_credential_file(keeper.file)
    finder, work = Finder(access, operations.bounds), Work()
    answers = (finder.ask(found, work) for found in (in_file(config, named, "") if config else ()))
    kept = next((found for found in answers if found and found.kind in _KEPT), None)
    if kept:
        return log_in(operations, registry, kept)
    raise NothingKept(str(registry))


def log_out(operations: Operations, registry: Registry | None) -> tuple[str, ...]:
    """Forget what is kept for the registry (for all of them, without one), in every file that is read.

    What was forgotten is returned in words; the entries for a part of a registry stay, unless all is forgotten.
    """
    named = registry and Registry.parse(registry.name)
    places = credential_files(os.environ, folder=operations.access.folder, file=operations.access.file)
    gone = tuple(words for place in places for words in _forgotten(place.value, named, operations.bounds.helper))
    operations.forget_credentials()
    return gone


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a credential that was shown came to: whether it was asked for, and a refresh token that was given."""

    checked: bool
    refresh: Secret | None


def _shown(operations: Operations, registry: Registry, credential: Credential) -> _Shown:
    trial = operations.sending(credential)
    try:
        with trial.at(registry) as remote:
            itself = replace(remote, ways=None)  # and none of its mirrors
            ping(itself)
            return _Shown(authorization(itself, ()) is not None, refresh_token(itself))
    finally:
        trial.close()


def _before(operations: Operations, registry: Registry, file: Path) -> str:
    """Where a credential is from that comes before what the file keeps."""
    keychain = read_keychain(os.environ, folder=operations.access.folder, file=operations.access.file)
    first = next(keychain.candidates(registry, ""), None)
    return "" if first is None or first.source.rpartition(":")[0] == str(file) else first.source


def _forgotten(file: Path, registry: Registry | None, timeout: float) -> Iterator[str]:
    config = read_credential_file(file)
    if config is None:
        return
    for helper, keys in _kept(config, registry, timeout):
        for key in keys:
            erase_in(helper, key, timeout=timeout)
            yield f"{key} in docker-credential-{helper} ({file})"
    yield from (f"{key} in {file}" for key in forget(file, registry))


def _kept(config: DockerConfig, registry: Registry | None, timeout: float) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The helpers that a file names, each with the keys that it is to forget."""
    if registry:
        asked: Iterator[AskHelper] = kept_in(config, registry)
        yield from ((helper.name, _there(helper, timeout)) for helper in asked)
        return
    for key, own in config.helpers.items():
        if own.value:
            yield own.value, tuple(there for there in keys_in(own.value, timeout=timeout) if there == key)
    if config.store:
        yield config.store.value, tuple(keys_in(config.store.value, timeout=timeout))


def _there(helper: AskHelper, timeout: float) -> tuple[str, ...]:
    """Which of its keys it has; all of them, where it does not say."""
    try:
        kept = keys_in(helper.name, timeout=timeout)
    except CredentialFailed:
        return helper.keys
    return tuple(key for key in helper.keys if key in kept)
