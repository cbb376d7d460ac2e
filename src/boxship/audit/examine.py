"""The audit: what registries say of each image that files name, held against what was asked for."""

from __future__ import annotations

__all__ = ["Wanted", "audit"]

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from boxship.audit.known import Known, ask, unencrypted
from boxship.audit.lock import Lock, locked_as
from boxship.audit.report import Audited, Finding, Report
from boxship.audit.use import Use, Uses
from boxship.client import Client
from boxship.errors import BoxshipError, CredentialFailed, InvalidReference, NotFound, Refused, Unreachable
from boxship.platform import Platform
from boxship.reference import DEFAULT_TAG, Reference, Registry
from boxship.value import dataclass, replace


@dataclass(frozen=True, slots=True)
class Wanted:
    """What images have to be.

    Attributes:
        platforms: each has to be for all of them.
        lock: each has to be what it was.
        ignored: the ids of findings that are none.
    """

    platforms: tuple[Platform, ...] = ()
    lock: Lock | None = None
    ignored: frozenset[str] = frozenset()


def audit(client: Client, uses: Uses, wanted: Wanted) -> Report:
    """Ask for each image once, however often it is used."""
    by_image = dict[str, list[Use]]()
    for use in uses.uses:
        by_image.setdefault(use.image, []).append(use)
    parsed = {image: _parsed(image) for image in by_image}
    references = [one for one in parsed.values() if isinstance(one, Reference)]
    known = ask(client, map(_as_asked, references), platforms=bool(wanted.platforms))
    reached = {one.registry for one, said in known.items() if not isinstance(said.error, Unreachable)}
    plain = unencrypted(client, reached) if "plain-http" not in wanted.ignored else frozenset()
    judge = partial(_audited, known=known, plain=plain, wanted=wanted, secrets=partial(_of_secrets, client))
    return Report(tuple(judge(one, parsed[one], tuple(by_image[one])) for one in by_image), uses.complaints)


def _parsed(image: str) -> Reference | InvalidReference:
    try:
        reference = Reference.parse(image)
    except InvalidReference as error:
        return error
    if reference.registry.scheme:
        end = len(reference.registry.scheme) + 3
        return InvalidReference(image, (0, end), why="an image has no scheme: nobody who pulls it takes that")
    return reference


def _as_asked(reference: Reference) -> Reference:
    """The same for `app` and `app:latest`."""
    return replace(reference, tag=None) if reference.digest else replace(reference, tag=reference.name)


def _audited(
    image: str,
    parsed: Reference | InvalidReference,
    uses: tuple[Use, ...],
    *,
    known: Mapping[Reference, Known],
    plain: frozenset[Registry],
    wanted: Wanted,
    secrets: Callable[[Reference], str],
) -> Audited:
    if isinstance(parsed, InvalidReference):
        said, findings = Known(error=parsed), [Finding("invalid", parsed.why, parsed.remedy)]
    else:
        said = known[_as_asked(parsed)]
        findings = [*_found(parsed, said, wanted, secrets), *_habits(parsed, plain)]
    return Audited(image, said, uses, tuple(one for one in findings if one.id not in wanted.ignored))


def _found(
    reference: Reference, known: Known, wanted: Wanted, secrets: Callable[[Reference], str]
) -> Iterator[Finding]:
    if known.error:
        why = secrets(reference) if isinstance(known.error, Refused) else ""
        yield Finding(_id(known.error), _words(known.error), why or known.error.remedy)
    if known.digest and not known.error:
        yield from (_lacking(platform, known) for platform in wanted.platforms if not _is_for(platform, known))
    if known.digest and wanted.lock:
        yield from _drift(reference, known, wanted.lock)


def _of_secrets(client: Client, reference: Reference) -> str:
    """What pull secrets have for an image, in words; '' where none were given."""
    keyring = client.means(reference.registry, reference.repository).told.access.pull_secrets
    if keyring is None:
        return ""
    tried = keyring.matching(reference.registry, reference.repository)
    if tried:
        return f"of the pull secrets, it was tried with {', '.join(map(str, tried))}"
    why = "; ".join(keyring.why_none(reference.registry, reference.repository))
    return f"no entry of the pull secrets is for it: {why or 'there is none'}"


def _id(error: BoxshipError) -> str:
    match error:
        case NotFound():
            return "missing"
        case Refused() | CredentialFailed():
            return "refused"
        case Unreachable():
            return "unreachable"
        case _:
            return "failed"


def _words(error: BoxshipError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _is_for(platform: Platform, known: Known) -> bool:
    return any(offered.satisfies(platform) for offered in known.platforms)


def _lacking(platform: Platform, known: Known) -> Finding:
    offered = ", ".join(map(str, known.platforms)) or "none"
    return Finding("platform", f"it is not for {platform}: its platforms are {offered}")


def _drift(reference: Reference, known: Known, lock: Lock) -> Iterator[Finding]:
    locked = lock.get(reference)
    if locked is None and not reference.digest:
        yield Finding("unlocked", f"{locked_as(reference)} is not in {lock.file}", "boxship audit lock writes it anew")
    elif locked not in (None, known.digest):
        yield Finding("drift", f"it is {known.digest}, and was locked as {locked}")


def _habits(reference: Reference, plain: frozenset[Registry]) -> Iterator[Finding]:
    if reference.registry in plain:
        yield Finding(
            "plain-http", f"{reference.registry} answers over plain HTTP, which anybody on the way can change"
        )
    if reference.digest:
        return
    if reference.name == DEFAULT_TAG:
        yield Finding("latest", "it is whatever was pushed last", "name a version, or pin the digest")
    else:
        yield Finding("unpinned", "its tag may be moved", "boxship audit rewrite --pin writes digests")
