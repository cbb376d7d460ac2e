"""Where a log-in is kept, and how a file remembers and forgets it: docker's rules for its file, podman's for its own.

Asking a helper to keep it is `auth/log_in`'s work.
"""

from __future__ import annotations

__all__ = ["Keeper", "forget", "keeper_of", "kept_in", "remember", "store_of_system"]

import base64
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from boxship.credential import Credential, CredentialKind
from boxship.reference import DOCKER_HUB, Registry
from boxship.settings.auth_keys import HUB_KEY, keys_of
from boxship.settings.credential_files import credential_files
from boxship.settings.docker_config import AskHelper, DockerConfig
from boxship.settings.edited import Document, edit
from boxship.settings.keychain import in_file, read_credential_file
from boxship.value import dataclass

_DOCKERS = "config.json"
_STORES: Mapping[str, str] = {"darwin": "osxkeychain", "win32": "wincred"}


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps a registry's credential.

    Attributes:
        file: the file that has it, or says who does.
        key: what it is called there.
        helper: who has it then; '' for the file itself.
        found: whether nobody has named that helper: the file is to do so, as docker has it.
    """

    file: Path
    key: str
    helper: str = ""
    found: bool = False

    @property
    def is_dockers(self) -> bool:
        """Whether it is docker's own file, which keeps identity tokens rather than passwords; podman's does not."""
        return self.file.name == _DOCKERS

    def __str__(self) -> str:
        return f"docker-credential-{self.helper} ({self.file})" if self.helper else str(self.file)


def keeper_of(registry: Registry, environment: Mapping[str, str], *, folder: str = "", file: str = "") -> Keeper:
    """Where a log-in goes: to the only file that is read, to the first that knows the registry, else to docker's."""
    places = [place.value for place in credential_files(environment, folder=folder, file=file)]
    configs = {place: read_credential_file(place) for place in places}
    knowing = (place for place, config in configs.items() if config and any(in_file(config, registry, "")))
    dockers = [place for place in places if place.name == _DOCKERS]
    chosen = next(knowing, None) or (dockers or places)[0]
    key = _key(chosen, registry)
    config = configs[chosen] or DockerConfig(file=str(chosen))
    helper = _helper(config, registry, chosen)
    if helper or chosen.name != _DOCKERS or config.names_anybody:
        return Keeper(chosen, key, helper)
    store = store_of_system()
    return Keeper(chosen, key, store, found=bool(store))


def kept_in(config: DockerConfig, registry: Registry) -> Iterator[AskHelper]:
    """The helpers that may have something for the registry, by what a file says."""
    yield from (found for found in in_file(config, registry, "") if isinstance(found, AskHelper))


def remember(keeper: Keeper, credential: Credential) -> None:
    """Write the credential, or who keeps it, into the file; what else is there stays."""

    def change(document: Document) -> bool:
        before = repr(document)
        if keeper.found:
            document[_written(document, "credsStore")] = keeper.helper
        if not keeper.helper:
            _section(document, "auths")[keeper.key] = _entry(credential)
        elif keeper.is_dockers:
            _section(document, "auths")[keeper.key] = {}  # docker's list of what it is logged in to
        return repr(document) != before

    edit(keeper.file, change)


def forget(file: Path, registry: Registry | None) -> tuple[str, ...]:
    """Take the registry's entries (all, without one) out of the file; those of a part of it stay. The keys."""
    gone = list[str]()

    def change(document: Document) -> bool:
        # ~/.dockercfg has entries and nothing else.
        auths = document if file.name == ".dockercfg" else document.get(_written(document, "auths"))
        if isinstance(auths, dict):
            gone.extend(keys_of(auths, registry) if registry else auths)
            for key in gone:
                del auths[key]
        return bool(gone)

    if file.exists():
        edit(file, change)
    return tuple(gone)


def _entry(credential: Credential) -> Document:
    if credential.kind is CredentialKind.IDENTITY_TOKEN:
        user = base64.b64encode(f"{credential.username}:".encode()).decode()
        return (
            {"auth": user, "identitytoken": credential.secret.reveal()}
            if credential.username
            else {"identitytoken": credential.secret.reveal()}
        )
    pair = f"{credential.username}:{credential.secret.reveal()}".encode("utf-8", "surrogateescape")
    return {"auth": base64.b64encode(pair).decode("ascii")}


def _section(document: Document, name: str) -> Document:
    section = document.setdefault(_written(document, name), {})
    if not isinstance(section, dict):  # null, as all else has been refused
        section = document[_written(document, name)] = {}
    return section


def _written(document: Document, name: str) -> str:
    """The name as it stands there: docker reads it in any case of letters."""
    return next((key for key in document if key.lower() == name.lower()), name)


def _key(file: Path, registry: Registry) -> str:
    if not registry.is_docker_hub:
        return registry.name
    return HUB_KEY if file.name in (_DOCKERS, ".dockercfg") else DOCKER_HUB


def _helper(config: DockerConfig, registry: Registry, file: Path) -> str:
    own = config.helper_of(registry)
    if own is not None:
        return own.value
    # podman knows no store.
    return config.store.value if config.store and file.name == _DOCKERS else ""


def store_of_system() -> str:
    """The store that docker takes where its file names nobody (credentials.DetectDefaultStore)."""
    name = _STORES.get(sys.platform) or ("pass" if shutil.which("pass") else "secretservice")
    return name if shutil.which(f"docker-credential-{name}") else ""
