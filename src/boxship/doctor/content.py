"""What a pull would begin with: the log-in, manifest, platforms and configuration, and the beginning of a blob.

What needs no other is asked for side by side, on boxship's own road; other checks are read from what that tells.
"""

from __future__ import annotations

__all__ = ["Contents", "look_at_door", "look_inside"]

from collections.abc import Iterator, Sequence
from itertools import islice

from boxship.client import Client
from boxship.connect.deadline import Work
from boxship.doctor.blob import beginning, blob_check, config_check, config_platform, platform_check
from boxship.doctor.limits import limit_checks
from boxship.doctor.login import is_of_login, login_checks
from boxship.doctor.others import Others
from boxship.doctor.redirects import redirect_checks
from boxship.doctor.report import Check, Status
from boxship.doctor.story import Story
from boxship.doctor.taken import Result, Taken, take
from boxship.doctor.together import Together
from boxship.errors import BoxshipError, NotFound, Unreachable
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.registry.manifests import Document, parse_document
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.value import dataclass, field
from boxship.wire.printable import printable
from boxship.wire.target import Target

_TAGS = 5  # that are named
_INSIDE = ("content.manifest", "content.config", "content.blob", "content.tags")
_PAGE = 100  # tags that are asked for
# Events that name an origin that is needed, and the facts that do.
_GOING = {"WroteRequest": ("url",), "Request": ("url",), "Token": ("realm",), "Redirect": ("from", "to")}


@dataclass(slots=True)
class Contents:
    """What was found inside; `error` is what ended it."""

    checks: list[Check] = field(default_factory=list)
    error: BoxshipError | None = None
    origins: tuple[str, ...] = ()
    """Every `host:port` that was needed, in that order."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Whose content is looked at, and how it is come to."""

    client: Client
    reference: Reference
    work: Work

    @property
    def story(self) -> Story:
        """What has been told so far."""
        return Story(self.work.trace.events)


def look_inside(client: Client, reference: Reference, work: Work, others: Others) -> Contents:
    """Do what a pull would begin with, within the bound of `work`; `others` hear what is told of it."""
    way, platforms = _Way(client, reference, work), list[Check]()
    read = take(work, lambda: client.document(reference))
    error, story = read.error, way.story
    manifest = take(work, lambda: _manifest(way, read.value, platforms))
    found = Contents(error=error or manifest.error)
    found.checks += (*_reach(story, read), *login_checks(story, error, others))
    found.checks += (_manifest_check(story, read, manifest, reference), *platforms)
    errors = _parts(way, manifest.value, found)
    found.checks += (*redirect_checks(way.story, errors, others), *limit_checks(way.story, found.error))
    found.origins = tuple(dict.fromkeys(_origins(work))) or (_expected(reference.registry),)
    return found


def look_at_door(client: Client, registry: Registry, work: Work, others: Others) -> Contents:
    """Ask who one is to the registry, and no more: no repository of it was named."""
    read = take(work, lambda: client.ping(registry))
    error, story = read.error, Story(work.trace.events)
    found = Contents(error=error)
    found.checks += (*_reach(story, read), *login_checks(story, error, others))
    if error and not (_nobody_was_asked(story, error) or is_of_login(story, error)):
        found.checks.append(read.failed("http", registry.name))
    words = "needs a repository, and none is named"
    found.checks += (Check(id=name, status=Status.SKIPPED, words=words) for name in _INSIDE)
    found.checks += limit_checks(story, error)
    found.origins = tuple(dict.fromkeys(_origins(work))) or (_expected(registry),)
    return found


def _reach(story: Story, read: Taken[Result]) -> Iterator[Check]:
    if _nobody_was_asked(story, read.error):
        yield read.failed("reach")


def _nobody_was_asked(story: Story, error: BoxshipError | None) -> bool:
    return isinstance(error, Unreachable) and not story.all("WroteRequest")


# Manifests.


