"""boxship's own YAML: `sync:`, a list of entries, and `hosts:`, how registries are asked (docs/sync.md)."""

from __future__ import annotations

__all__ = ["parse_own"]

from datetime import datetime

from boxship.reference import Registry
from boxship.settings.section import Section
from boxship.sync.chosen import Dates, Tags, TagSet, parse_moment
from boxship.sync.entries import count, know, named_source, number, patterns_of, platforms_of, said_at
from boxship.sync.semver import Range
from boxship.sync.wish import Access, Template, Wish, Written

_TOP = frozenset({"sync", "hosts", "jobs"})
_FIELDS = frozenset(
    {"source", "target", "repositories", "tags", "platforms", "filter", "referrers", "backup"},
)
_PATTERNS = frozenset({"allow", "deny"})
_TAGS = _PATTERNS | {"semver", "since", "before"}
_HOST = frozenset({"requests-per-second", "concurrency"})


def parse_own(top: Section) -> Written:
    """What the file asks for."""
    know(top, _TOP)
    return Written(
        wishes=tuple(map(_wish, top.tables("sync"))),
        access=dict(_access(name, section) for name, section in top.section("hosts").sections()),
        jobs=count(top, "jobs"),
    )


def _wish(section: Section) -> Wish:
    know(section, _FIELDS)
    for name, example in (("source", "reg.corp/app"), ("target", "mirror.corp/{repository}")):
        if not section.text(name):
            raise section.invalid(name, "is missing", remedy=f"for example {example}")
    repositories, backup = section.section("repositories"), section.text("backup")
    know(repositories, _PATTERNS)
    referrers = section.flag("referrers") is True
    with said_at(section):
        return Wish(
            source=named_source(section.text("source")),
            target=Template(section.text("target")),
            repositories=patterns_of(repositories),
            tags=_tags(section.section("tags")),
            platforms=platforms_of(section, "platforms"),
            filtered=section.flag("filter") is True,
            referrers=referrers,
            cosign=referrers,
            backup=Template(backup) if backup else None,
        )


def _tags(section: Section) -> Tags:
    know(section, _TAGS)
    with said_at(section, "semver"):
        versions = tuple(map(Range.parse, section.texts_of("semver")))
    return Tags((TagSet(patterns_of(section), versions),), Dates(_moment(section, "since"), _moment(section, "before")))


def _moment(section: Section, name: str) -> datetime | None:
    text = section.text(name)
    with said_at(section, name):
        return parse_moment(text) if text else None


def _access(name: str, section: Section) -> tuple[str, Access]:
    know(section, _HOST)
    rate = number(section, "requests-per-second")
    if rate == 0:
        raise section.invalid("requests-per-second", "it is a number above 0")
    with said_at(section):
        registry = Registry.parse(name)
    return registry.name, Access(requests_per_second=rate, concurrency=count(section, "concurrency"))
