"""The rules of a plan, as pure functions from a repository's tags to what is kept of them, and why."""

from __future__ import annotations

__all__ = ["Candidate", "Decision", "Rules", "decide", "parse_age"]

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from boxship.digest import Digest
from boxship.errors import InvalidSettings
from boxship.settings.durations import parse_duration
from boxship.sync.semver import Range, Version
from boxship.value import dataclass, field

_DAYS = re.compile(r"(?:([0-9]{1,6})w)?(?:([0-9]{1,6})d)?(.*)", re.DOTALL)
_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is kept. Of the tags that are looked at, one is kept by any rule that keeps it.

    Attributes:
        newest: how many of the newest are kept.
        semver: versions in this range are kept.
        within: what is younger than so many seconds is kept.
        match: globs: only these tags are looked at, where there are any.
        exclude: globs: these tags are not looked at.
        immutable: globs: these tags are never taken away.
        manifests: these go, where nothing that stays needs them, and no tag that stays names them.
        untagged: whether manifests without a tag go, where the registry lists them.
        grace: for how many seconds they stay after they were pushed: who pushes an index pushes its parts before.
    """

    newest: int | None = None
    semver: Range | None = None
    within: float | None = None
    match: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    immutable: tuple[str, ...] = ()
    manifests: tuple[Digest, ...] = ()
    untagged: bool = False
    grace: float = 3600.0

    def __post_init__(self) -> None:
        """`InvalidSettings` for rules that would take everything."""
        if not (self.removes_tags or self.untagged or self.manifests):
            why = "no rule says what is to go: every tag would"
            raise InvalidSettings("prune", why=why, remedy="for example --keep 5, --keep-within 30d, or --match 'pr-*'")

    @property
    def removes_tags(self) -> bool:
        """Whether tags are looked at."""
        return self.by_age or self.semver is not None or bool(self.match)

    @property
    def by_age(self) -> bool:
        """Whether ages count."""
        return self.newest is not None or self.within is not None

    def spared(self, tag: str) -> str:
        """Why a tag is never taken away, nor looked at, in words; '' for another."""
        for words, globs in (("immutable", self.immutable), ("excluded", self.exclude)):
            for glob in globs:
                if fnmatchcase(tag, glob):
                    return f"it is {words}: {glob}"
        return ""

    def document(self) -> Mapping[str, object]:
        """As the plan has them."""
        told = {
            "keep": self.newest,
            "keep-semver": self.semver.text if self.semver else None,
            "keep-within": self.within,
            "match": list(self.match),
            "exclude": list(self.exclude),
            "immutable": list(self.immutable),
            "manifests": list(map(str, self.manifests)),
            "untagged": self.untagged,
        }
        return {name: value for name, value in told.items() if value is not None and value is not False and value != []}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tag, with when its image was made: seconds since 1970, or None where nobody knows."""

    tag: str
    created: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a tag is kept, and why, in words."""

    tag: str
    kept: bool
    why: str
    created: float | None = field(default=None, repr=False)


def decide(rules: Rules, candidates: Sequence[Candidate], in_use: Mapping[str, str], now: float) -> Iterator[Decision]:
    """What becomes of each tag; `in_use` says where a tag is used."""
    looked_at = list[Candidate]()
    for one in candidates:
        why = _passed_over(rules, one.tag, in_use)
        if why:
            yield Decision(one.tag, True, why, one.created)
        else:
            looked_at.append(one)
    newest = {one.tag for one in sorted(looked_at, key=_order, reverse=True)[: rules.newest or 0]}
    for one in looked_at:
        why = _kept(rules, one, one.tag in newest, now)
        yield Decision(one.tag, bool(why), why or _gone(rules), one.created)


def parse_age(text: str) -> float:
    """The seconds of `30d`, `2w`, `1d12h` or `90m`; `InvalidSettings` for what is none."""
    found = _DAYS.fullmatch(text)
    assert found
    weeks, days, rest = found.groups()
    seconds = parse_duration(rest) if rest else 0.0
    if seconds is None or not text:
        raise InvalidSettings(text or "an age", why="it is no age", remedy="for example 30d, 2w or 12h")
    return 7 * _DAY * int(weeks or 0) + _DAY * int(days or 0) + seconds


def _passed_over(rules: Rules, tag: str, in_use: Mapping[str, str]) -> str:
    if tag in in_use:
        return f"it is in use: {in_use[tag]}"
    if spared := rules.spared(tag):
        return spared
    if rules.match and not any(fnmatchcase(tag, glob) for glob in rules.match):
        return f"it is none of {', '.join(rules.match)}"
    return "" if rules.removes_tags else "only what has no tag is looked at"


def _kept(rules: Rules, one: Candidate, is_new: bool, now: float) -> str:  # noqa: FBT001 -- of its newest
    if rules.semver and rules.semver.has(one.tag):
        return f"it is in {rules.semver.text}"
    if one.created is None and rules.by_age:
        return "its age is not known"
    if rules.within is not None and one.created is not None and now - one.created < rules.within:
        return "it is young"
    return f"it is one of the {rules.newest} newest" if is_new else ""


def _gone(rules: Rules) -> str:
    reasons = [f"not in {rules.semver.text}"] if rules.semver else []
    reasons += ["old"] if rules.within is not None else []
    reasons += [f"not one of the {rules.newest} newest"] if rules.newest is not None else []
    return f"it is {', '.join(reasons) or 'one of ' + ', '.join(rules.match)}"


def _order(one: Candidate) -> tuple[float, tuple[object, ...], str]:
    """By age, and of one age by version."""
    version = Version.parse(one.tag)
    return one.created or 0.0, version.key if version else ((-1, 0, 0), False, ()), one.tag
