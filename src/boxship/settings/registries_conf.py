"""`registries.conf` of podman, skopeo, buildah and CRI-O, version 2: what one file says, and what several say together.

The rules are those of containers/image (pkg/sysregistriesv2): the table with the longest prefix holds, its `location`
replaces what the prefix matched, its mirrors are asked first. A host is compared without regard to case, which is
stricter than theirs: what is blocked stays blocked however it is written.
"""

from __future__ import annotations

__all__ = ["RegistriesConf", "Table", "TableMirror", "parse_registries_conf"]

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, cast

from boxship.errors import InvalidReference, InvalidSettings
from boxship.reference import Reference, Registry
from boxship.settings.section import Section
from boxship.settings.sourced import Sourced
from boxship.value import dataclass, field, replace

Pulls = Literal["all", "digest-only", "tag-only"]
_PULLS = ("all", "digest-only", "tag-only")
_MODES = ("enforcing", "permissive", "disabled")
_TABLE = ("prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only")
_MIRROR = ("location", "insecure", "pull-from-mirror")
_ENDS = ":/@"  # what may come after a prefix
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?")  # distribution/reference's


@dataclass(frozen=True, slots=True)
class TableMirror:
    """A mirror of a table; `pulls` says which references it is for."""

    location: Sourced[str]
    insecure: Sourced[bool] | None
    pulls: Pulls


@dataclass(frozen=True, slots=True)
class Table:
    """A `[[registry]]`: what holds for the names that begin with `prefix`.

    Attributes:
        location: what replaces the prefix; empty (below a `*.` only) where nothing does.
        insecure: whether plain HTTP is permitted and certificates are not checked; None where that is not said.
        blocked: whether nothing of it may be reached; None where that is not said.
    """

    prefix: Sourced[str]
    location: Sourced[str]
    insecure: Sourced[bool] | None = None
    blocked: Sourced[bool] | None = None
    mirrors: tuple[TableMirror, ...] = ()

    def matched(self, name: str) -> int:
        """How many letters of `host/repository` the prefix covers; below zero where it is for others."""
        prefix, lowered = _lowered(self.prefix.value), _lowered(name)
        if not prefix.startswith("*."):
            end = len(prefix) if lowered.startswith(prefix) else -1
        else:
            at = lowered.find(prefix[1:])
            end = -1 if at < 0 or "/" in lowered[:at] else at + len(prefix) - 1
        return end if end < 0 or end == len(name) or name[end] in _ENDS else -1

    def rewritten(self, name: str, location: Sourced[str]) -> Reference:
        """`host/repository` at another location; `InvalidSettings` where that makes no name."""
        if not location.value:
            return Reference.parse(name)
        written = location.value + name[self.matched(name) :]
        path = written.partition("/")[2]
        try:
            made = Reference.parse(written)
        except InvalidReference as error:
            raise _wrong(location, f"it makes {written!r} of {name!r}, which is no repository: {error.why}") from None
        if made.repository != path or made.tag or made.digest:
            raise _wrong(location, f"it makes {written!r} of {name!r}, which is not written in full")
        return made


@dataclass(frozen=True, slots=True)
class RegistriesConf:
    """What a file says, or several.

    Attributes:
        tables: by prefix.
        search: where short names are looked for; None where that is not said, which is not the same as nowhere.
        mode: what is done with short names; None where that is not said.
        aliases: what short names stand for; an empty one is none any more.
        helpers: `credential-helpers`; None where they are not said.
        warnings: what was not understood, in words.
    """

    tables: Mapping[str, Table] = field(default_factory=dict)
    search: tuple[Sourced[str], ...] | None = None
    mode: Sourced[str] | None = None
    aliases: Mapping[str, Sourced[str]] = field(default_factory=dict)
    helpers: tuple[Sourced[str], ...] | None = None
    warnings: tuple[str, ...] = ()

    def under(self, other: RegistriesConf) -> RegistriesConf:
        """What holds when `other`, a drop-in, is read after this."""
        return RegistriesConf(
            {**self.tables, **other.tables},
            self.search if other.search is None else other.search,
            other.mode or self.mode,
            {**self.aliases, **other.aliases},
            self.helpers if other.helpers is None else other.helpers,
            (*self.warnings, *other.warnings),
        )

    def table(self, name: str) -> Table | None:
        """The table for `host` or `host/repository`: the one with the longest prefix."""
        found = [table for table in self.tables.values() if table.matched(name) >= 0]
        return max(found, key=lambda table: len(table.prefix.value), default=None)


