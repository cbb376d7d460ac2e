"""What a registry has in an object store: looked at, damaged, lost, taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.peers.object_stores import Store


class Bucket:
    """What a registry has in its store."""

    def __init__(self, store: Store, url: str) -> None:
        """`url`: the registry's `--storage`."""
        self.store = store
        self.name = url.removeprefix("s3://").partition("/")[0]

    @property
    def keys(self) -> list[str]:
        return list(self.store.objects(self.name, "registry/blobs/"))

    def damage(self, content: bytes) -> None:
        (key,) = self.keys
        self.store.overwrite(self.name, key, content)

    def lose(self) -> None:
        (key,) = self.keys
        self.store.delete(self.name, key)

    @contextmanager
    def away(self, instead: Mapping[str, bytes] | None) -> Iterator[None]:
        """While there is no bucket, or one with other objects."""
        kept = {key: self.store.read(self.name, key) for key in self.store.objects(self.name)}
        self._empty()
        if instead is None:
            self.store.client.delete_bucket(Bucket=self.name)
        self._fill(instead or {})
        yield
        if instead is None:
            self.store.client.create_bucket(Bucket=self.name)
        self._empty()
        self._fill(kept)

    def _empty(self) -> None:
        for key in self.store.objects(self.name):
            self.store.delete(self.name, key)

    def _fill(self, objects: Mapping[str, bytes]) -> None:
        for key, content in objects.items():
            self.store.overwrite(self.name, key, content)
