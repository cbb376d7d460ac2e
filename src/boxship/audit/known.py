"""What registries say of many images at once; a registry that cannot be reached is waited for once."""

from __future__ import annotations

__all__ = ["Known", "ask", "unencrypted"]

from collections.abc import Iterable, Mapping, Sequence

from boxship.client import Client
from boxship.digest import Digest
from boxship.errors import BoxshipError, CredentialFailed, Unreachable
from boxship.platform import Platform
from boxship.reference import Reference, Registry
from boxship.registry.manifests import Document, parse_document
from boxship.spec.config import Config
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed
from boxship.spec.manifest import Manifest
from boxship.value import dataclass, replace


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an image.

    Attributes:
        digest: what it stands for; None where that is not to be had.
        error: why not.
        platforms: those that it is for, where that was asked; none where it does not say.
    """

    digest: Digest | None = None
    error: BoxshipError | None = None
    platforms: tuple[Platform, ...] = ()


def ask(client: Client, references: Iterable[Reference], *, platforms: bool) -> Mapping[Reference, Known]:
    """What their registries say of the references; `platforms`: for which platforms they are, too."""
    wanted = tuple(dict.fromkeys(references))
    first = {reference.registry: reference for reference in reversed(wanted)}
    met = dict(zip(first.values(), client.attempt_each(client.digest, first.values()), strict=True))
    # What befell one befalls all of its registry: each would wait for it anew.
    away = {one.registry: said for one, said in met.items() if isinstance(said, Unreachable | CredentialFailed)}
    there = [reference for reference in wanted if reference.registry not in away]
    found = _with_platforms(client, there) if platforms else _digests(client, there, met)
    return {**{one: Known(error=away[one.registry]) for one in wanted if one.registry in away}, **found}


def unencrypted(client: Client, registries: Iterable[Registry]) -> frozenset[Registry]:
    """Those of the registries that answer over plain HTTP."""
    asked = tuple(dict.fromkeys(registries))
    pongs = client.attempt_each(client.ping, asked)
    plain = zip(asked, pongs, strict=True)
    return frozenset(one for one, pong in plain if not isinstance(pong, BoxshipError) and not pong.encrypted)


def _digests(
    client: Client, references: Sequence[Reference], met: Mapping[Reference, Digest | BoxshipError]
) -> dict[Reference, Known]:
    rest = [reference for reference in references if reference not in met]
    found = {**met, **dict(zip(rest, client.attempt_digests(rest), strict=True))}
    return {reference: _known(found[reference]) for reference in references}


def _known(found: Digest | BoxshipError) -> Known:
    return Known(error=found) if isinstance(found, BoxshipError) else Known(digest=found)


def _with_platforms(client: Client, references: Sequence[Reference]) -> dict[Reference, Known]:
    """An index says what it offers; an image's configuration is asked for."""
    documents = zip(references, client.attempt_documents(references), strict=True)
    read = {reference: _read(said) for reference, said in documents}
    images = {one: said for one, (_, said) in read.items() if said}
    platforms = client.attempt_each(lambda one: _configured(client, one, images[one]), images)
    configured = {one: _joined(read[one][0], said) for one, said in zip(images, platforms, strict=True)}
    return {**{one: known for one, (known, _) in read.items()}, **configured}


def _read(found: Document | BoxshipError) -> tuple[Known, Descriptor | None]:
    """What a document says, and the configuration that says more."""
    if isinstance(found, BoxshipError):
        return Known(error=found), None
    try:
        parsed = parse_document(found)
    except BoxshipError as error:
        return Known(found.digest, error), None
    if isinstance(parsed, Manifest):
        return Known(found.digest), parsed.config
    return Known(found.digest, platforms=parsed.platforms), None


def _configured(client: Client, reference: Reference, config: Descriptor) -> tuple[Platform, ...]:
    """What an image is for; nothing of what is none."""
    raw = client.read_blob(reference.with_digest(config.digest), size=config.size)
    try:
        platform = Config.parse(raw).platform
    except Malformed:
        return ()
    return (platform,) if platform.os else ()


def _joined(known: Known, said: tuple[Platform, ...] | BoxshipError) -> Known:
    return replace(known, error=said) if isinstance(said, BoxshipError) else replace(known, platforms=said)
