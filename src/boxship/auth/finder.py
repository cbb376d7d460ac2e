"""Which credential a registry has: told by the caller, else in docker's settings, else none.

What the files say is `settings`'s to read; asking a helper is `helper`'s.
"""

from __future__ import annotations

__all__ = ["Finder"]

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxship.connect.deadline import Bounds, Work
from boxship.errors import CredentialFailed
from boxship.event import Fact
from boxship.reference import Registry

if TYPE_CHECKING:
    from boxship.credential import Credential
    from boxship.settings.docker_config import AskHelper, DockerConfig

# Most registries that are listed ask for nothing: what answers them is imported when one does.
# ruff: noqa: PLC0415


class Finder:
    """Finds credentials; settings are read once, when the first registry is reached."""

    def __init__(self, told: Credential | None, folder: str, bounds: Bounds) -> None:
        """`folder`: where docker's `config.json` is; empty for its usual place."""
        self._told, self._folder, self._bounds = told, folder, bounds
        self._lock = threading.Lock()
        self._config: DockerConfig | None = None

    def check(self, work: Work) -> None:
        """Read the settings, or raise `InvalidSettings`: what is wrong in them is said before anything is asked."""
        if self._config is None:
            self._read(work)

    def __call__(self, registry: Registry, work: Work) -> Credential:
        """The credential for the registry, perhaps an anonymous one."""
        from boxship.settings.docker_config import AskHelper

        if self._told:
            return self._told
        # The API's host is not what the files call Docker Hub: its name is taken in its own spelling.
        found = self._read(work).lookup(Registry.parse(registry.name))
        return self._ask(found, work) if isinstance(found, AskHelper) else found

    def _read(self, work: Work) -> DockerConfig:
        from boxship.settings.docker_config import read_docker_config

        with self._lock:
            if self._config is None:
                self._config = read_docker_config(os.environ, directory=self._folder)
                for warning in self._config.warnings:
                    work.trace.say("Settings", warning, level="W")
            return self._config

    def _ask(self, helper: AskHelper, work: Work) -> Credential:
        from boxship.auth.helper import ask_helper
        from boxship.credential import Credential

        for key in helper.keys:
            with _told(f"docker-credential-{helper.name}", key, work) as facts:
                # A bound of all that is done holds for a keychain that waits for a person, too.
                timeout = work.at_most(self._bounds.helper)
                found = ask_helper(helper.name, key, source=helper.source, timeout=timeout, watch=work.watch)
                facts["found"] = int(found is not None)
            if found:
                return found
        keys = " or ".join(helper.keys)
        return Credential.anonymous(source=f"docker-credential-{helper.name} keeps nothing for {keys}")


@contextmanager
def _told(program: str, key: str, work: Work) -> Iterator[dict[str, Fact]]:
    """The story has when a helper was asked and when that was over, whatever it answered."""
    began = time.monotonic()
    facts: dict[str, Fact] = {"helper": program, "key": key}
    work.trace.say("HelperStart", f"{program} get {key}", facts=dict(facts))
    try:
        yield facts
    except CredentialFailed as error:
        facts["error"] = error.why
        raise
    finally:
        taken = (time.monotonic() - began) * 1000
        facts["ms"] = round(taken, 3)
        work.trace.say("HelperDone", f"{program} get {key} in {taken:.1f} ms", facts=facts)
