"""Which tags a registry keeps, by a file (`--retention`, TOML): the others go with the next sweep.

    [[rule]]
    repositories = ["ci/**"]
    keep = 10
    keep-days = 30
    exclude = ["latest", "v*"]

The first rule that is for a repository decides there. Of its tags those are looked at that are like one of `match` (all
where there is none) and like none of `exclude`; one is kept that is among the `keep` newest, or younger than
`keep-days`. A tag is as old as its last move. Immutable tags always stay. What tags named goes, too, once nothing else
names it, unless the rule says `untagged = false`.
"""

from __future__ import annotations

__all__ = ["Retention", "Rule", "Tag", "parse_retention"]

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from boxship.errors import InvalidSettings
from boxship.server.access.rights import Pattern
from boxship.server.tagging import TagPatterns
from boxship.server.toml import is_amount, only, parse_toml, wrong
from boxship.spec.fields import Fields, Malformed
from boxship.value import dataclass, field

_DAY = 86_400.0
_KEYS = frozenset({"repositories", "keep", "keep-days", "match", "exclude", "untagged"})


class Tag(NamedTuple):
    """A tag that may go, as long as it names this since then."""

    repo: int
    repository: str
    name: str
    digest: str
    updated: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is kept in some repositories.

    Attributes:
        newest: how many tags are kept at least.
        seconds: how old a tag may be.
        untagged: whether manifests go, too, that nothing names any more.
    """

    repositories: tuple[Pattern, ...]
    newest: int = 0
    seconds: float = 0.0
    match: TagPatterns = field(default_factory=TagPatterns)
    exclude: TagPatterns = field(default_factory=TagPatterns)
    untagged: bool = True

    def gone(self, tags: Iterable[Tag], now: float) -> Sequence[Tag]:
        """Those of a repository's tags that go."""
        looked_at = [tag for tag in tags if self._looks_at(tag.name)]
        looked_at.sort(key=lambda tag: (-tag.updated, tag.name))
        return [tag for tag in looked_at[self.newest :] if tag.updated < now - self.seconds]

    def _looks_at(self, name: str) -> bool:
        return (not self.match.patterns or self.match.covers(name)) and not self.exclude.covers(name)


@dataclass(frozen=True, slots=True)
class Retention:
    """The rules, first to last, and the tags that none of them takes."""

    rules: tuple[Rule, ...] = ()
    spared: TagPatterns = field(default_factory=TagPatterns)

    def rule(self, repository: str) -> Rule | None:
        """The rule for this repository."""
        return next((rule for rule in self.rules if any(each.matches(repository) for each in rule.repositories)), None)

    def gone(self, rule: Rule, tags: Iterable[Tag], now: float) -> Sequence[Tag]:
        """Those of a repository's tags that go by the rule."""
        return rule.gone((tag for tag in tags if not self.spared.covers(tag.name)), now)


def parse_retention(text: str, file: str) -> Retention:
    """The rules in the text of `file`, or `InvalidSettings`."""
    try:
        return Retention(tuple(_rules(parse_toml(text, {"rule"}))))
    except (Malformed, InvalidSettings) as error:
        raise wrong(file, error) from error


def _rules(document: Fields) -> Iterator[Rule]:
    for entry in document.objects("rule"):
        only(entry, _KEYS)
        if not entry.texts("repositories"):
            raise Malformed(f"{entry.path}.repositories", "says of no repository")
        if not (entry.has("keep") or entry.has("keep-days")):
            raise Malformed(entry.path, "says neither keep nor keep-days: every tag would go")
        yield Rule(
            repositories=tuple(map(Pattern.parse, entry.texts("repositories"))),
            newest=entry.number("keep"),
            seconds=_days(entry) * _DAY,
            match=TagPatterns.parse(entry.texts("match"), "match"),
            exclude=TagPatterns.parse(entry.texts("exclude"), "exclude"),
            untagged=entry.flag("untagged") or not entry.has("untagged"),
        )


def _days(entry: Fields) -> float:
    days = entry.values.get("keep-days", 0)
    if not is_amount(days):
        raise Malformed(f"{entry.path}.keep-days", "should be a number of days")
    return float(days)