def parse_registries_conf(section: Section, *, drop_in: bool = False) -> RegistriesConf:
    """What a file says; `InvalidSettings` where podman would not take it, either."""
    old = _of_version_1(section)
    if old and drop_in:
        raise section.invalid("registries", "a drop-in is written in version 2")
    tables = [_table(inner) for inner in section.tables("registry")]
    search = _searched(section)
    aliases = {name: _alias(section, name, value) for name, value in section.section("aliases").texts()}
    helpers = tuple(section.items("credential-helpers")) if section.has("credential-helpers") else None
    if old and (tables or search or aliases or helpers or section.text("short-name-mode")):
        raise section.invalid("registries", "versions 1 and 2 are mixed")
    if old:
        return old
    _refuse_contradictions(tables)
    by_prefix: dict[str, Table] = {}
    for table in tables:
        by_prefix.setdefault(table.prefix.value, table)  # the first of one prefix counts
    return RegistriesConf(by_prefix, search, _mode(section), aliases, helpers, tuple(_unknown(section)))


def _table(section: Section) -> Table:
    location, prefix = _location(section, "location"), _location(section, "prefix")
    if not (location or prefix):
        raise section.invalid("", "it has neither a location nor a prefix")
    prefix = prefix or location
    assert prefix
    if prefix.value.startswith("*."):
        if any(mark in prefix.value for mark in "/@:"):
            raise section.invalid("prefix", "a prefix with *. is a domain alone, as *.example.com")
    elif not location:
        raise section.invalid("", "it has no location: only a prefix with *. goes without")
    if section.text("pull-from-mirror"):
        raise section.invalid("pull-from-mirror", "it is for a mirror")
    by_digest = section.flag("mirror-by-digest-only") or False
    mirrors = tuple(_mirror(inner, by_digest=by_digest) for inner in section.tables("mirror"))
    nowhere = Sourced("", prefix.source)
    return Table(prefix, location or nowhere, _said(section, "insecure"), _said(section, "blocked"), mirrors)


def _mirror(section: Section, *, by_digest: bool) -> TableMirror:
    location, pulls = _location(section, "location"), section.text("pull-from-mirror")
    if not location:
        raise section.invalid("", "a mirror has a location")
    if pulls and by_digest:
        raise section.invalid("pull-from-mirror", "it contradicts mirror-by-digest-only of its registry")
    if pulls and pulls not in _PULLS:
        raise section.invalid("pull-from-mirror", f"it is one of {', '.join(_PULLS)}")
    chosen = pulls or ("digest-only" if by_digest else "all")
    return TableMirror(location, _said(section, "insecure"), cast("Pulls", chosen))


def _location(section: Section, name: str) -> Sourced[str] | None:
    value = section.text(name).rstrip("/")
    if value.startswith(("http://", "https://")):
        raise section.invalid(name, "a location has no scheme: insecure permits plain HTTP")
    if any(letter.isspace() or not letter.isprintable() for letter in value):
        raise section.invalid(name, "a location has no blank in it")
    return Sourced(value, section.source(name)) if value else None


def _said(section: Section, name: str) -> Sourced[bool] | None:
    value = section.flag(name)
    return None if value is None else Sourced(value, section.source(name))


