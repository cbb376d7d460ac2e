"""A plan: what goes of which repository, and what it was held against, as values and as JSON."""

from __future__ import annotations

__all__ = ["SCHEMA", "Gone", "Part", "Plan", "Tag", "parse_plan"]

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from boxship.digest import Digest
from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Reference
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.sync.chosen import read_moment
from boxship.value import dataclass
from boxship.wire.grammar import is_tag

SCHEMA = "boxship.prune/1"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as it was, with why it stays or goes, and when its image was made, where that was asked."""

    name: str
    digest: Digest
    why: str
    created: str = ""

    def document(self) -> Mapping[str, str]:
        """As JSON has it."""
        told = {"tag": self.name, "digest": str(self.digest), "why": self.why, "created": self.created}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Gone:
    """A manifest that is deleted, and why."""

    digest: Digest
    why: str

    def document(self) -> Mapping[str, str]:
        """As JSON has it."""
        return {"digest": str(self.digest), "why": self.why}


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes of a repository.

    Attributes:
        rules: what it was decided by.
        keep: the tags that stay.
        remove: the tags that go with their manifests.
        untag: the tags that go alone, as something that stays needs what they stand for.
        delete: the manifests that go, in this order.
        notes: what could not be looked at.
    """

    repository: Reference
    rules: Mapping[str, object]
    keep: tuple[Tag, ...] = ()
    remove: tuple[Tag, ...] = ()
    untag: tuple[Tag, ...] = ()
    delete: tuple[Gone, ...] = ()
    notes: tuple[str, ...] = ()

    def document(self) -> Mapping[str, object]:
        """As JSON has it."""
        return {
            "repository": str(self.repository),
            "rules": dict(self.rules),
            "keep": [tag.document() for tag in self.keep],
            "remove": [tag.document() for tag in self.remove],
            "untag": [tag.document() for tag in self.untag],
            "delete": [gone.document() for gone in self.delete],
            "notes": list(self.notes),
        }

    @property
    def summary(self) -> str:
        """All of it in a line."""
        tags = len(self.remove) + len(self.untag)
        return f"{self.repository}: {tags} tags and {len(self.delete)} manifests go, {len(self.keep)} tags stay"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of repositories, as of a moment: seconds since 1970."""

    made: float
    parts: tuple[Part, ...]

    def text(self) -> str:
        """As it is stored and reviewed."""
        document = {"schema": SCHEMA, "made": timestamp(self.made), "repositories": [p.document() for p in self.parts]}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def timestamp(seconds: float) -> str:
    """A moment as JSON has it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_plan(raw: bytes, file: str) -> Plan:
    """The plan in a file, or `InvalidSettings`."""
    try:
        fields = parse_object(raw)
        if fields.text("schema") != SCHEMA:
            raise InvalidSettings(file, why=f"it is no plan: its schema is not {SCHEMA}")
        made = read_moment(fields.text("made")).timestamp()
        return Plan(made, tuple(map(_part, fields.objects("repositories"))))
    except (Malformed, InvalidReference, ValueError) as error:
        if isinstance(error, InvalidSettings):
            raise
        raise InvalidSettings(file, why=f"it is no plan: {error}") from error


def _part(fields: Fields) -> Part:
    keep, remove, untag = (tuple(map(_tag, fields.objects(name))) for name in ("keep", "remove", "untag"))
    delete = tuple(Gone(Digest.parse(one.text("digest")), one.text("why")) for one in fields.objects("delete"))
    rules, repository = fields.object("rules").values, Reference.parse(fields.text("repository"))
    if repository.tag or repository.digest:
        raise ValueError(f"{repository} is an image, and no repository")
    return Part(repository, rules, keep, remove, untag, delete, fields.texts("notes"))


def _tag(fields: Fields) -> Tag:
    name = fields.text("tag")
    if not is_tag(name):
        raise ValueError(f"{name!r} is no tag")
    return Tag(name, Digest.parse(fields.text("digest")), fields.text("why"), fields.text("created"))
