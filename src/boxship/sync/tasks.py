"""What a mirror is made by: tasks that any process may run, with a client of its own and no credential in them."""

from __future__ import annotations

__all__ = ["Bringing", "Naming", "Read", "Reading", "Seeing", "Task", "Untagging"]

from collections.abc import Mapping
from typing import Protocol, TypeVar

from boxship.connect.deadline import Work
from boxship.copy import Copied, Options
from boxship.digest import Digest
from boxship.errors import NotFound, RegistryError, UnexpectedAnswer
from boxship.formats.ends import SourceEnd, source_end, target_end
from boxship.graph import blobs_of, read_graph, with_children
from boxship.reference import Reference
from boxship.registry.manifests import Document
from boxship.registry.repository import Repository
from boxship.registry.uploads import How
from boxship.registry.watched import Watched
from boxship.spec.descriptor import Descriptor
from boxship.sync.clients import Clients
from boxship.sync.plan import Step
from boxship.sync.prepared import Prepared
from boxship.value import dataclass, field
from boxship.verbs.copying import copying

Result_co = TypeVar("Result_co", covariant=True)
_NOT_THERE = frozenset({400, 404})  # to a manifest whose blobs are not all there
_JOBS = 4


class Task(Protocol[Result_co]):
    """Something that is done once; where a process is lost that did it, another does it again."""

    def run(self, clients: Clients) -> Result_co:
        """Do it; `BoxshipError`."""


@dataclass(frozen=True, slots=True)
class Read:
    """An image's manifests and indexes, as far as they are wanted, and its blobs, the largest first."""

    documents: tuple[Document, ...]
    blobs: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads an image's manifests at the source, once that has enough requests left."""

    step: Step

    def run(self, clients: Clients) -> Read:
        """Read them."""
        source, digest = self.step.source, self.step.digest
        assert source
        assert digest
        operations = clients.operations(source.registry)
        with operations.work() as work, operations.at(source.registry) as remote:
            self._wait(work, clients)
            there = Repository(remote, source)
            nodes = list(with_children(read_graph(there, there.resolve(str(digest)), self.step.platforms)))
        blobs = (Descriptor(media_type=blob.media_type, digest=blob.digest, size=blob.size) for blob in blobs_of(nodes))
        return Read(tuple(node.document for node in nodes), tuple(blobs))

    def _wait(self, work: Work, clients: Clients) -> None:
        waiting, source = self.step.waiting, self.step.source
        assert source
        while waiting and (limits := clients.at(source.registry).limits(source.registry)):
            if limits.left >= waiting.least:
                return
            text = f"{source.registry} has {limits.left} requests left, fewer than {waiting.least}"
            work.trace.say("Paced", text, facts={"host": source.registry.host, "seconds": waiting.seconds})
            work.sleep(waiting.seconds)


@dataclass(frozen=True, slots=True)
class Bringing:
    """Brings a blob from one repository to another."""

    blob: Descriptor
    source: Reference
    target: Reference

    def run(self, clients: Clients) -> How:
        """Bring it; what is there is not sent."""
        operations = clients.operations(self.source.registry)
        with (
            operations.work() as work,
            source_end(operations, self.source) as there,
            target_end(clients.operations(self.target.registry), self.target) as here,
            Watched(there.store, work.trace) as watched,
        ):
            return here.store.take_blob(self.blob, watched)


@dataclass(frozen=True, slots=True)
class Seeing:
    """Looks whether a blob is there that another process brings."""

    blob: Descriptor
    target: Reference

    def run(self, clients: Clients) -> bool:
        """Whether it is."""
        with clients.operations(self.target.registry).at(self.target.registry) as remote:
            try:
                Repository(remote, self.target).see(self.blob)
            except NotFound:
                return False
            return True


@dataclass(frozen=True, slots=True)
class Naming:
    """Puts an image's manifests, and its name last; `homes` says where in the target its blobs have been brought."""

    step: Step
    read: Read
    homes: Mapping[Digest, str] = field(default_factory=dict)

    def run(self, clients: Clients) -> Copied:
        """Put them there, with all that is missing."""
        self._back_up(clients)
        try:
            return self._copied(clients, self.homes)
        except RegistryError as error:
            if error.status not in _NOT_THERE or not self.homes:
                raise
            return self._copied(clients, {})  # a blob has gone since then: each is looked for

    def _copied(self, clients: Clients, homes: Mapping[Digest, str]) -> Copied:
        step = self.step
        assert step.source
        assert step.digest
        operations, options = clients.operations(step.source.registry), self._options()
        with (
            copying(operations, step.platforms, _JOBS, options) as way,
            source_end(operations, step.source.with_digest(step.digest)) as there,
            target_end(clients.operations(step.target.registry), step.target) as here,
        ):
            if isinstance(here.store, Repository):
                here.store.learn(homes)
            return way.run(SourceEnd(Prepared(there.store, self.read.documents), there.name), here)

    def _options(self) -> Options:
        return Options(referrers=self.step.referrers, cosign=self.step.cosign, filtered=self.step.filtered)

    def _back_up(self, clients: Clients) -> None:
        if self.step.backup and self.step.was:
            client = clients.at(self.step.target.registry)
            to = clients.at(self.step.backup.registry)
            client.copy(self.step.target.with_digest(self.step.was), self.step.backup, to=to)


@dataclass(frozen=True, slots=True)
class Untagging:
    """Takes a name away that stands for what it stood for when that was planned."""

    step: Step

    def run(self, clients: Clients) -> None:
        """Take it away; it may be gone already."""
        client = clients.at(self.step.target.registry)
        try:
            now = client.digest(self.step.target)
        except NotFound:
            return
        if now != self.step.was:
            why = f"it was {self.step.was}, and is {now}"
            raise UnexpectedAnswer(f"{self.step.target} has changed since it was planned", why=why)
        client.untag(self.step.target)
