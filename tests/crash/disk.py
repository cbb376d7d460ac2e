"""A disk that forgets what was not made durable, and keeps the rest in no order.

fsync(2) of a file makes its bytes durable and not its name; of a folder, its names and nothing else. Whatever was
not asked for may be there after a loss of power or not, each write and each name by itself: that is less than any file
system promises (a rename may even keep neither name). SQLite's database and log are files as all others are; its -shm
file, which is memory that processes share, is gone.
"""

from __future__ import annotations

__all__ = ["KEEPERS", "Disk", "Keeper", "write"]

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.tracing import Call

# Of changes that were not made durable, in their order: which are there all the same.
Keeper = Callable[[Random], bool]


@dataclass(slots=True, eq=False)
class _File:
    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)  # None cuts the file off there

    def after(self, keep: Callable[[], bool]) -> bytes:
        content = bytearray(self.durable)
        for at, written in self.pending:
            if keep():
                _apply(content, at, written)
        return bytes(content)

    def sync(self) -> None:
        self.durable = self.after(lambda: True)
        self.pending.clear()


@dataclass(slots=True, eq=False)
class _Folder:
    durable: dict[str, _File | _Folder] = field(default_factory=dict)
    pending: list[tuple[str, _File | _Folder | None]] = field(default_factory=list)  # None takes the name away

    def after(self, keep: Callable[[], bool]) -> dict[str, _File | _Folder]:
        names = dict(self.durable)
        for name, node in self.pending:
            if keep():
                _name(names, name, node)
        return names

    def sync(self) -> None:
        self.durable = self.after(lambda: True)
        self.pending.clear()


KEEPERS: Mapping[str, tuple[Keeper, Keeper]] = {  # of bytes, and of names
    "nothing": (lambda _: False, lambda _: False),
    "only names": (lambda _: False, lambda _: True),
    "only bytes": (lambda _: True, lambda _: False),
    "some of both": (lambda random: random.random() < 0.5, lambda random: random.random() < 0.5),
}


class Disk:
    """What programs see while the power is on: each path that is there, and what becomes of it."""

    def __init__(self, before: Path) -> None:
        """A disk that has all of `before`."""
        self.root = _Folder()
        self._live: dict[str, _File | _Folder] = {".": self.root}
        for path in sorted(before.rglob("*")):
            self._put(str(path.relative_to(before)), _Folder() if path.is_dir() else _File(path.read_bytes()))
        for node in self._live.values():
            node.sync()

    def after_power_loss(self, keepers: tuple[Keeper, Keeper], seed: str) -> dict[str, bytes | None]:
        """What is at which path then; None: a folder."""
        random = Random(seed)
        bytes_kept, names_kept = (_bound(keeper, random) for keeper in keepers)
        return dict(_nodes(self.root, "", bytes_kept, names_kept))

    def do(self, call: Call) -> None:
        act = _ACTS.get(call.name)
        # An unknown call must not be left out unnoticed.
        assert act, call
        act(self, call)

    def open(self, call: Call) -> None:
        (path,) = call.paths
        if "O_CREAT" in call.flags and path not in self._live:
            self._put(path, _File())
        elif "O_TRUNC" in call.flags:
            self._file(path).pending.append((0, None))

    def write(self, call: Call) -> None:
        (path,) = call.paths
        # write(2) is only used for files that are written at once.
        self._file(path).pending.append((call.numbers[0] if call.name == "pwrite64" else 0, call.content))

    def cut(self, call: Call) -> None:
        self._file(call.paths[0]).pending.append((call.numbers[0], None))

    def rename(self, call: Call) -> None:
        source, target = call.paths
        self._put(target, self._live.pop(source))
        self._take_name(source)
        for path in [path for path in self._live if path.startswith(f"{source}/")]:
            self._live[target + path.removeprefix(source)] = self._live.pop(path)

    def link(self, call: Call) -> None:
        source, target = call.paths
        self._put(target, self._live[source])

    def unlink(self, call: Call) -> None:
        del self._live[call.paths[0]]
        self._take_name(call.paths[0])

    def make_folder(self, call: Call) -> None:
        self._put(call.paths[0], _Folder())

    def sync(self, call: Call) -> None:
        self._live[call.paths[0]].sync()

    def _file(self, path: str) -> _File:
        node = self._live[path]
        assert isinstance(node, _File), path
        return node

    def _put(self, path: str, node: _File | _Folder) -> None:
        self._live[path] = node
        folder, name = self._split(path)
        folder.pending.append((name, node))

    def _take_name(self, path: str) -> None:
        folder, name = self._split(path)
        folder.pending.append((name, None))

    def _split(self, path: str) -> tuple[_Folder, str]:
        parent, _, name = path.rpartition("/")
        folder = self._live[parent or "."]
        assert isinstance(folder, _Folder), path
        return folder, name


_ACTS: Mapping[str, Callable[[Disk, Call], None]] = {
    "openat": Disk.open,
    "write": Disk.write,
    "pwrite64": Disk.write,
    "ftruncate": Disk.cut,
    "rename": Disk.rename,
    "link": Disk.link,
    "linkat": Disk.link,
    "unlink": Disk.unlink,
    "mkdir": Disk.make_folder,
    "fsync": Disk.sync,
    "fdatasync": Disk.sync,
    "fchmod": lambda disk, call: None,  # whether a file may be written to again decides nothing
    "writev": lambda disk, call: None,  # to the terminal
}


def write(left: Mapping[str, bytes | None], folder: Path) -> None:
    """Fill `folder` with what is left."""
    for path, content in left.items():
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def _bound(keeper: Keeper, random: Random) -> Callable[[], bool]:
    return lambda: keeper(random)


def _nodes(
    folder: _Folder, path: str, bytes_kept: Callable[[], bool], names_kept: Callable[[], bool]
) -> Iterator[tuple[str, bytes | None]]:
    for name, child in folder.after(names_kept).items():
        if isinstance(child, _Folder):
            yield f"{path}{name}", None
            yield from _nodes(child, f"{path}{name}/", bytes_kept, names_kept)
        elif not name.endswith("-shm"):
            yield f"{path}{name}", child.after(bytes_kept)


def _apply(content: bytearray, at: int, written: bytes | None) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if written is None:
        del content[at:]
    else:
        content[at : at + len(written)] = written


def _name(names: dict[str, _File | _Folder], name: str, node: _File | _Folder | None) -> None:
    if node:
        names[name] = node
    else:
        names.pop(name, None)
