"""The kinds of content that the public conformance suite pushes, by its names for them."""

from __future__ import annotations

__all__ = ["GROUPS", "Group", "Piece", "build"]

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from boxship.media_type import OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_LAYER, OCI_LAYER_GZIP, OCI_MANIFEST
from tests.server.content import digest

Json = dict[str, object]

NON_DISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
SIGNATURE, LISTING = "application/vnd.example.signature", "application/vnd.example.listing"


@dataclass(slots=True)
class Piece:
    """A manifest to push, and how its subject's referrers should tell of it."""

    body: bytes
    media_type: str
    tag: str = ""
    subject: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """Blobs, and manifests in an order in which they can be pushed; digests are by `algorithm`."""

    algorithm: str
    blobs: list[bytes] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    def digest(self, content: bytes) -> str:
        return digest(content, self.algorithm)

    def descriptor(self, content: bytes, kind: str, **more: object) -> Json:
        return {"mediaType": kind, "digest": self.digest(content), "size": len(content), **more}

    def blob(self, content: bytes, kind: str = OCI_LAYER_GZIP) -> Json:
        self.blobs.append(content)
        return self.descriptor(content, kind)

    def image(self, name: str, **fields: object) -> Json:
        """The descriptor of an image that is called `name`, and tagged so."""
        document: Json = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, **fields}
        if "config" not in document:
            document["config"] = self.blob(b"{}" + name.encode(), OCI_CONFIG)
        if "layers" not in document:
            document["layers"] = [self.blob(f"layer of {name}".encode())]
        return self._push(document, name)

    def artifact(self, name: str, kind: str, **fields: object) -> Json:
        return self.image(name, config=self.blob(b"{}", OCI_EMPTY), artifactType=kind, **fields)

    def index(self, name: str, *manifests: Json, **more: object) -> Json:
        return self._push({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests, **more}, name)

    def _push(self, document: Json, name: str) -> Json:
        body = json.dumps(document).encode()
        kind, subject, config = str(document["mediaType"]), document.get("subject"), document.get("config")
        told = document.get("artifactType") or (config["mediaType"] if isinstance(config, dict) else "")
        annotations = document.get("annotations")
        self.pieces.append(
            Piece(
                body,
                kind,
                tag=name,
                subject=str(subject["digest"]) if isinstance(subject, dict) else "",
                artifact_type=str(told),
                annotations=annotations if isinstance(annotations, dict) else {},
            )
        )
        return self.descriptor(body, kind)


def image(group: Group) -> None:
    group.image("image")


def image_uncompressed(group: Group) -> None:
    group.image("image-uncompressed", layers=[group.blob(b"tar", OCI_LAYER)])


def large_manifest(group: Group) -> None:
    group.image("large", annotations={f"org.example.{number}": "x" * 10_000 for number in range(390)})


def index(group: Group) -> None:
    group.index("index", group.image("amd64"), group.image("arm64"))


def nested_index(group: Group) -> None:
    inner = group.index("inner", group.image("amd64"), group.image("arm64"))
    group.index("outer", inner, group.image("other"))


def empty_index(group: Group) -> None:
    group.index("empty-index")


def artifact(group: Group) -> None:
    group.artifact("artifact", SIGNATURE)


def artifact_index(group: Group) -> None:
    group.index(
        "artifacts", group.artifact("first", SIGNATURE), group.artifact("second", SIGNATURE), artifactType=LISTING
    )


def artifact_without_layers(group: Group) -> None:
    group.artifact("bare", SIGNATURE, layers=[group.blob(b"{}", OCI_EMPTY)])


def artifacts_with_subject(group: Group) -> None:
    subject = group.image("subject")
    group.artifact("signature", SIGNATURE, subject=subject, annotations={"org.example.by": 'Zoë "Z"', "n": ""})
    group.artifact("unannotated", LISTING, subject=subject)
    group.image("an-image", subject=subject)
    group.artifact("about-another", SIGNATURE, subject=group.image("another"))


def index_with_subject(group: Group) -> None:
    subject = group.index("subject", group.image("amd64"))
    group.index("typed", group.image("arm64"), subject=subject, artifactType=LISTING, annotations={"a": "b"})
    group.index("untyped", subject=subject)


def missing_subject(group: Group) -> None:
    group.artifact("early", SIGNATURE, subject=group.descriptor(b"never pushed", OCI_MANIFEST))


def data_field(group: Group) -> None:
    config = group.blob(b"{}", OCI_EMPTY) | {"data": "e30="}
    group.image("data", config=config)


def non_distributable_layers(group: Group) -> None:
    far = group.descriptor(b"elsewhere", NON_DISTRIBUTABLE, urls=["https://example.test/layer"])
    group.image("foreign", layers=[group.blob(b"here"), far])


def custom_fields(group: Group) -> None:
    custom: Json = {"org.example.custom": {"deep": [1, None, "é"]}}
    group.index("custom-index", group.image("custom-image", **custom), **custom)


def no_layers(group: Group) -> None:
    group.image("no-layers", layers=[])


GROUPS: Mapping[str, Callable[[Group], None]] = {
    "image": image,
    "image-uncompressed": image_uncompressed,
    "large-manifest": large_manifest,
    "index": index,
    "nested-index": nested_index,
    "empty-index": empty_index,
    "artifact": artifact,
    "artifact-index": artifact_index,
    "artifact-without-layers": artifact_without_layers,
    "artifacts-with-subject": artifacts_with_subject,
    "index-with-subject": index_with_subject,
    "missing-subject": missing_subject,
    "data-field": data_field,
    "non-distributable-layers": non_distributable_layers,
    "custom-fields": custom_fields,
    "no-layers": no_layers,
}


def build(name: str, algorithm: str) -> Group:
    """The group with that name."""
    group = Group(algorithm)
    GROUPS[name](group)
    return group
