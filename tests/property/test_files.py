"""Files that are looked up from the top layer on are those of a plain model, whatever the layers are."""

from __future__ import annotations

from hypothesis import given

from boxship.formats.memory import Memory
from boxship.image.bounds import Bounds
from boxship.image.difference import FileChange, difference
from boxship.image.history import history
from boxship.image.image import read_image
from boxship.image.layers import Layers
from boxship.image.opening import document_at, image_at
from boxship.image.stack import Stack
from boxship.image.tar_stream import Kind
from boxship.image.waste import stacked
from boxship.testing import Image
from tests.formats.stores import Entry, in_memory, layers_of, tar_of
from tests.property.test_flatten import ANY, Thing, seen, stacks
from tests.property.test_flatten import Stack as Drawn


def _said(stack: Stack, name: str) -> Thing | None:
    found = stack.find(name, follow=False)
    if not found:
        return None
    if found.entry.kind is Kind.SYMLINK:
        return Thing(target=found.entry.target)
    if found.entry.kind is Kind.FOLDER:
        return Thing()
    return Thing(content=b"".join(stack.content(found)))


def _modelled(thing: Thing | None) -> Thing | None:
    return thing and Thing(content=thing.content, target=thing.target)


@given(stacks())
def test_each_file_is_found_as_all_of_the_layers_show_it(drawn: Drawn) -> None:
    store = _in_memory(drawn.layers)
    descriptors = image_at(store, "1").layers
    for name in ANY:
        thing = drawn.tree.get(name)
        is_implied = not thing and any(other.startswith(f"{name}/") for other in drawn.tree)
        with Stack(Layers(store, descriptors, Bounds())) as stack:
            assert _said(stack, name) == (Thing() if is_implied else _modelled(thing)), name


@given(stacks())
def test_what_is_below_a_folder_is_all_that_is_there(drawn: Drawn) -> None:
    store = _in_memory(drawn.layers)
    leaves = {name for name, thing in drawn.tree.items() if not thing.is_folder}
    with Stack(layers_of(store)) as stack:
        for folder in ("", "d", "d/e", "f"):
            if folder in leaves:
                continue
            found = {name for name, one in stack.below(folder).items() if one.entry.kind is not Kind.FOLDER}
            assert found == {name for name in leaves if not folder or name.startswith(f"{folder}/")}


@given(stacks())
def test_what_is_of_use_is_what_is_to_be_seen(drawn: Drawn) -> None:
    store = _in_memory(drawn.layers)
    layers = layers_of(store)
    found = stacked(layers, history(store, document_at(store, "1")))
    leaves = [thing for thing in drawn.tree.values() if not thing.is_folder]
    assert sum(layer.files - layer.hidden for layer in found.layers) == len(leaves)
    assert len(found.layers) == len(drawn.layers)


@given(stacks(), stacks())
def test_what_differs_is_what_is_to_be_seen_in_one_alone_or_is_another(before: Drawn, after: Drawn) -> None:
    # The third has the first one's layers below its own, as an image that is built on it.
    stores = [_in_memory(layers) for layers in (before.layers, after.layers, before.layers + after.layers)]
    images = [(store, read_image(store, store.read(store.resolve("1")))) for store in stores]
    leaves = [_leaves(store) for store in stores]
    for one, other in ((0, 1), (0, 2), (2, 1), (0, 0)):
        found = difference(images[one], images[other], bounds=Bounds())
        assert {change.name for change in found.files if _is_leaf(change)} == {
            name
            for name in leaves[one].keys() | leaves[other].keys()
            if leaves[one].get(name) != leaves[other].get(name)
        }
        assert len({layer.digest for layer in found.read}) == len(found.read)


def _in_memory(layers: list[list[Entry]]) -> Memory:
    return in_memory(Image.of(tar_of(entries, packed=False) for entries in layers), "1")


def _is_leaf(change: FileChange) -> bool:
    return any(entry and entry.kind is not Kind.FOLDER for entry in (change.before, change.after))


def _leaves(store: Memory) -> dict[str, bytes | str]:
    """What unpacking the image gives: of files their bytes, of links their targets."""
    return {name: content for name, (content, _) in seen(store, "1").items()}
