"""Files of an image, without the whole of it: only layers are read that have a say in what is asked."""

from __future__ import annotations

__all__ = ["Files", "get_files", "list_files", "read_files", "tree_of"]

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from boxship.errors import InvalidInput, NotFound
from boxship.formats.ends import Where, source_end
from boxship.formats.stored import write_all
from boxship.formats.written import new_file
from boxship.image.bounds import Bounds
from boxship.image.flattened import Output
from boxship.image.history import history
from boxship.image.layers import Layers
from boxship.image.opening import document_at, image_at
from boxship.image.stack import Seen, Stack
from boxship.image.tar_stream import Kind
from boxship.image.waste import Stacked, stacked
from boxship.platform import Platform
from boxship.registry.operations import Operations
from boxship.spec.descriptor import Descriptor
from boxship.store import Source
from boxship.value import dataclass
from boxship.verbs.filesystem import opened, unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files of an image, and what it took to see them.

    Attributes:
        found: in the order of their names, or in that in which they were asked for.
        layers: how many layers the image has; `read` are those that were read, the lowest first.
        left_out: devices that were not made.
    """

    found: tuple[Seen, ...]
    layers: int
    read: tuple[Descriptor, ...]
    left_out: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """All of it, as JSON has it."""
        return {
            "files": [{"path": f"/{one.name}", **one.entry.document(), "layer": one.layer} for one in self.found],
            "layers": self.layers,
            "read": [{"digest": str(layer.digest), "size": layer.size} for layer in self.read],
        }


def list_files(
    operations: Operations,
    source: Where,
    path: str,
    *,
    recursive: bool,
    platform: Platform | None,
    bounds: Bounds | None,
) -> Files:
    """What is in a folder, or a file; `NotFound` for nothing."""
    with _stack(operations, source, platform, bounds) as (stack, layers):
        seen = _found(stack, path, source)
        if seen.entry.kind is not Kind.FOLDER:
            return _files((seen,), stack, layers)
        below = stack.below(seen.name)
        found = below.values() if recursive else _children(seen.name, below)
        return _files(sorted(found, key=lambda one: one.name), stack, layers)


def read_files(
    operations: Operations,
    source: Where,
    paths: Sequence[str],
    target: str | os.PathLike[str] | Output,
    *,
    platform: Platform | None,
    bounds: Bounds | None,
) -> Files:
    """Write files one after the other; nothing of one before all of it is verified."""
    with _stack(operations, source, platform, bounds) as (stack, layers):
        stack.want(paths)
        found = [_found(stack, path, source) for path in paths]
        with opened(target) as write:
            for seen in found:
                for piece in stack.content(seen):
                    write(piece)
        return _files(found, stack, layers)


def get_files(
    operations: Operations, source: Where, path: str, target: Path, *, platform: Platform | None, bounds: Bounds | None
) -> Files:
    """Write a file or a folder to where nothing is yet."""
    with _image(operations, source, platform) as (store, layers):
        with Stack(Layers(store, layers, bounds or Bounds())) as stack:
            seen = _found(stack, path, source)
            if seen.entry.kind is not Kind.FOLDER:
                _get(stack, seen, target)
                return _files((seen,), stack, layers)
        made = unpacked(lambda: Layers(store, layers, bounds or Bounds()), target, only=seen.name)
        return Files(found=(seen,), layers=len(layers), read=tuple(layers), left_out=tuple(made.left_out))


def _get(stack: Stack, seen: Seen, target: Path) -> None:
    if os.path.lexists(target):  # also a link that leads nowhere
        raise InvalidInput(f"{target} is not written", why="it is there already", remedy="name another file")
    pieces = stack.content(seen)
    with new_file(target, mode=stack.linked(seen).entry.mode & 0o777) as file:
        for piece in pieces:
            write_all(file, memoryview(piece))


def tree_of(operations: Operations, source: Where, *, platform: Platform | None, bounds: Bounds | None) -> Stacked:
    """What each layer adds, and has in vain."""
    with operations.work(), source_end(operations, source) as end:
        told = history(end.store, document_at(end.store, end.name, platform))
        layers = [step.layer for step in told.steps if step.layer]
        return stacked(Layers(end.store, layers, bounds or Bounds()), told)


@contextmanager
def _image(
    operations: Operations, source: Where, platform: Platform | None
) -> Iterator[tuple[Source, Sequence[Descriptor]]]:
    with operations.work(), source_end(operations, source) as end:
        yield end.store, image_at(end.store, end.name, platform).layers


@contextmanager
def _stack(
    operations: Operations, source: Where, platform: Platform | None, bounds: Bounds | None
) -> Iterator[tuple[Stack, Sequence[Descriptor]]]:
    with (
        _image(operations, source, platform) as (store, layers),
        Stack(Layers(store, layers, bounds or Bounds())) as stack,
    ):
        yield stack, layers


def _found(stack: Stack, path: str, source: Where) -> Seen:
    seen = stack.find(path)
    if not seen:
        raise NotFound(f"{path!r} in {source}", why="no layer of the image shows anything there")
    return seen


def _children(folder: str, below: dict[str, Seen]) -> Iterator[Seen]:
    """What is directly in the folder; also folders that no layer has an entry for."""
    prefix, layers = f"{folder}/" if folder else "", dict[str, int]()
    for name, seen in below.items():
        child = prefix + name.removeprefix(prefix).partition("/")[0]
        layers[child] = max(seen.layer, layers.get(child, 0))
    for child, layer in layers.items():
        yield below.get(child) or Seen.folder(child, layer)


def _files(found: Sequence[Seen], stack: Stack, layers: Sequence[Descriptor]) -> Files:
    return Files(found=tuple(found), layers=len(layers), read=tuple(layers[number] for number in stack.read))
