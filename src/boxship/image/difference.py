"""How two images differ: what they say of themselves, their layers, the files that they show, and their packages."""

from __future__ import annotations

__all__ = ["Difference", "FieldChange", "FileChange", "PackageChange", "difference"]

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack

from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.image.bounds import Bounds
from boxship.image.image import Image
from boxship.image.layers import Layers
from boxship.image.listing import Entry, Listing
from boxship.image.packages import Package, PackageFiles, in_order, packages_of
from boxship.image.stack import Seen, Stack
from boxship.image.tar_stream import Kind
from boxship.spec.descriptor import Descriptor
from boxship.spec.draft import Json
from boxship.spec.fields import parse_object
from boxship.store import Source
from boxship.value import dataclass

# What the layers and the steps are is compared by what they are.
_TOLD_ELSEWHERE = frozenset({"config", "layers"}), frozenset({"rootfs", "history"})
_PACKAGES = 256 * 1024 * 1024  # bytes of package managers' files, which are held in memory: 10,000 packages have less


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a manifest or a configuration, by its path; None where it is not there."""

    path: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is to be seen in both, or in one: `what` of it differs, where it is in both."""

    name: str
    before: Entry | None
    after: Entry | None
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that is installed in both, or in one."""

    before: Package | None
    after: Package | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How an image differs from another.

    Attributes:
        digests: of the manifests.
        fields: of manifest and configuration that differ, without what names layers.
        layers: of each image; the first `shared` are the same.
        files: those that differ, by name; in what is only another time they do not, unless that was asked for.
        packages: those that differ.
        sizes: bytes of the files that each image shows; 0 where no layer had to be read.
        read: the layers that were read.
    """

    digests: tuple[Digest, Digest]
    fields: tuple[FieldChange, ...]
    layers: tuple[tuple[Descriptor, ...], tuple[Descriptor, ...]]
    shared: int
    files: tuple[FileChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    sizes: tuple[int, int] = (0, 0)
    read: tuple[Descriptor, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.digests[0] != self.digests[1]

    def document(self) -> dict[str, object]:
        """All of it, as JSON has it."""
        before, after = self.layers
        return {
            "different": bool(self),
            "digests": list(map(str, self.digests)),
            "fields": [{"path": one.path, "before": one.before, "after": one.after} for one in self.fields],
            "layers": {
                "shared": self.shared,
                "before": list(map(_layer, before)),
                "after": list(map(_layer, after)),
            },
            "files": [_file(one) for one in self.files],
            "packages": [{"before": _package(one.before), "after": _package(one.after)} for one in self.packages],
            "sizes": list(self.sizes),
            "read": list(map(_layer, self.read)),
        }


def _layer(layer: Descriptor) -> dict[str, object]:
    return {"digest": str(layer.digest), "size": layer.size, "media_type": layer.media_type}


def _file(one: FileChange) -> dict[str, object]:
    before, after = (entry.document() if entry else None for entry in (one.before, one.after))
    return {"path": f"/{one.name}", "before": before, "after": after, "what": list(one.what)}


def _package(one: Package | None) -> dict[str, str] | None:
    if one is None:
        return None
    return {"manager": one.manager, "name": one.name, "architecture": one.architecture, "version": one.version}


def difference(
    before: tuple[Source, Image], after: tuple[Source, Image], *, bounds: Bounds, times: bool = False
) -> Difference:
    """How `after` differs from `before`. Each layer is read once; where both have the same ones, none is."""
    images = before[1], after[1]
    lists = before[1].manifest.layers, after[1].manifest.layers
    fields = tuple(_fields(*images))
    digests = before[1].document.digest, after[1].document.digest
    same = _shared(*lists)
    if len(lists[0]) == len(lists[1]) == same:
        return Difference(digests=digests, fields=fields, layers=lists, shared=same)
    known: dict[Digest, Listing] = {}
    with ExitStack() as opened:
        stacks = tuple(
            opened.enter_context(Stack(Layers(source, layers, bounds), hashed=True, always=PackageFiles(), known=known))
            for (source, _), layers in zip((before, after), lists, strict=True)
        )
        shown = stacks[0].below(""), stacks[1].below("")
        files = tuple(_files((stacks[0], shown[0]), (stacks[1], shown[1]), times=times))
        packages = tuple(_packages(*(_installed(*pair) for pair in zip(stacks, shown, strict=True))))
        read = tuple(layers[number] for stack, layers in zip(stacks, lists, strict=True) for number in stack.read)
    return Difference(
        digests=digests,
        fields=fields,
        layers=lists,
        shared=same,
        files=files,
        packages=packages,
        sizes=(_size(shown[0]), _size(shown[1])),
        read=read,
    )


def _shared(before: tuple[Descriptor, ...], after: tuple[Descriptor, ...]) -> int:
    """How many of the lowest layers are the same."""
    count = 0
    while count < min(len(before), len(after)) and before[count].digest == after[count].digest:
        count += 1
    return count


# What they say of themselves.


def _fields(before: Image, after: Image) -> Iterator[FieldChange]:
    documents = (before.document.raw, after.document.raw), (before.config, after.config)
    for name, (one, other), left_out in zip(("manifest", "config"), documents, _TOLD_ELSEWHERE, strict=True):
        values = [
            {key: value for key, value in parse_object(raw).values.items() if key not in left_out}
            for raw in (one, other)
        ]
        yield from _changes(name, *values)


def _changes(path: str, before: Json, after: Json) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _changes(f"{path}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield FieldChange(path, before, after)


# Files.

_Shown = tuple[Stack, dict[str, Seen]]


def _files(before: _Shown, after: _Shown, *, times: bool) -> Iterator[FileChange]:
    for name in sorted(before[1].keys() | after[1].keys()):
        old, new = before[1].get(name), after[1].get(name)
        if not old or not new:
            yield FileChange(name, old.entry if old else None, new.entry if new else None)
        elif old.entry is not new.entry or old.entry.kind is Kind.LINK:
            one, other = before[0].linked(old).entry, after[0].linked(new).entry
            if what := tuple(_what(one, other, times=times)):
                yield FileChange(name, one, other, what)


def _what(before: Entry, after: Entry, *, times: bool) -> Iterator[str]:
    if before.kind is not after.kind:
        yield "kind"
    if (before.digest, before.size) != (after.digest, after.size):
        yield "content"
    if before.target != after.target:
        yield "target"
    if before.mode != after.mode:
        yield "mode"
    if before.owner != after.owner:
        yield "owner"
    if before.attributes != after.attributes:
        yield "attributes"
    if before.device != after.device:
        yield "device"
    if times and before.modified != after.modified:
        yield "modified"


def _size(shown: Mapping[str, Seen]) -> int:
    return sum(seen.entry.size for seen in shown.values())


# Packages.


def _installed(stack: Stack, shown: Mapping[str, Seen]) -> tuple[Package, ...]:
    written = PackageFiles()
    files = {
        name: stack.linked(seen)
        for name, seen in shown.items()
        if name in written and seen.entry.kind in (Kind.FILE, Kind.LINK)
    }
    size = sum(seen.entry.size for seen in files.values())
    if size > _PACKAGES:
        why = f"they have {size} bytes together, more than {_PACKAGES}"
        raise UnexpectedAnswer(f"the image's {', '.join([*files][:3])} are not read", why=why)
    return packages_of((name, b"".join(stack.content(seen))) for name, seen in files.items())


def _packages(before: Iterable[Package], after: Iterable[Package]) -> Iterator[PackageChange]:
    """Those that differ; what has several versions at once, as kernels have, is compared version by version."""
    old, new = set(before), set(after)
    gone, come = _by_name(old - new), _by_name(new - old)
    for key in sorted(gone.keys() | come.keys()):
        one, other = gone.get(key, []), come.get(key, [])
        if len(one) == len(other) == 1:
            yield PackageChange(one[0], other[0])
        else:
            yield from (PackageChange(package, None) for package in one)
            yield from (PackageChange(None, package) for package in other)


def _by_name(packages: Iterable[Package]) -> dict[tuple[str, str, str], list[Package]]:
    found: dict[tuple[str, str, str], list[Package]] = {}
    for package in sorted(packages, key=in_order):
        found.setdefault((package.manager, package.name, package.architecture), []).append(package)
    return found
