"""A question, read: its parameters within bounds, who asks, and what may be told while it is answered."""

from __future__ import annotations

__all__ = ["Asked", "Tell", "given"]

from collections.abc import Callable, Mapping, Sequence

from boxship.client import Client
from boxship.digest import Digest
from boxship.errors import InvalidInput
from boxship.reference import Reference
from boxship.ui.engine import Asker, Engine
from boxship.ui.kept import Kept
from boxship.value import dataclass, field, replace
from boxship.wire.grammar import is_repository, is_tag

Tell = Callable[[Mapping[str, object]], None]
"""Takes one line of an answer that has several; safe to call from any thread."""

_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, of whom, and for whom.

    Attributes:
        called: what commands call the registry.
        rights: what the asker may do in the repository, where the question has to do with that.
        body: the object that came with a change.
        kept: what earlier answers left for later ones.
    """

    parameters: Mapping[str, Sequence[str]]
    engine: Engine
    asker: Asker
    client: Client
    kept: Kept
    called: str
    tell: Tell = field(repr=False)
    rights: Mapping[str, bool | None] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The parameter, '' where it is not given."""
        return given(self.parameters, name)

    def number(self, name: str, default: int, most: int) -> int:
        """The parameter as a whole number, no greater than `most`."""
        written = self.text(name)
        if not written:
            return default
        if not (written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS):
            raise InvalidInput(f"{name}={written!r}"[:200], why="it is no number")
        return min(int(written), most)

    @property
    def repository(self) -> Reference:
        """The repository that is asked about."""
        return self.repository_in("repository")

    def repository_in(self, name: str) -> Reference:
        """The repository that a parameter names."""
        written = self.text(name)
        if not is_repository(written):
            raise InvalidInput(f"{name}={written!r}"[:200], why="this is no name of a repository")
        return Reference(self.engine.registry, written)

    @property
    def image(self) -> Reference:
        """The image that is asked about."""
        return self.image_in("reference", self.repository)

    def image_in(self, name: str, repository: Reference) -> Reference:
        """What a parameter, a tag or a digest, names in a repository."""
        written = self.text(name)
        if ":" in written:
            return repository.with_digest(Digest.parse(written))
        if not is_tag(written):
            raise InvalidInput(f"{name}={written!r}"[:200], why="this is no tag, and no digest")
        return replace(repository, tag=written)

    @property
    def platform(self) -> str | None:
        """The platform that is wanted, if one is."""
        return self.text("platform") or None


def given(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    """The first value of a parameter, '' where there is none."""
    return next(iter(parameters.get(name, ())), "")
