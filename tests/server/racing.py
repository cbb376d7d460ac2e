"""Clients that race with everything: each pushes, moves and deletes tags in a repository of its own, and remembers.

A request goes to whichever replica, which may be killed in the middle of it: then nobody knows whether it was done.
What was acknowledged has to be there from then on, whoever is asked.
"""

from __future__ import annotations

__all__ = ["Client", "Unknown"]

import http.client
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from boxship import media_type
from tests.server.content import digest, image, index
from tests.server.running import ask

CONFIG = b"{}"
POOL = tuple(f"what many images have, {number} ".encode() * 500 for number in range(6))
TAGS = ("v1", "v2", "v3", "v4")


class Unknown(Exception):
    """Nobody knows whether it was done."""


class Answer(NamedTuple):
    """What was answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(slots=True)
class Client:
    """One repository, which nobody else writes.

    Attributes:
        addresses: of the replicas, as of now; others change the list.
        known: what each tag may name: one manifest (b"": none), or several where nobody knows.
        others: repositories of others, to mount from.
        layers: the content of each image that it pushed.
        listed: those that were, or may have been, in an index.
    """

    repository: str
    addresses: list[str]
    others: Sequence[str]
    chance: random.Random
    statuses: Counter[str] = field(default_factory=Counter)
    known: dict[str, frozenset[bytes]] = field(default_factory=lambda: dict.fromkeys(TAGS, frozenset({b""})))
    layers: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    listed: set[bytes] = field(default_factory=set)
    number: int = 0

    def act(self) -> None:
        """Do one thing."""
        deeds: dict[Callable[[], None], int] = {
            self.push: 6,
            self.push_index: 1,
            self.retag: 2,
            self.untag: 1,
            self.delete: 1,
            self.look: 4,
        }
        (deed,) = self.chance.choices(list(deeds), list(deeds.values()))
        try:
            deed()
        except Unknown:
            self.statuses["unknown"] += 1

    def push(self) -> None:
        """An image of a layer of its own and some of many images', which are mounted, or taken for there."""
        self.number += 1
        own = f"{self.repository} {self.number} ".encode() * self.chance.choice((1, 1000))
        layers = (own, *self.chance.sample(POOL, self.chance.randrange(3)))
        for content in (CONFIG, *layers):
            self._push_blob(content)
        manifest = image(*layers)
        self.layers[manifest] = (CONFIG, *layers)
        self._name(self.chance.choice(TAGS), manifest)

    def push_index(self) -> None:
        """One that lists what tags name: its images go with it, or stay."""
        if images := [each for each in self.certain if each in self.layers]:
            some = self.chance.sample(images, min(2, len(images)))
            self.listed.update(some)
            self._name(self.chance.choice(TAGS), index(*some))

    def retag(self) -> None:
        """Let a tag name what another one names."""
        if certain := self.certain:
            self._name(self.chance.choice(TAGS), self.chance.choice(certain))

    def untag(self) -> None:
        """Take a tag away."""
        tag = self.chance.choice(TAGS)
        self.known[tag] |= {b""}
        if self._ask("untag", "DELETE", f"manifests/{tag}")[0] in (202, 404):
            self.known[tag] = frozenset({b""})

    def delete(self) -> None:
        """Delete a manifest, with its tags; none that an index lists, which would not be kept from it."""
        if alone := [each for each in self.certain if each not in self.listed]:
            gone = self.chance.choice(alone)
            for tag in self._naming(gone):
                self.known[tag] |= {b""}
            if self._ask("delete", "DELETE", f"manifests/{digest(gone)}")[0] in (202, 404):
                for tag in self._naming(gone):
                    self.known[tag] = self.known[tag] - {gone} or frozenset({b""})

    def look(self) -> None:
        """See what one tag names, and that all of it is there."""
        tag = self.chance.choice(TAGS)
        status, body = self._ask("look", "GET", f"manifests/{tag}")
        found = body if status == 200 else b""
        assert found in self.known[tag], (self.repository, tag, status, found, self.known[tag])
        self._look_into(found)

    def look_at_all(self) -> None:
        """The same of every tag."""
        for tag in TAGS:
            for address in self.addresses:
                status, body = ask(address, "GET", f"/v2/{self.repository}/manifests/{tag}")
                found = body if status == 200 else b""
                assert found in self.known[tag], (self.repository, tag, status, found, self.known[tag])
            self._look_into(found)

    @property
    def certain(self) -> list[bytes]:
        """The manifests of which it is known that a tag names them."""
        return [next(iter(each)) for each in self.known.values() if len(each) == 1 and each != {b""}]

    def _look_into(self, manifest: bytes) -> None:
        if not manifest:
            return
        for listed in json.loads(manifest).get("manifests", ()):
            status, body = self._ask("look", "GET", f"manifests/{listed['digest']}")
            assert (status, digest(body)) == (200, listed["digest"]), (self.repository, status, listed)
            self._look_into(body)
        for content in self.layers.get(manifest, ()):
            status, body = self._ask("look", "GET", f"blobs/{digest(content)}")
            assert (status, body == content) == (200, True), (self.repository, status, digest(content))

    def _naming(self, manifest: bytes) -> list[str]:
        return [tag for tag, each in self.known.items() if manifest in each]

    def _name(self, tag: str, manifest: bytes) -> None:
        """Push a manifest under a tag, as whoever has pushed what it needs."""
        before = self.known[tag]
        self.known[tag] = before | {manifest}
        kind = media_type.OCI_INDEX if b'"manifests"' in manifest else media_type.OCI_MANIFEST
        status = self._ask("name", "PUT", f"manifests/{tag}", manifest, kind)[0]
        assert status in (201, 400), status
        self.known[tag] = frozenset({manifest}) if status == 201 else before

    def _push_blob(self, content: bytes) -> None:
        name = digest(content)
        if self._ask("told", "HEAD", f"blobs/{name}")[0] == 200:
            return
        if content in POOL and self.chance.random() < 0.5:
            source = self.chance.choice(self.others)
            if self._ask("mount", "POST", f"blobs/uploads/?mount={name}&from={source}")[0] == 201:
                return
        if self.chance.random() < 0.7:
            assert self._ask("push", "POST", f"blobs/uploads/?digest={name}", content)[0] == 201
            return
        self._push_in_parts(name, content)

    def _push_in_parts(self, name: str, content: bytes) -> None:
        """By three replicas, or by fewer."""
        upload = self._begin()
        half = len(content) // 2
        for part in (content[:half], content[half:]):
            status = self._ask("part", "PATCH", upload, part)[0]
            if status == 416:
                return  # the one who was killed had the upload, and has not let it go
            assert status == 202, status
        assert self._ask("close", "PUT", f"{upload}?digest={name}")[0] == 201

    def _begin(self) -> str:
        """Where an upload goes on; of the repository's paths."""
        answer = self._asked("POST", "blobs/uploads/")
        assert answer.status == 202, answer.status
        return answer.headers["location"].removeprefix(f"/v2/{self.repository}/")

    def _ask(self, what: str, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
        answer = self._asked(method, path, body, {"content-type": kind} if kind else {})
        self.statuses[f"{what} {answer.status}"] += 1
        return answer.status, answer.body

    def _asked(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """What one of them answers; `Unknown` where it is killed meanwhile, or says that it cannot know."""
        connection = http.client.HTTPConnection(self.chance.choice(self.addresses), timeout=60)
        try:
            connection.request(method, f"/v2/{self.repository}/{path}", body, headers or {})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unknown from error
        finally:
            connection.close()
        if answer.status == 503:
            raise Unknown
        return answer
