"""Which credential a place has, and why the others that there are do not hold; no helper is asked here."""

from __future__ import annotations

__all__ = ["credential_setting", "described", "docker_file"]

import os
from collections.abc import Iterator
from pathlib import Path

from boxship.connect.means import Told
from boxship.credential import Credential
from boxship.errors import InvalidReference, InvalidSettings
from boxship.explain.setting import Lost, Place, Setting
from boxship.reference import Registry
from boxship.settings.auth_json import auth_files, entry_for, read_auth_json
from boxship.settings.docker_config import AskHelper, DockerConfig, Lookup, config_file, home_folder, read_docker_config


def credential_setting(place: Place, told: Told) -> Setting:
    """What is sent to whoever asks for it, or the helper that is asked for that; its place only, never a secret."""
    config = read_docker_config(os.environ, directory=told.config)
    found = list(config.candidates(place.registry))
    every: list[Lookup] = [*([told.credential] if told.credential else []), *found]
    held = every[0] if every else config.lookup(place.registry)
    lost = (
        *(Lost(described(other), other.source, _why(held, other)) for other in every[1:]),
        *_turned_off(config, place.registry),
        *_near(config, place.registry),
        *_of_podman(place, Path(config.file)),
    )
    return Setting("credential", described(held), held.source, lost)


def described(found: Lookup) -> str:
    """The credential in words: what kind of, and whose; or who is asked for it."""
    if isinstance(found, AskHelper):
        return f"what docker-credential-{found.name} has for {' or '.join(found.keys)}"
    if found.is_anonymous:
        return "none"
    return f"{found.kind} of {found.username!r}" if found.username else str(found.kind)


def docker_file(told: Told) -> Setting:
    """Where docker's `config.json` is, and which others are not looked at."""
    home, environment = home_folder(os.environ), os.environ
    held = config_file(environment, home=home, directory=told.config)
    source = "flag --config" if told.config else "DOCKER_CONFIG" if environment.get("DOCKER_CONFIG") else "default"
    others = {"DOCKER_CONFIG": config_file(environment, home=home), "default": config_file({}, home=home)}
    lost = (
        Lost(file, name, f"{source} comes first")
        for name, file in others.items()
        if file != held and Path(file).exists() and (name == "default" or environment.get(name))
    )
    value = held if Path(held).exists() else f"{held} (there is no such file)"
    return Setting("docker-config", value, source, tuple(lost))


def _why(held: Lookup, other: Lookup) -> str:
    if isinstance(held, AskHelper) and isinstance(other, Credential):
        return "a helper comes first, even one that has nothing"
    return f"{held.source} comes first"


def _turned_off(config: DockerConfig, registry: Registry) -> Iterator[Lost]:
    own = config.helpers.get(registry.name)
    if own and not own.value and config.store:
        why = f"{own.source} has no helper for this host, which turns credsStore off for it"
        yield Lost(f"docker-credential-{config.store.value}", config.store.source, why)


def _near(config: DockerConfig, registry: Registry) -> Iterator[Lost]:
    """Entries for the same host at another port: most often they are meant for this one."""
    for key, credential in config.auths.items():
        try:
            other = Registry.parse(key.partition("://")[2].partition("/")[0] or key.partition("/")[0])
        except InvalidReference:
            continue
        if other.host.lower() == registry.host.lower() and other.port != registry.port:
            yield Lost(described(credential), credential.source, f"it is for {other.name}, another port")


def _of_podman(place: Place, docker: Path) -> Iterator[Lost]:
    for file in auth_files(os.environ):
        if file == docker:
            continue
        try:
            config = read_auth_json(file)
            found = config and entry_for(config, place.registry, place.repository)
        except InvalidSettings as error:
            yield Lost("unknown", error.what, f"it cannot be read ({error.why}), and boxship does not read it yet")
            continue
        if found:
            yield Lost(described(found), found.source, "boxship does not read this file yet: podman does")
