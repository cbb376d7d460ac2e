"""Which credential a registry has: told by the caller, else in docker's settings, else none.

What the files say is `settings`'s to read; asking a helper is `helper`'s.
"""

from __future__ import annotations

__all__ = ["Finder"]

import threading
from collections.abc import Callable

from boxship.auth.helper import ask_helper
from boxship.connect.deadline import Bounds, Work
from boxship.credential import Credential
from boxship.reference import Registry
from boxship.settings.docker_config import AskHelper, DockerConfig


class Finder:
    """Finds credentials; settings are read once, when the first registry is reached."""

    def __init__(self, told: Credential | None, read: Callable[[], DockerConfig], bounds: Bounds) -> None:
        self._told, self._read, self._bounds = told, read, bounds
        self._lock = threading.Lock()
        self._config: DockerConfig | None = None

    def check(self, work: Work) -> None:
        """Read the settings, or raise `InvalidSettings`: what is wrong in them is said before anything is asked."""
        with self._lock:
            if self._config is None:
                self._config = self._read()
                for warning in self._config.warnings:
                    work.trace.say("Settings", warning, level="W")

    def __call__(self, registry: Registry, work: Work) -> Credential:
        """The credential for the registry, perhaps an anonymous one."""
        if self._told:
            return self._told
        self.check(work)
        assert self._config
        # The API's host is not what the files call Docker Hub: its name is taken in its own spelling.
        found = self._config.lookup(Registry.parse(registry.name))
        return self._ask(found, work) if isinstance(found, AskHelper) else found

    def _ask(self, helper: AskHelper, work: Work) -> Credential:
        for key in helper.keys:
            work.trace.say("Helper", f"docker-credential-{helper.name} get {key}")
            found = ask_helper(helper.name, key, source=helper.source, timeout=self._bounds.helper, watch=work.watch)
            if found:
                return found
        return Credential.anonymous(
            source=f"docker-credential-{helper.name} keeps nothing for {' or '.join(helper.keys)}"
        )
