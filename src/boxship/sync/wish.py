"""What is wanted: from a registry, a repository or an image, which tags of it, and what they are called elsewhere."""

from __future__ import annotations

__all__ = ["Access", "Template", "Waiting", "Wish", "Written"]

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from boxship.credential import Secret
from boxship.errors import InvalidReference, InvalidSettings
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.sync.chosen import Patterns, Tags
from boxship.value import dataclass, field, replace

_FIELD = re.compile(r"\{([a-z]*)\}")
_FIELDS = ("registry", "repository", "name", "tag")
_ODD = re.compile(r"[^a-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Template:
    """The target as it is written, with `{registry}`, `{repository}`, `{name}` (its last part) and `{tag}` in it."""

    text: str

    def __post_init__(self) -> None:
        """Refuse what stands for nothing: `InvalidSettings`."""
        for found in _FIELD.findall(self.text):
            if found not in _FIELDS:
                known = ", ".join(f"{{{name}}}" for name in _FIELDS)
                raise InvalidSettings(f"target {self.text!r}", why=f"{{{found}}} stands for nothing: there are {known}")

    def filled(self, source: Reference) -> str:
        """The text with what the source is called; a registry's name is written so that it may stand in a path."""
        values = {
            "registry": _ODD.sub("-", source.registry.name.lower()),
            "repository": source.repository,
            "name": source.repository.rpartition("/")[2],
            "tag": source.tag or "",
        }
        return _FIELD.sub(lambda found: values[found[1]], self.text)

    def target(self, source: Reference) -> Reference:
        """What the source is called in the target; its tag stays where the template has none."""
        target = Reference.parse(self.filled(source))
        if target.tag or target.digest:
            return target
        return Reference(target.registry, target.repository, source.tag, source.digest)

    def beside(self, target: Reference) -> Reference:
        """Another name for what `target` stands for: a tag in its repository, or a reference of its own."""
        text = self.filled(target)
        if ":" in text or "/" in text:
            return Reference.parse(text)
        return Reference.parse(f"{target.registry}/{target.repository}:{text}")


@dataclass(frozen=True, slots=True)
class Access:
    """How a registry is reached that a file tells it of.

    Attributes:
        requests_per_second: at most, and `concurrency` at a time; None where that is not told.
    """

    username: str = ""
    password: Secret | None = None
    skip_tls_verify: bool = False
    plain_http: bool = False
    ca_file: str = ""
    cert: str = ""
    key: str = ""
    requests_per_second: float | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is copied while the source has fewer requests left; it is asked again after so many seconds."""

    least: int
    seconds: float


@contextmanager
def _said(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except InvalidReference as error:
        raise InvalidSettings(what, why=error.why, remedy=remedy) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One entry of what is to be the same in two places.

    Attributes:
        source: a registry, with the repositories that are wanted; or a repository, with the tags; or an image.
        platforms: of an index, these alone; `filtered`: in an index that has nothing else in it.
        referrers: bring what refers to an image; `cosign`: what cosign keeps under tags.
        backup: what an image is called, before another one gets its name.
    """

    source: Registry | Reference
    target: Template
    repositories: Patterns = field(default_factory=Patterns)
    tags: Tags = field(default_factory=Tags)
    platforms: tuple[Platform, ...] = ()
    filtered: bool = False
    referrers: bool = False
    cosign: bool = False
    backup: Template | None = None
    waiting: Waiting | None = None

    def __post_init__(self) -> None:
        """Refuse a target or a backup that is none, whatever is found: `InvalidSettings`."""
        source = self.source if isinstance(self.source, Reference) else Reference(self.source, "name")
        with _said(f"target {self.target.text!r}", "for example mirror.corp/{repository}"):
            target = self.target.target(replace(source, tag=source.tag or "tag"))
        if self.backup:
            with _said(f"backup {self.backup.text!r}", "for example before-{tag}"):
                self.backup.beside(target)

    @property
    def made(self) -> tuple[object, ...]:
        """What becomes of each image, whichever they are."""
        return self.platforms, self.filtered, self.referrers, self.cosign, self.backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a file asks for, how it says that registries are reached, and what it says that is left to others.

    Attributes:
        jobs: at a time, where it says so.
    """

    wishes: tuple[Wish, ...] = ()
    access: Mapping[str, Access] = field(default_factory=dict)
    jobs: int | None = None
    left: tuple[str, ...] = ()
