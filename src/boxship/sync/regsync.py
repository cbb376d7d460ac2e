"""regsync's YAML (regclient, cmd/regsync/config.go), read as it is; when it is run is left to others.

Nothing of it is passed over in silence: what would be done otherwise is refused, and what is not read is said.
"""

from __future__ import annotations

__all__ = ["parse_regsync"]

from collections.abc import Iterable, Iterator

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.media_type import INDEXES, MANIFESTS
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.settings.durations import parse_duration
from boxship.settings.section import Section
from boxship.sync.chosen import Tags, TagSet
from boxship.sync.entries import named_source, number, patterns_of, platforms_of, said_at
from boxship.sync.regsync_range import RegsyncRange
from boxship.sync.regsync_template import expanded, template
from boxship.sync.wish import Access, Template, Waiting, Wish, Written
from boxship.value import replace

_FORM = "^{}$"  # without a group, as regsync writes it
_LEAST_RETRY = 300.0  # seconds (rateLimitRetryMin)
# What would be done otherwise than the file says.
_NOT_DONE = (
    "hooks",
    "referrerFilters",
    "referrerSource",
    "referrerTarget",
    "includeExternal",
    "forceRecursive",
    "skipDockerConfig",
)
_NOT_REACHED = ("hostname", "pathPrefix", "mirrors", "credHelper", "token", "regcert", "clientCert", "clientKey")
_SETTINGS = "boxship's settings have it (docs/settings.md); take it out here"
_WHEN = ("interval", "schedule")
_SETS = ("allow", "deny", "semverRange")
_OF_BOTH = ("backup", "ratelimit", "digestTags", "referrers", "mediaTypes", *_WHEN, *_NOT_DONE)
_OF_ENTRIES = ("source", "target", "type", "tags", "tagSets", "repos", "platform", "platforms", *_OF_BOTH)
_OF_CREDS = ("registry", "user", "pass", "tls", "reqPerSec", "reqConcurrent", *_NOT_REACHED)
# How requests are sent, and not what becomes of an image.
_NO_MATTER = frozenset(
    {"fastCheck", "referrerSlow", "blobLimit", "cacheCount", "cacheTime", "userAgent"}
    | {"credExpire", "credHost", "priority", "repoAuth", "api", "apiOpts", "blobChunk", "blobMax", "scheme"}
)
_TYPES = MANIFESTS | INDEXES


def parse_regsync(top: Section) -> Written:
    """What the file asks for."""
    if number(top, "version") not in (None, 0, 1):
        raise top.invalid("version", "only version 1 is known")
    defaults, entries, creds = top.section("defaults"), tuple(top.tables("sync")), tuple(top.tables("creds"))
    parallel = number(defaults, "parallel")
    return Written(
        wishes=tuple(_wish(section, defaults) for section in entries),
        access=dict(map(_access, creds)),
        jobs=max(int(parallel), 1) if parallel is not None else None,
        left=tuple(_left(top, defaults, entries, creds)),
    )


def _left(top: Section, defaults: Section, entries: Iterable[Section], creds: Iterable[Section]) -> Iterator[str]:
    """What is not read, in words."""
    if any(section.has(name) for section in (defaults, *entries) for name in _WHEN):
        yield "interval and schedule are for cron, or a CronJob: this is one run"
    for section in creds:
        if bool(expanded(section, "user")) != bool(expanded(section, "pass")):
            yield f"{section.source()}: user and pass go together, and one of them is empty: neither is sent"
    others = set(_unread(top, defaults, entries, creds))
    if names := sorted(others & _NO_MATTER):
        yield f"{', '.join(names)}: not read, as that changes no image"
    if names := sorted(others - _NO_MATTER):
        yield f"{', '.join(names)}: no field that is known, and not read"


def _unread(top: Section, defaults: Section, entries: Iterable[Section], creds: Iterable[Section]) -> Iterator[str]:
    yield from (name for name in _others(top, ("version", "creds", "defaults", "sync")) if not name.startswith("x-"))
    yield from _others(defaults, (*_OF_BOTH, "parallel"))
    yield from (name for section in creds for name in _others(section, _OF_CREDS))
    for section in entries:
        yield from _others(section, _OF_ENTRIES)
        yield from _others(section.section("repos"), _SETS[:2])
        for one in (section.section("tags"), *section.tables("tagSets")):
            yield from _others(one, _SETS)
    for section in (defaults, *entries):
        yield from _others(section.section("ratelimit"), ("min", "retry"))


def _others(section: Section, names: Iterable[str]) -> Iterator[str]:
    known = {name.lower() for name in names}
    yield from (name for name in section.values if name.lower() not in known)


