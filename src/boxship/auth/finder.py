"""Which credentials a place has: told by the caller, else in a cluster's secrets or the user's settings, else none.

What the files say is `settings`'s to read; asking a helper is `helper`'s.
"""

from __future__ import annotations

__all__ = ["Finder"]

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxship.connect.deadline import Bounds, Work
from boxship.connect.holding import held
from boxship.errors import CredentialFailed
from boxship.event import Fact
from boxship.reference import Registry
from boxship.settings.access import Access
from boxship.settings.credential_files import VARIABLE, credential_files

if TYPE_CHECKING:
    from boxship.credential import Credential
    from boxship.settings.docker_config import AskHelper, Lookup
    from boxship.settings.hosts import Site
    from boxship.settings.keychain import Keychain

# Most registries that are listed ask for nothing: what answers them is imported when one does.
# ruff: noqa: PLC0415


class _Kept:
    """What a helper has, once it has been asked: for all repositories of a registry that is the same."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answers: list[Credential | None] = []


class Finder:
    """Finds credentials; settings are read once, when the first registry is reached."""

    def __init__(self, access: Access, bounds: Bounds) -> None:
        self._access, self._bounds = access, bounds
        self._lock = threading.Lock()
        self._keychain: Keychain | None = None
        self._kept: defaultdict[AskHelper, _Kept] = defaultdict(_Kept)
        self._checked = False

    @property
    def preemptive(self) -> bool:
        """Whether a credential is sent before it is asked for."""
        return self._access.preemptive

    @property
    def offline(self) -> bool:
        """Whether a token server is asked for a refresh token besides."""
        return self._access.offline

    def check(self, work: Work) -> None:
        """Read the settings, or raise `InvalidSettings`: what is wrong in them is said before anything is asked."""
        if not self._checked:
            if self._are_there:
                self._read(work)
            self._checked = True

    @property
    def _are_there(self) -> bool:
        """Whether there are settings: most machines of pipelines have none, and what reads them takes a while."""
        files = credential_files(os.environ, folder=self._access.folder, file=self._access.file)
        told = self._access.pull_secrets or os.environ.get(VARIABLE)
        return bool(told) or any(os.path.lexists(file.value) for file in files)

    def forget(self) -> None:
        """Read the settings anew, when they are needed."""
        with self._lock:
            self._keychain, self._checked = None, False
            self._kept.clear()

    def candidates(self, site: Site, repository: str, work: Work) -> Iterator[Lookup]:
        """What may be sent there, in the order in which it is tried; at its end, nobody's where there is nothing.

        What the caller tells is for hosts that it names, and not for those that settings name, as a mirror.
        """
        from boxship.credential import Credential

        if self._access.credential and site.named:
            yield self._access.credential
            return
        # The API's host is not what the files call Docker Hub: its name is taken in its own spelling.
        named, keychain = Registry.parse(site.registry.name), self._read(work)
        found = False
        for candidate in keychain.candidates(named, repository):
            found = True
            yield candidate
        if site.credential:
            yield site.credential
        elif not found:
            yield Credential.anonymous(source=keychain.nothing_for(named))

    def ask(self, found: Lookup, work: Work) -> Credential | None:
        """The credential; of a helper, what it keeps, or None."""
        from boxship.credential import Credential

        return found if isinstance(found, Credential) else self._asked(found, work)

    def _read(self, work: Work) -> Keychain:
        with self._lock:
            if self._keychain is None:
                self._keychain = self._opened()
                for warning in self._keychain.warnings:
                    work.trace.say("Settings", warning, level="W")
            return self._keychain

    def _opened(self) -> Keychain:
        if self._access.pull_secrets:
            return self._access.pull_secrets
        from boxship.settings.keychain import read_keychain

        return read_keychain(os.environ, folder=self._access.folder, file=self._access.file)

    def _asked(self, helper: AskHelper, work: Work) -> Credential | None:
        with self._lock:
            kept = self._kept[helper]
        with held(kept.lock, work.check):
            if not kept.answers:
                kept.answers.append(self._answer(helper, work))
            return kept.answers[0]

    def _answer(self, helper: AskHelper, work: Work) -> Credential | None:
        try:
            return self._ask(helper, work)
        except CredentialFailed as error:
            if helper.told:
                raise
            work.trace.say("Settings", f"docker-credential-{helper.name} is passed over: {error.why}", level="W")
            return None

    def _ask(self, helper: AskHelper, work: Work) -> Credential | None:
        from boxship.auth.helper import ask_helper

        for key in helper.keys:
            with _told(f"docker-credential-{helper.name}", key, work) as facts:
                # A bound of all that is done holds for a keychain that waits for a person, too.
                timeout = work.at_most(self._bounds.helper)
                found = ask_helper(helper.name, key, source=helper.source, timeout=timeout, watch=work.watch)
                facts["found"] = int(found is not None)
            if found:
                return found
        return None


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
