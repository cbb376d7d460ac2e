"""What an image says of itself, without its layers: its documents, read and put together."""

from __future__ import annotations

__all__ = ["Inspected", "inspect"]

from collections.abc import Callable, Iterable, Mapping

from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.image import is_config, read_image
from boxship.platform import Platform
from boxship.registry.manifests import Document, parse_document
from boxship.spec.config import Config
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Malformed, parse_object
from boxship.spec.index import Index
from boxship.spec.manifest import Manifest
from boxship.store import Source
from boxship.value import dataclass, field

Map = Callable[[Callable[[Descriptor], "Inspected"], Iterable[Descriptor]], Iterable["Inspected"]]
"""Applies a function to each, in their order, perhaps in parallel."""

_DEEPEST = 8  # indexes in indexes
_MOST = 1000  # manifests in an index, each of which is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """An image, an artifact, or an index with those that it lists.

    Attributes:
        size: bytes of the configuration and the layers, as they are stored; of an index, all that it lists.
        platform: what the index says; where it says nothing, what the configuration does.
        config: what the configuration says; None for what has none of an image.
        run: its object `config`: ports, volumes, health check and so on, as they are written.
        images: what an index lists, in its order.
    """

    digest: Digest
    media_type: str
    size: int
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    subject: Digest | None = None
    config_type: str = ""
    config_digest: Digest | None = None
    config: Config | None = None
    author: str = ""
    run: Mapping[str, object] = field(default_factory=dict)
    layers: tuple[Descriptor, ...] = ()
    images: tuple[Inspected, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it lists others."""
        return not self.config_digest

    @property
    def created(self) -> str:
        """When it was made, as it says; '' where it does not."""
        return self.config.created if self.config else self.annotations.get("org.opencontainers.image.created", "")

    def document(self) -> dict[str, object]:
        """All of it, as JSON has it: only what there is."""
        told: dict[str, object] = {
            "digest": str(self.digest),
            "media_type": self.media_type,
            "size": self.size,
            "platform": str(self.platform) if self.platform else None,
            "artifact_type": self.artifact_type,
            "created": self.created,
            "author": self.author,
            "subject": str(self.subject) if self.subject else None,
            "annotations": dict(self.annotations),
        }
        told |= self._configured()
        if self.is_index:
            told["images"] = [image.document() for image in self.images]
        else:
            told["layers"] = [_layer(layer) for layer in self.layers]
        return {name: value for name, value in told.items() if value not in (None, "", {})}

    def _configured(self) -> dict[str, object]:
        told: dict[str, object] = {"config_media_type": self.config_type}
        if self.config_digest:
            told["config_digest"] = str(self.config_digest)
        if not self.config:
            return told
        config = self.config
        more = {name: self.run[key] for name, key in _RUN.items() if self.run.get(key)}
        return {
            **told,
            "os": config.platform.os,
            "architecture": config.platform.architecture,
            "variant": config.platform.variant,
            "os_version": config.platform.os_version,
            "entrypoint": list(config.entrypoint) or None,
            "cmd": list(config.cmd) or None,
            "env": list(config.env) or None,
            "user": config.user,
            "working_dir": config.working_dir,
            "labels": dict(config.labels),
            **more,
        }


# What a configuration says besides, by its names in JSON (image-spec config.md, and Docker's).
_RUN = {
    "exposed_ports": "ExposedPorts",
    "volumes": "Volumes",
    "stop_signal": "StopSignal",
    "healthcheck": "Healthcheck",
    "shell": "Shell",
}


def inspect(source: Source, name: str, platforms: tuple[Platform, ...] = (), *, apply: Map = map) -> Inspected:
    """What `name` stands for; of an index, with one platform its image, with several no others."""
    document = source.read(source.resolve(name))
    parsed = parse_document(document)
    if not isinstance(parsed, Index):
        return _manifest(source, document, parsed)
    if len(platforms) != 1:
        return _index(source, document, parsed, platforms, apply, depth=0)
    found = parsed.choose(platforms[0])
    if not found:
        offered = ", ".join(map(str, parsed.platforms)) or "none"
        raise UnexpectedAnswer(f"there is no manifest for {platforms[0]}", why=f"the index's platforms are {offered}")
    return _listed(source, found, platforms, depth=1)


def _index(
    source: Source, document: Document, index: Index, platforms: tuple[Platform, ...], apply: Map, *, depth: int
) -> Inspected:
    if depth > _DEEPEST:
        raise UnexpectedAnswer(f"{document.digest}", why=f"indexes stand in indexes, more than {_DEEPEST} deep")
    wanted = tuple(entry for entry in index.manifests if _is_wanted(entry, platforms))
    if len(wanted) > _MOST:
        raise UnexpectedAnswer(f"{document.digest}", why=f"it has more than {_MOST} manifests")
    images = tuple(apply(lambda entry: _listed(source, entry, platforms, depth=depth + 1), wanted))
    return Inspected(
        digest=document.digest,
        media_type=document.media_type,
        size=sum(image.size for image in images),
        artifact_type=index.artifact_type,
        annotations=index.annotations,
        subject=index.subject.digest if index.subject else None,
        images=images,
    )


def _is_wanted(entry: Descriptor, platforms: tuple[Platform, ...]) -> bool:
    return not platforms or (entry.platform is not None and any(map(entry.platform.satisfies, platforms)))


def _listed(source: Source, entry: Descriptor, platforms: tuple[Platform, ...], *, depth: int) -> Inspected:
    document = source.read(entry)
    parsed = parse_document(document)
    if isinstance(parsed, Index):
        return _index(source, document, parsed, platforms, map, depth=depth)
    return _manifest(source, document, parsed, entry.platform)


def _manifest(source: Source, document: Document, manifest: Manifest, platform: Platform | None = None) -> Inspected:
    config, author, run = _config(source, document, manifest)
    return Inspected(
        digest=document.digest,
        media_type=document.media_type,
        size=sum(blob.size for blob in manifest.references),
        platform=platform or (config.platform if config else None),
        artifact_type=manifest.artifact_type,
        annotations=manifest.annotations,
        subject=manifest.subject.digest if manifest.subject else None,
        config_type=manifest.config.media_type,
        config_digest=manifest.config.digest,
        config=config,
        author=author,
        run=run,
        layers=manifest.layers,
    )


def _config(source: Source, document: Document, manifest: Manifest) -> tuple[Config | None, str, Mapping[str, object]]:
    """The configuration of an image, its author, and its object `config`."""
    if not is_config(manifest.config.media_type):
        return None, "", {}
    image = read_image(source, document)
    fields = parse_object(image.config)
    try:
        return image.described, fields.text("author"), fields.object("config").values
    except Malformed as error:
        raise UnexpectedAnswer(f"the configuration of {document.digest} is malformed", why=str(error)) from error


def _layer(layer: Descriptor) -> dict[str, object]:
    told: dict[str, object] = {"digest": str(layer.digest), "size": layer.size, "media_type": layer.media_type}
    if layer.annotations:
        told["annotations"] = dict(layer.annotations)
    if layer.urls:
        told["urls"] = list(layer.urls)
    return told