def _wish(section: Section, defaults: Section) -> Wish:
    for name in _NOT_DONE:
        for where in (section, defaults):
            if where.value(name):
                raise where.invalid(name, "regsync would do this, and boxship does not", remedy="take it out")
    for where in (section, defaults):
        if types := frozenset(where.texts_of("mediaTypes")):
            _see_all_types(where, types)
    kind, target = section.text("type"), expanded(section, "target")
    if kind not in ("registry", "repository", "image"):
        raise section.invalid("type", "it is registry, repository or image")
    if not target:
        raise section.invalid("target", "is missing")
    with said_at(section, "source"):
        source = named_source(expanded(section, "source"), kind)
    if kind == "image":
        assert isinstance(source, Reference)
        with said_at(section, "target"):
            source, target = _tagged(source), str(_tagged(Reference.parse(target)))
    elif isinstance(source, Reference) and (source.tag or source.digest):
        raise section.invalid("source", "it is an image, and no repository", remedy="type: image")
    with said_at(section):
        return _wished(section, defaults, source, target)


def _tagged(image: Reference) -> Reference:
    """The same: without a tag it is `latest`, wherever it is."""
    return image if image.digest else replace(image, tag=image.name)


def _see_all_types(section: Section, types: frozenset[str]) -> None:
    """Images of some types alone are not taken apart by HEAD; all that there are today are regsync's default."""
    if missing := sorted(_TYPES - types):
        raise section.invalid("mediaTypes", f"images of {missing[0]} are copied, too", remedy="take the field out")


def _wished(section: Section, defaults: Section, source: Registry | Reference, target: str) -> Wish:
    backup = section if section.text("backup") else defaults
    return Wish(
        source=source,
        target=Template(f"{target.rstrip('/')}/{{repository}}" if isinstance(source, Registry) else target),
        repositories=patterns_of(section.section("repos"), _FORM),
        tags=Tags(tuple(_tag_sets(section)) or (TagSet(),)) if section.text("type") != "image" else Tags(),
        platforms=_platforms(section),
        referrers=_flag(section, defaults, "referrers"),
        cosign=_flag(section, defaults, "digestTags"),
        backup=template(backup, "backup") if backup.text("backup") else None,
        waiting=_waiting(section.section("ratelimit"), defaults.section("ratelimit")),
    )


def _tag_sets(section: Section) -> Iterator[TagSet]:
    tags = section.section("tags")
    for one in (*section.tables("tagSets"), *([tags] if any(tags.values.values()) else [])):
        with said_at(one, "semverRange"):
            ranges = tuple(RegsyncRange.parse(text) for text in one.texts_of("semverRange") if text)
        yield TagSet(patterns_of(one, _FORM), ranges)


def _platforms(section: Section) -> tuple[Platform, ...]:
    return platforms_of(section, "platform") or platforms_of(section, "platforms")


def _flag(section: Section, defaults: Section, name: str) -> bool:
    return (section if section.has(name) else defaults).flag(name) is True


def _waiting(own: Section, defaults: Section) -> Waiting | None:
    least = number(own, "min") or number(defaults, "min")
    if not least:
        return None
    retry = own if own.has("retry") else defaults
    seconds = parse_duration(retry.text("retry")) if retry.text("retry") else _LEAST_RETRY
    if seconds is None:
        raise retry.invalid("retry", "it is no time as 1h30m")
    return Waiting(int(least), max(seconds, _LEAST_RETRY))


def _access(section: Section) -> tuple[str, Access]:
    for name in _NOT_REACHED:
        if section.value(name):
            raise section.invalid(name, "a host is not reached so from here", remedy=_SETTINGS)
    tls, password = section.text("tls").lower(), expanded(section, "pass")
    if tls not in ("", "enabled", "insecure", "disabled"):
        raise section.invalid("tls", "it is enabled, insecure or disabled")
    rate, concurrency = number(section, "reqPerSec"), number(section, "reqConcurrent")
    with said_at(section, "registry"):
        registry = Registry.parse(expanded(section, "registry"))
    return registry.name, Access(
        username=expanded(section, "user"),
        password=Secret(password) if password else None,
        skip_tls_verify=tls == "insecure",
        plain_http=tls == "disabled",
        requests_per_second=rate or None,
        concurrency=int(concurrency) if concurrency else None,
    )


def is_regsync(top: Section) -> bool:
    """Whether the file is regsync's: its entries have a type."""
    if top.has("version") or top.has("creds") or top.has("defaults"):
        return True
    try:
        return any(section.has("type") for section in top.tables("sync"))
    except InvalidSettings:
        return False