def _searched(section: Section) -> tuple[Sourced[str], ...] | None:
    name = "unqualified-search-registries"
    if not section.has(name):
        return None
    return tuple(_host(name, item) for item in section.items(name))


def _host(name: str, item: Sourced[str]) -> Sourced[str]:
    host = item.value.rstrip("/")
    try:
        Registry.parse(host)
    except InvalidReference as error:
        raise _wrong(item, f"{name}: {item.value!r} is no host: {error.why}") from None
    if not _DOMAIN.fullmatch(host):
        raise _wrong(item, f"{name}: {item.value!r} is no host with or without a port")
    return replace(item, value=host)


def _mode(section: Section) -> Sourced[str] | None:
    mode = section.text("short-name-mode")
    if mode and mode not in _MODES:
        raise section.invalid("short-name-mode", f"it is one of {', '.join(_MODES)}")
    return Sourced(mode, section.source("short-name-mode")) if mode else None


def _alias(section: Section, name: str, value: str) -> Sourced[str]:
    aliases = section.section("aliases")
    for word, is_short in ((name, True), *(((value, False),) if value else ())):
        first, slash, _ = word.partition("/")
        has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
        try:
            parsed = Reference.parse(word)
        except InvalidReference as error:
            raise aliases.invalid(name, f"{word!r} is no repository: {error.why}") from None
        if parsed.tag or parsed.digest:
            raise aliases.invalid(name, f"{word!r} has a tag or a digest")
        if has_host is is_short:
            raise aliases.invalid(name, f"{word!r} has a registry" if is_short else f"{word!r} has no registry")
    return Sourced(str(Reference.parse(value)) if value else "", aliases.source(name))


def _of_version_1(section: Section) -> RegistriesConf | None:
    """Version 1, which is still taken: three lists of registries."""
    parts = section.section("registries")
    lists = {name: tuple(parts.section(name).items("registries")) for name in ("search", "insecure", "block")}
    if not any(lists.values()):
        return None
    tables: dict[str, Table] = {}
    for name in ("block", "insecure"):
        for item in lists[name]:
            host = item.value.rstrip("/")
            if not host or "://" in host:
                raise _wrong(item, f"registries.{name}: {item.value!r} is no location")
            where = Sourced(host, item.source)
            table, said = tables.get(host, Table(where, where)), Sourced(True, item.source)
            tables[host] = replace(table, blocked=said) if name == "block" else replace(table, insecure=said)
    search = tuple(_host("registries.search", item) for item in lists["search"])
    return RegistriesConf(tables, search or None)


def _refuse_contradictions(tables: Iterable[Table]) -> None:
    """One location is not both insecure and secure, blocked and open, whichever prefix leads there."""
    by_location: dict[str, Table] = {}
    for table in tables:
        other = by_location.setdefault(table.location.value or table.prefix.value, table)
        for name in ("insecure", "blocked"):
            one, two = (getattr(each, name) for each in (other, table))
            if bool(one and one.value) is not bool(two and two.value):
                source = (two or table.location).source
                where = Sourced(name, source)
                raise _wrong(where, f"{table.location.value} is {name} here, or at {other.location.source}, not both")


def _unknown(section: Section) -> Iterator[str]:
    """Names that podman passes over without a word: most often they are misspelt."""
    for table in section.tables("registry"):
        yield from _strange(table, _TABLE)
        for mirror in table.tables("mirror"):
            yield from _strange(mirror, _MIRROR)


def _strange(section: Section, known: Iterable[str]) -> Iterator[str]:
    names = tuple(known)
    for name in section.values:
        if name.lower() not in names:
            yield f"{section.source(name)}: {name!r} is nothing that registries.conf knows, and is ignored"


def _lowered(name: str) -> str:
    host, slash, rest = name.partition("/")
    return f"{host.lower()}{slash}{rest}"


def _wrong(item: Sourced[str], why: str) -> InvalidSettings:
    file, _, line = item.source.rpartition(":")
    return InvalidSettings(file, int(line), why=why)