def _manifest(way: _Way, document: Document | None, checks: list[Check]) -> Manifest | None:
    """The manifest in the document; of an index the one for this machine, or its first. None: there is none."""
    parsed = parse_document(document) if document else None
    if not isinstance(parsed, Index):
        return parsed
    checks.append(platform_check(parsed.platforms))
    chosen = parsed.choose(Platform.here()) or next(iter(parsed.manifests), None)
    below = way.client.manifest(way.reference.with_digest(chosen.digest)) if chosen else None
    return below if isinstance(below, Manifest) else None


def _manifest_check(
    story: Story, read: Taken[Document], manifest: Taken[Manifest | None], reference: Reference
) -> Check:
    at = reference.name
    if _nobody_was_asked(story, read.error):
        return Check(id="content.manifest", status=Status.SKIPPED, at=at, words="needs a connection")
    if read.error and is_of_login(story, read.error):
        return Check(id="content.manifest", status=Status.SKIPPED, at=at, words="needs to be let in")
    failed = read if read.error else manifest
    if failed.error or not read.value:
        return failed.failed("content.manifest", at)
    words = f"{printable(read.value.media_type)}, {read.value.digest}, {len(read.value.raw)} bytes"
    return Check(id="content.manifest", status=Status.OK, at=at, words=words, ms=read.ms)


# What it leads to.


def _parts(way: _Way, manifest: Manifest | None, found: Contents) -> Sequence[BoxshipError]:
    """Look at what the manifest leads to, and at the tags, all at once; the errors that anything ended with."""
    if not manifest and found.error and not isinstance(found.error, NotFound):
        found.checks += _without_manifest()
        return (found.error,)
    with Together(3, "boxship-doctor-content") as pool:
        tags = pool.submit(take, way.work, lambda: _tags(way))
        errors = _blobs(way, manifest, pool, found) if manifest else ()
        if not manifest:
            found.checks += _without_manifest()
        found.checks.append(_tags_check(tags.result()))
    return errors


def _blobs(way: _Way, manifest: Manifest, pool: Together, found: Contents) -> Sequence[BoxshipError]:
    config, blob = manifest.config, manifest.layers[0] if manifest.layers else manifest.config
    named = way.reference.with_digest(config.digest)
    small = config.size <= Client.LONGEST_SMALL_BLOB
    whole = pool.submit(take, way.work, lambda: way.client.read_blob(named, size=config.size)) if small else None
    little = take(way.work, lambda: beginning(way.client, way.reference, blob))
    read = whole.result() if whole else None
    if read:
        found.checks.append(config_check(read, config, way.story))
        # What an index says of a platform is what clients choose by.
        told = any(check.id == "content.platform" for check in found.checks)
        found.checks += () if told else config_platform(read.value, config)
    found.checks.append(blob_check(little, blob, way.story))
    errors = [error for taken in (little, read) if taken and (error := taken.error)]
    found.error = errors[0] if errors else None
    return errors


def _without_manifest() -> Iterator[Check]:
    for name in ("content.config", "content.blob"):
        yield Check(id=name, status=Status.SKIPPED, words="needs a manifest")


def _tags(way: _Way) -> list[str]:
    return list(islice(way.client.tags(way.reference, page_size=_PAGE), _TAGS + 1))


def _tags_check(listed: Taken[list[str]]) -> Check:
    """Some registries list nothing to some, and give what one knows the name of: a warning at most."""
    if listed.error:
        words = f"they are not listed: {listed.error.why or listed.error.what}"
        return Check(id="content.tags", status=Status.WARNING, words=words, ms=listed.ms)
    tags = listed.value or ()
    more = " and more" if len(tags) > _TAGS else ""
    words = printable(", ".join(tags[:_TAGS])) + more if tags else "there are none"
    return Check(id="content.tags", status=Status.OK, words=words, ms=listed.ms)


def _expected(registry: Registry) -> str:
    """Where the registry should be, of which nothing was heard."""
    api = registry.api
    return _authority(api, api.port or (80 if api.scheme == "http" else 443))


def _authority(registry: Registry, port: int) -> str:
    return f"{registry.name.removesuffix(f':{port}')}:{port}"


def _origins(work: Work) -> Iterator[str]:
    for event in work.trace.events:
        for url in (str(event.facts[name]) for name in _GOING.get(event.name, ()) if name in event.facts):
            target = Target.parse(url)
            yield _authority(target.registry, target.port)
