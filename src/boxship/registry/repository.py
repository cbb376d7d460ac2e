"""A repository as a place that images come from and go to."""

from __future__ import annotations

__all__ = ["Repository"]

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from boxship.connect.holding import held
from boxship.digest import Digest
from boxship.errors import UnexpectedAnswer
from boxship.reference import Reference
from boxship.registry.again import unbroken
from boxship.registry.blobs import open_blob, see_blob
from boxship.registry.head_start import Growing, HeadStart
from boxship.registry.known import known_of
from boxship.registry.manifests import Document, read_manifest
from boxship.registry.publish import has_manifest, send_manifest, send_tagged
from boxship.registry.referrers import list_referrer, referrers
from boxship.registry.remote import Remote
from boxship.registry.upload_session import UploadSession
from boxship.registry.uploads import BlobSource, How, push_blob
from boxship.registry.watched import Passing
from boxship.spec.descriptor import Descriptor
from boxship.wire.message import Head


class Repository:
    """A repository of a registry, for one operation: a `Source` and a `Target` (`store`)."""

    def __init__(self, remote: Remote, reference: Reference) -> None:
        """`reference`: any of the repository's."""
        self._remote = remote
        self.repository, self._registry = reference.repository, reference.registry
        self._lock = threading.Lock()
        self._documents: dict[Digest, Document] = {}
        self._arriving: dict[Digest, threading.Lock] = {}
        self._brought: set[Digest] = set()
        self._begun: dict[Digest, UploadSession] = {}
        self._listing = threading.Lock()
        self._listed: set[Digest] = set()

    def __str__(self) -> str:
        return f"{self._registry}/{self.repository}"

    def resolve(self, name: str) -> Descriptor:
        """What a tag or a digest stands for; it is read for that."""
        document = self._read(name)
        with self._lock:
            self._documents[document.digest] = document
        return document.descriptor

    def read(self, descriptor: Descriptor) -> Document:
        """The manifest or index, verified."""
        return self._documents.get(descriptor.digest) or self._read(str(descriptor.digest))

    def _read(self, name: str) -> Document:
        return unbroken(self._remote.work, lambda: read_manifest(self._remote, self._named(name)))

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """What refers to the subject."""
        return unbroken(self._remote.work, lambda: referrers(self._remote, self.repository, subject))

    @contextmanager
    def open_blob(self, blob: Descriptor, at: int = 0) -> Iterator[Iterator[memoryview]]:
        """The blob's bytes from byte `at` on; verified where that is its beginning."""
        with ExitStack() as stack:
            opening = partial(open_blob, self._remote, self.repository, blob.digest, size=blob.size, at=at)
            yield iter(unbroken(self._remote.work, lambda: stack.enter_context(opening())))

    def see(self, blob: Descriptor) -> None:
        """See that the blob is there, as long as it is said to be; its bytes are not read."""
        see_blob(self._remote, self.repository, blob)

    def has(self, manifest: Descriptor) -> bool:
        """Whether the manifest or index is there: a registry takes none without what it refers to."""
        return unbroken(self._remote.work, lambda: has_manifest(self._remote, self.repository, manifest.digest))

    def take_blob(self, blob: Descriptor, source: BlobSource) -> How:
        """Bring the blob there, once: mounted where another repository of the registry is known to have it."""
        known = known_of(self._remote)
        with self._alone(blob.digest):
            if blob.digest in self._brought:
                return How.PRESENT
            home = known.home(blob.digest)
            mount = self._near(blob, source) or (home if home != self.repository else "")
            begun = self._begun.pop(blob.digest, None)
            how = push_blob(self._remote, self.repository, blob, source, mount=mount, begun=begun)
            known.brought(blob.digest, self.repository)
            self._brought.add(blob.digest)
        return how

    @contextmanager
    def send_while_made(self, content: Growing) -> Iterator[Callable[[Digest], None]]:
        """Send a blob that is being made until the context is left; `take_blob` sends the rest.

        What is yielded is told which blob it is, when that is known and whole.
        """
        with HeadStart(self._remote, self.repository, content) as start:

            def known(digest: Digest) -> None:
                session = start.stop()
                if session:
                    self._begun[digest] = session

            yield known

    def learn(self, homes: Mapping[Digest, str]) -> None:
        """Others have brought blobs to these repositories of the registry: what is in this one is not asked for."""
        known = known_of(self._remote)
        for blob, home in homes.items():
            known.brought(blob, home)
        self._brought.update(blob for blob, home in homes.items() if home == self.repository)

    def _near(self, blob: Descriptor, source: BlobSource) -> str:
        """The repository that has it at the source, where that is one of the same registry; else ''."""
        kind = source
        while isinstance(kind, Passing):
            kind = kind.behind(blob)
        near = isinstance(kind, Repository) and kind._remote.site == self._remote.site
        return kind.repository if isinstance(kind, Repository) and near else ""

    @contextmanager
    def _alone(self, digest: Digest) -> Iterator[None]:
        """Whoever brings the same blob at the same time waits, and finds it there."""
        with self._lock:
            lock = self._arriving.setdefault(digest, threading.Lock())
        with held(lock, self._remote.work.check):
            yield

    def put(self, document: Document) -> None:
        """Put the manifest or index there, under its digest."""
        self._put(document, str(document.digest))

    def name(self, document: Document, names: tuple[str, ...]) -> None:
        """Put it there under each of the names, at once where the registry knows how; without any, under its digest."""
        left = self._put_together(document, names) if len(names) > 1 else names or (str(document.digest),)
        for name in left:
            self._put(document, name)

    def _put_together(self, document: Document, names: tuple[str, ...]) -> tuple[str, ...]:
        """Put it there under these names at once, as far as the registry knows how; the others."""
        try:
            taken, head = send_tagged(self._remote, self.repository, document.raw, document.media_type, names)
        except UnexpectedAnswer:  # one that knows no such thing may say so in any way
            return names
        self._listed_by(head, document)
        return tuple(name for name in names if name not in taken)

    def _put(self, document: Document, name: str) -> None:
        _, answered = send_manifest(self._remote, self.repository, document.raw, document.media_type, name)
        self._listed_by(answered, document)

    def _listed_by(self, answered: Head, document: Document) -> None:
        if not answered.get("oci-subject"):
            self._list(document)

    def _list(self, document: Document) -> None:
        """Have it listed as what refers to its subject, where the registry has not said that it does so itself."""
        with held(self._listing, self._remote.work.check):  # each list is read, added to and written: one at a time
            if document.digest not in self._listed:
                list_referrer(self._remote, self.repository, document)
                self._listed.add(document.digest)

    def _named(self, name: str) -> Reference:
        if ":" in name:
            return Reference(self._registry, self.repository, None, Digest.parse(name))
        return Reference(self._registry, self.repository, name)
