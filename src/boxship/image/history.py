"""How an image was made, step by step, as its configuration says, each step with the layer that it made."""

from __future__ import annotations

__all__ = ["History", "Step", "history"]

from collections.abc import Iterator

from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.image import read_image
from boxship.registry.manifests import Document
from boxship.spec.descriptor import Descriptor
from boxship.spec.fields import Fields, Malformed, parse_object
from boxship.store import Source
from boxship.value import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the history, with its layer; a layer that the history does not know has no words.

    Attributes:
        empty: whether it made no layer, as the history says.
        layer: None for an empty one, and for one that is said to have made a layer, and of which there is none.
        diff_id: the digest of the layer when it is unpacked.
    """

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty: bool = False
    layer: Descriptor | None = None
    diff_id: str = ""

    def document(self) -> dict[str, object]:
        """The step, as JSON has it."""
        layer = self.layer
        return {
            "created": self.created,
            "created_by": self.created_by,
            "author": self.author,
            "comment": self.comment,
            "empty_layer": self.empty,
            "digest": str(layer.digest) if layer else None,
            "size": layer.size if layer else 0,
            "media_type": layer.media_type if layer else None,
            "diff_id": self.diff_id or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The steps, the first one first.

    Attributes:
        digest: of the manifest.
        uneven: whether the history tells of another number of layers than there is, so that which is whose is a guess.
    """

    digest: Digest
    steps: tuple[Step, ...]
    uneven: bool

    def document(self) -> dict[str, object]:
        """All of it, as JSON has it."""
        steps = [step.document() for step in self.steps]
        return {"digest": str(self.digest), "uneven": self.uneven, "steps": steps}


def history(source: Source, document: Document) -> History:
    """The history of that image."""
    image = read_image(source, document)
    layers, diff_ids = image.manifest.layers, image.described.diff_ids
    try:
        told = list(map(_told, parse_object(image.config).objects("history")))
    except Malformed as error:
        raise UnexpectedAnswer(f"the configuration of {document.digest} is malformed", why=str(error)) from error
    uneven = bool(told) and sum(not step.empty for step in told) != len(layers)
    known = diff_ids if len(diff_ids) == len(layers) else ("",) * len(layers)
    made = tuple(zip(layers, known, strict=True))
    return History(digest=document.digest, steps=tuple(_with_layers(told, made)), uneven=uneven)


def _told(fields: Fields) -> Step:
    return Step(
        created=fields.text("created"),
        created_by=fields.text("created_by"),
        author=fields.text("author"),
        comment=fields.text("comment"),
        empty=fields.flag("empty_layer"),
    )


def _with_layers(told: list[Step], made: tuple[tuple[Descriptor, str], ...]) -> Iterator[Step]:
    left = iter(made)
    for step in told:
        layer, diff_id = (None, "") if step.empty else next(left, (None, ""))
        yield replace(step, layer=layer, diff_id=diff_id)
    for layer, diff_id in left:
        yield Step(layer=layer, diff_id=diff_id)
