"""What registries have, for completion: within two seconds, and silently, since somebody is writing a line."""

from __future__ import annotations

__all__ = ["KnownNames"]

import contextlib
import os
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from boxship.client import Client, PlainHTTP
from boxship.errors import BoxshipError
from boxship.settings.auth_keys import named_host
from boxship.settings.credential_files import credential_files
from boxship.settings.keychain import read_credential_file

_SECONDS = 2.0
_MOST = 2_000
# What names are made of: a shell may run what else a registry calls one.
_LETTERS = frozenset(string.ascii_letters + string.digits + "._-/")


class KnownNames:
    """The names that can be learnt with the consents that `words`, the line so far, have."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def hosts(self) -> Iterable[str]:
        """The registries that somebody is logged in to, by docker's file and podman's."""

        def read() -> Iterator[str]:
            for file in credential_files(os.environ):
                config = read_credential_file(file.value)
                yield from map(named_host, (*config.auths, *config.helpers) if config else ())

        return dict.fromkeys(_known(read))

    def repositories(self, host: str) -> Iterable[str]:
        """The repositories of the registry."""
        return self._asked(lambda client: client.catalog(host))

    def tags(self, repository: str) -> Iterable[str]:
        """The tags of the repository."""
        return self._asked(lambda client: client.tags(repository))

    def _asked(self, ask: Callable[[Client], Iterable[str]]) -> list[str]:
        def read() -> Iterator[str]:
            with Client(insecure="--insecure" in self._words, plain_http=self._plain, timeout=_SECONDS) as client:
                yield from filter(_LETTERS.issuperset, islice(ask(client), _MOST))

        return _known(read)

    @property
    def _plain(self) -> PlainHTTP | None:
        if "--plain-http" in self._words:
            return "always"
        return "auto" if "--plain-http=auto" in self._words else None


def _known(read: Callable[[], Iterator[str]]) -> list[str]:
    """As much as is known before anything goes wrong; what goes wrong is said by the verb, when it is run."""
    known: list[str] = []
    with contextlib.suppress(BoxshipError):
        known.extend(read())
    return known
