"""Layers on images: made once, whatever number of images gets them."""

from __future__ import annotations

__all__ = ["append", "append_to_nothing", "edit_file", "mutate"]

from collections.abc import Callable, Mapping, Sequence

from boxship.copy import Copied
from boxship.formats.ends import Where
from boxship.image.changes import Changes, changed
from boxship.image.convert import Conversion, convert, convert_index
from boxship.image.edited import Edit as Edited
from boxship.image.edited import with_file
from boxship.image.image import Image, Layer, empty_image
from boxship.image.tree import Edit
from boxship.image.workshop import Workshop
from boxship.registry.operations import Operations
from boxship.spec.draft import Draft, Json
from boxship.verbs.bases import annotated
from boxship.verbs.copying import Chosen
from boxship.verbs.editing import Making, edit_image, make_image
from boxship.verbs.moment import moment, written_moment


def append_to_nothing(operations: Operations, paths: Sequence[str], target: Where, *, oci: bool, jobs: int) -> Copied:
    """Put an image of these layers alone to the target."""
    return make_image(operations, target, lambda making: _on(making.shop, paths)(empty_image(oci=oci)), jobs=jobs)


def append(
    operations: Operations,
    paths: Sequence[str],
    base: Where,
    target: Where,
    *,
    annotate: bool,
    platforms: Chosen,
    jobs: int,
) -> Copied:
    """Put these layers on the base."""

    def make(making: Making) -> Edit:
        put = _on(making.shop, paths)
        if not annotate:
            return put
        return lambda image: annotated(put(image), base, image.document.descriptor)

    return edit_image(operations, base, target, make, platforms=platforms, jobs=jobs)


def mutate(
    operations: Operations,
    source: Where,
    target: Where | None,
    *,
    changes: Changes,
    paths: Sequence[str],
    conversion: Conversion,
    platforms: Chosen,
    jobs: int,
) -> Copied:
    """Change the image, after it has been converted and these layers have been put on it."""

    def make(making: Making) -> Edit:
        put = _on(making.shop, paths)
        return lambda image: changed(put(convert(making.source, image, making.shop, conversion)), changes)

    def above(index: Draft) -> None:
        convert_index(index, conversion)

    return edit_image(operations, source, target, make, platforms=platforms, jobs=jobs, above=above)


def edit_file(
    operations: Operations,
    source: Where,
    target: Where | None,
    *,
    path: str,
    edit: Edited,
    platforms: Chosen,
    jobs: int,
) -> Copied:
    """Put what `edit` makes of the file on the image."""
    at = moment()
    history = _step(f"boxship edit fs -f {path}", at)

    def make(making: Making) -> Edit:
        return lambda image: with_file(making.source, image, making.shop, path, edit, modified=at, said=history)

    return edit_image(operations, source, target, make, platforms=platforms, jobs=jobs)


def _on(shop: Workshop, paths: Sequence[str]) -> Callable[[Image], Image]:
    """What puts the layers of these paths on an image; each is made once for each kind of image."""
    made: dict[tuple[str, bool, bool], Layer] = {}
    at = moment()

    def begin(path: str, *, oci: bool, windows: bool) -> Callable[[], Layer]:
        history = _step(f"boxship append {path}", at)
        return shop.begin(path, oci=oci, windows=windows, history=history, modified=at or 0)

    def put(image: Image) -> Image:
        oci, windows = image.is_oci, image.described.platform.os == "windows"
        keys = [(path, oci, windows) for path in paths]
        new = [key for key in dict.fromkeys(keys) if key not in made]
        begun = [begin(path, oci=oci, windows=windows) for path, _, _ in new]
        made.update(zip(new, [layer() for layer in begun], strict=True))
        return image.append([made[key] for key in keys]) if keys else image

    return put


def _step(words: str, at: int | None) -> Mapping[str, Json]:
    """What the history says of a layer that is made now."""
    said: dict[str, Json] = {"created_by": words}
    return said if at is None else {"created": written_moment(at), **said}
