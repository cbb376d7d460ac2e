"""The verbs of `Client` for many references at a time: several are on their way, and come in their order."""

from __future__ import annotations

__all__ = ["Several"]

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from boxship.errors import BoxshipError
from boxship.verbs.asking import Asking
from boxship.verbs.moving import JOBS
from boxship.verbs.words import named_reference

if TYPE_CHECKING:
    from boxship.connect.crew import Crew
    from boxship.digest import Digest
    from boxship.reference import Reference
    from boxship.registry.manifests import Document

# What a verb needs is imported in it, as in `client`.
# ruff: noqa: PLC0415

Item = TypeVar("Item")
Result = TypeVar("Result")


class Several(Asking):
    """What `Asking` does for one."""

    _crew: Crew

    def digests(self, references: Iterable[Reference | str]) -> Iterator[Digest]:
        """The digests that the references stand for, in their order, asked for in parallel."""
        from boxship.registry.in_turn import in_turn

        return in_turn(self._digest_ahead, self.digest, references, crew=self._crew, most=JOBS)

    def attempt_digests(self, references: Iterable[Reference | str]) -> Iterator[Digest | BoxshipError]:
        """The same with the error in a digest's place where there is none to be had; the others go on."""
        return self._attempt_in_turn(self._digest_ahead, self.digest, references)

    def attempt_documents(self, references: Iterable[Reference | str]) -> Iterator[Document | BoxshipError]:
        """The manifests and indexes that the references stand for, or errors in their places, as `attempt_digests`."""
        return self._attempt_in_turn(self._document_ahead, self.document, references)

    def attempt_each(self, verb: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result | BoxshipError]:
        """What `verb` gives for each item, or the error it ended with, in the items' order, done in parallel."""
        return self._crew.map(_attempting(verb), items)

    def _attempt_in_turn(
        self,
        begin: Callable[[Reference | str], Generator[Result | None]],
        ask: Callable[[Reference | str], Result],
        references: Iterable[Reference | str],
    ) -> Iterator[Result | BoxshipError]:
        from boxship.registry.in_turn import attempted, in_turn

        return in_turn(attempted(begin), _attempting(ask), references, crew=self._crew, most=JOBS)

    def _digest_ahead(self, reference: Reference | str) -> Generator[Digest | None]:
        from boxship.registry.manifests import resolve_ahead

        parsed = named_reference(reference)
        return self._operations.ahead(parsed.registry, lambda remote: resolve_ahead(remote, parsed))

    def _document_ahead(self, reference: Reference | str) -> Generator[Document | None]:
        from boxship.registry.manifests import read_ahead

        parsed = named_reference(reference)
        return self._operations.ahead(parsed.registry, lambda remote: read_ahead(remote, parsed))


def _attempting(verb: Callable[[Item], Result]) -> Callable[[Item], Result | BoxshipError]:
    """The same, with the error that it ends with as its result."""

    def attempt(item: Item) -> Result | BoxshipError:
        try:
            return verb(item)
        except BoxshipError as error:
            return error

    return attempt
