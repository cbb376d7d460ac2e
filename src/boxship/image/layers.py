"""The layers of an image, opened one after the other as plain tars; the next one is on its way before it is wanted."""

from __future__ import annotations

__all__ = ["Layers"]

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from boxship.errors import UnexpectedAnswer
from boxship.image.ahead import Ahead
from boxship.image.bounds import Bounds, Count
from boxship.image.compression import plain
from boxship.image.tar_stream import TarStream
from boxship.registry.uploads import BlobSource
from boxship.spec.descriptor import Descriptor

_AHEAD = 12  # pieces of 1 MiB: of this layer, and of the next


class Layers:
    """Layers of a source, bounded as a whole."""

    def __init__(self, source: BlobSource, layers: Sequence[Descriptor], bounds: Bounds) -> None:
        self._source, self.descriptors = source, layers
        self.count = Count(bounds)

    def each(self, *, top_first: bool = False) -> Iterator[tuple[int, TarStream]]:
        """The number and the tar of each layer, verified when it is drained; one is over when the next is asked for."""
        numbers = sorted(range(len(self.descriptors)), reverse=top_first)
        for layer in self.descriptors:
            _refuse_foreign(layer)
        with ExitStack() as stack:
            ahead = [self._ahead(numbers[0])] if numbers else []
            for position, number in enumerate(numbers):
                now = stack.enter_context(ahead.pop())
                if position + 1 < len(numbers):
                    ahead.append(stack.enter_context(self._ahead(numbers[position + 1])))
                yield number, self._tar(number, iter(now))

    @contextmanager
    def one(self, number: int) -> Iterator[TarStream]:
        """The tar of that layer alone, which may have been read before; verified when it is drained."""
        _refuse_foreign(self.descriptors[number])
        with self._source.open_blob(self.descriptors[number]) as pieces:
            yield self._tar(number, pieces)

    def bytes_of(self, number: int) -> Iterator[memoryview | bytes]:
        """A layer that is no tar, plain."""
        layer = self.descriptors[number]
        with self._source.open_blob(layer) as pieces:
            yield from self.count.plain(plain(self.count.packed(pieces), called(layer)), called(layer))

    def _ahead(self, number: int) -> Ahead:
        return Ahead(lambda: self._source.open_blob(self.descriptors[number]), _AHEAD)

    def _tar(self, number: int, pieces: Iterator[memoryview]) -> TarStream:
        what = called(self.descriptors[number])
        return TarStream(self.count.plain(plain(self.count.packed(pieces), what), what), what)


def _refuse_foreign(layer: Descriptor) -> None:
    if layer.is_elsewhere:
        why = "it may not be distributed, and is where its urls say"
        raise UnexpectedAnswer(f"{called(layer)} is not there", why=why)


def called(layer: Descriptor) -> str:
    """What messages call the layer."""
    return f"the layer {layer.digest}"
