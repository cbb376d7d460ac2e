"""What is in an artifact to be taken out of it, and what each of that is to be called."""

from __future__ import annotations

__all__ = ["Item", "items_of"]

from collections.abc import Iterable, Iterator

from boxship.artifact.given import TITLE
from boxship.artifact.packing import DIGEST, UNPACK
from boxship.errors import UnexpectedAnswer
from boxship.image.image import is_config
from boxship.media_type import OCI_EMPTY, bare
from boxship.spec.descriptor import Descriptor
from boxship.spec.manifest import Manifest
from boxship.value import dataclass

_LONGEST = 4096  # characters, as Linux's paths


@dataclass(frozen=True, slots=True)
class Item:
    """A file, or a folder in a tar: `tar` is the digest that this is said to have, '' where nobody says so."""

    layer: Descriptor
    title: str
    is_folder: bool = False
    tar: str = ""


def items_of(manifests: Iterable[Manifest], config_title: str = "") -> list[Item]:
    """What the manifests have, and the configuration of the first where that is to be called something.

    What has no title is called by its digest, as what cosign keeps; but for the layers of an image. `UnexpectedAnswer`
    for titles that lead anywhere, and for two that are the same.
    """
    found: dict[str, Item] = {}
    for number, manifest in enumerate(manifests):
        configs = [Item(manifest.config, _checked(config_title))] if config_title and not number else []
        for item in (*configs, *_items(manifest)):
            known = found.setdefault(item.title, item)
            if known != item:
                raise UnexpectedAnswer(f"the artifact has two files called {item.title}")
    return list(found.values())


def _items(manifest: Manifest) -> Iterator[Item]:
    of_image = is_config(manifest.config.media_type)
    for layer in manifest.layers:
        title = layer.annotations.get(TITLE, "")
        if title:
            said = layer.annotations
            yield Item(layer, _checked(title), said.get(UNPACK) == "true", said.get(DIGEST, ""))
        elif not of_image and bare(layer.media_type) != OCI_EMPTY:
            yield Item(layer, f"{layer.digest.algorithm}-{layer.digest.hex}")


def _checked(title: str) -> str:
    """The title, as a way from the folder on that nothing leads out of."""
    parts = [part for part in title.split("/") if part not in ("", ".")]
    wrong = title.startswith("/") or ".." in parts or not parts or len(title) > _LONGEST or not title.isprintable()
    if wrong:
        why, remedy = "it does not lead to a file in a folder", "boxship blob prints what it has"
        raise UnexpectedAnswer(f"the artifact has a file called {title[:100]!r}", why=why, remedy=remedy)
    return "/".join(parts)
