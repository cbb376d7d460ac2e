"""The registry does what a dictionary does, in any order, by two processes at once, while it is swept and reopened."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from boxship import media_type
from boxship.server.registry import Settings
from boxship.server.upkeep.check import check
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.sweep import Report, sweep
from tests.server.content import descriptor, digest, image, index
from tests.server.driver import Driver, Reply
from tests.server.model import HOUR, Model, Stored

BLOBS = {digest(content): content for content in (b"{}", b"one", b"two" * 1000, b"three")}
CONFIG = digest(b"{}")
SUMS = "SELECT bytes, tags FROM repo WHERE name = ?"
NEVER = -1.0  # a grace: what was pushed this very moment is no younger

repositories = st.sampled_from(("app", "team/other"))
blobs = st.sampled_from(tuple(BLOBS))
layers = st.lists(blobs, max_size=2, unique=True)
tags = st.lists(st.sampled_from(("v1", "v2")), max_size=2, unique=True)
drivers = st.sampled_from((0, 1))
graces = st.sampled_from((NEVER, 24 * HOUR))
waits = st.sampled_from((0.0, 900.0))
ways = st.sampled_from(("single", "closing", "stream", "chunks"))


class TwoProcesses(RuleBasedStateMachine):
    """Two registries on one folder, and the model of what both should hold."""

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.folder = Path(tempfile.mkdtemp())
        self.prepare()
        self.drivers = [self._open(), self._open()]
        self.seen: dict[str, Stored] = {}
        self.turn = itertools.cycle((0, 1))

    def prepare(self) -> None:
        """Make what else the registries need."""

    def teardown(self) -> None:
        for driver in self.drivers:
            driver.__exit__()
        try:
            self._check()
        finally:
            shutil.rmtree(self.folder)

    def _open(self) -> Driver:
        return Driver(self.folder, settings=self._settings(), clock=lambda: self.model.now).__enter__()

    def _settings(self) -> Settings:
        return Settings(allow_delete=True, gc_interval=0)

    def _check(self) -> None:
        assert check(self.folder, verify=True).damage == ()

    def _sums(self, repository: str) -> tuple[int, int] | None:
        with closing(sqlite3.connect(self.folder / "registry.db")) as connection:
            row: tuple[int, int] | None = connection.execute(SUMS, (repository,)).fetchone()
        return row

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
        """Ask the one that has not been asked last."""
        return self.drivers[next(self.turn)](method, target, body, headers)

    # Pushing

    @rule(repository=repositories, blob=blobs, way=ways, which=drivers)
    def push_blob(self, repository: str, blob: str, way: str, which: int) -> None:
        work = push(self.drivers[which], self.drivers[1 - which], repository, blob, way)
        assert self.drivers[which].run(work).status == 201
        self.model.link(repository, blob)

    @rule(repository=repositories, blob=blobs, source=repositories | st.just(""), which=drivers)
    def mount(self, repository: str, blob: str, source: str, which: int) -> None:
        known = any(key == (source or key[0], blob) for key in self.model.links)
        query = f"?mount={blob}&from={source}" if source else f"?mount={blob}"
        reply = self.drivers[which]("POST", f"/v2/{repository}/blobs/uploads/{query}")
        assert reply.status == (201 if known else 202)
        if known:
            self.model.link(repository, blob)

    @rule(repository=repositories, layers=layers, tags=tags, about=st.booleans())
    def push_image(self, repository: str, layers: Sequence[str], tags: Sequence[str], about: bool) -> None:  # noqa: FBT001
        subject = next((name for where, name in self.model.manifests if about and where == repository), "")
        about_it = descriptor(self.seen[subject].body, media_type.OCI_MANIFEST) if subject else None
        contents = [BLOBS[layer] for layer in layers]
        body = image(*contents, subject=about_it) if about_it else image(*contents)
        stored = Stored(body, media_type.OCI_MANIFEST, frozenset({CONFIG, *layers}), subject, self.model.now)
        self._put(repository, stored, tags)

    @rule(repository=repositories, tags=tags)
    def push_index(self, repository: str, tags: Sequence[str]) -> None:
        images = [each for (where, _), each in self.model.manifests.items() if where == repository]
        body = index(*(each.body for each in images if each.kind == media_type.OCI_MANIFEST))
        children = frozenset(digest(each.body) for each in images if each.kind == media_type.OCI_MANIFEST)
        self._put(repository, Stored(body, media_type.OCI_INDEX, children, "", self.model.now), tags)

    def _put(self, repository: str, stored: Stored, tags: Sequence[str]) -> None:
        name = digest(stored.body)
        self.seen[name] = stored
        query = "&".join(f"tag={tag}" for tag in tags)
        reply = self.ask(
            "PUT", f"/v2/{repository}/manifests/{name}?{query}", stored.body, **{"content-type": stored.kind}
        )
        if not self.model.has_all(repository, stored.children):
            assert reply.refusal == (400, "MANIFEST_BLOB_UNKNOWN")
            return
        assert reply.status == 201
        self.model.put(repository, name, stored, tags)

    # Deleting

    @rule(repository=repositories, blob=blobs)
    def delete_blob(self, repository: str, blob: str) -> None:
        reply = self.ask("DELETE", f"/v2/{repository}/blobs/{blob}")
        if self.model.needed(repository, blob):
            assert reply.status == 405
        else:
            assert reply.status == (202 if self.model.links.pop((repository, blob), None) else 404)

    @precondition(lambda self: self.model.manifests)
    @rule(data=st.data())
    def delete_manifest(self, data: st.DataObject) -> None:
        repository, name = data.draw(st.sampled_from(sorted(self.model.manifests)))
        assert self.ask("DELETE", f"/v2/{repository}/manifests/{name}").status == 202
        self.model.delete_manifest(repository, name)

    @rule(repository=repositories, tag=st.sampled_from(("v1", "v2")))
    def delete_tag(self, repository: str, tag: str) -> None:
        known = self.model.delete_tag(repository, tag)
        assert self.ask("DELETE", f"/v2/{repository}/manifests/{tag}").status == (202 if known else 404)

    # What goes by itself

    @rule(hours=st.sampled_from((0.5, 2.0, 30.0)))
    def time_goes_by(self, hours: float) -> None:
        self.model.now += hours * HOUR

    @rule(repository=repositories, blob=blobs)
    def tell_of_a_blob(self, repository: str, blob: str) -> None:
        known = (repository, blob) in self.model.links
        assert self.ask("HEAD", f"/v2/{repository}/blobs/{blob}").status == (200 if known else 404)
        if known:
            self.model.told(blob)

    @rule(which=drivers, grace=graces, wait=waits, untagged=st.booleans())
    def sweep(self, which: int, grace: float, wait: float, untagged: bool) -> None:  # noqa: FBT001
        report = self.drivers[which].run(self._sweep(which, Policy(grace=grace, wait=wait, untagged=untagged)))
        assert (report.manifests, report.links) == self.model.sweep(self.model.now - grace, untagged=untagged)

    async def _sweep(self, which: int, policy: Policy) -> Report:
        return await sweep(await self.drivers[which].open(), policy)

    @rule(which=drivers, untagged=st.booleans(), turns=st.integers(0, 60))
    def sweep_cut_short(self, which: int, untagged: bool, turns: int) -> None:  # noqa: FBT001
        policy = Policy(grace=NEVER, wait=0, untagged=untagged)

        async def begin() -> None:
            task = asyncio.create_task(self._sweep(which, policy))
            for _ in range(turns):
                await asyncio.sleep(0.0003)
            task.cancel()
            await asyncio.wait((task,))

        self.drivers[which].run(begin())
        self._forget_what_may_have_gone(untagged=untagged)

    @rule(which=drivers)
    def reopen(self, which: int) -> None:
        self.drivers[which].reopen()

    # At once

    @rule(repository=repositories, layer=blobs, way=ways, tags=tags, wait=waits)
    def push_beside_a_sweep(self, repository: str, layer: str, way: str, tags: Sequence[str], wait: float) -> None:
        assume(layer != CONFIG)
        one, other = self.drivers
        body = image(BLOBS[layer])
        stored = Stored(body, media_type.OCI_MANIFEST, frozenset({CONFIG, layer}), "", self.model.now)

        async def push_image() -> Reply:
            for blob in (CONFIG, layer):
                pushed = await push(one, one, repository, blob, way)
                assert pushed.status in (201, 503), pushed  # 503: swept in the middle of its commit
                if pushed.status == 201:
                    self.model.link(repository, blob)
            target = f"/v2/{repository}/manifests/{digest(body)}?{'&'.join(f'tag={tag}' for tag in tags)}"
            return await one.ask("PUT", target, body, {"content-type": stored.kind})

        async def all_at_once() -> tuple[Reply, Report, Reply]:
            policy = Policy(grace=NEVER, wait=wait)
            mount = other.ask("POST", f"/v2/app/blobs/uploads/?mount={layer}&from=team/other")
            return await asyncio.gather(push_image(), self._sweep(1, policy), mount)

        pushed, _, mounted = one.run(all_at_once())
        if mounted.status == 201:
            self.model.link("app", layer)
        if pushed.status == 201:
            self.model.link(repository, CONFIG)
            self.model.link(repository, layer)
            self.seen[digest(body)] = stored
            self.model.put(repository, digest(body), stored, tags)
        else:
            assert pushed.refusal == (400, "MANIFEST_BLOB_UNKNOWN")
        self._forget_what_may_have_gone(untagged=False)

    def _forget_what_may_have_gone(self, *, untagged: bool) -> None:
        """After a sweep that may have come to some of what it could take, and to nothing else."""
        for repository, name in self.model.unnamed(self.model.now + 1) if untagged else ():
            if self.ask("GET", f"/v2/{repository}/manifests/{name}").status == 404:
                self.model.delete_manifest(repository, name)
        for repository, blob in self.model.unneeded(self.model.now + 1):
            if self.ask("GET", f"/v2/{repository}/blobs/{blob}").status == 404:
                del self.model.links[repository, blob]

    @invariant()
    def it_holds_what_the_model_holds_and_nothing_else(self) -> None:
        for repository in ("app", "team/other"):
            for blob, content in BLOBS.items():
                found = self.ask("GET", f"/v2/{repository}/blobs/{blob}")
                expected = (200, content) if (repository, blob) in self.model.links else (404, found.body)
                assert (found.status, found.body) == expected
            for name, stored in self.seen.items():
                found = self.ask("GET", f"/v2/{repository}/manifests/{name}")
                known = (repository, name) in self.model.manifests
                assert (found.status, found.body) == ((200, stored.body) if known else (404, found.body))
            for tag in ("v1", "v2"):
                named = self.model.tags.get((repository, tag))
                found = self.ask("GET", f"/v2/{repository}/manifests/{tag}")
                assert found.headers.get("docker-content-digest") == named

    @invariant()
    def what_quotas_go_by_is_what_there_is(self) -> None:
        for repository in ("app", "team/other"):
            blobs = sum(len(BLOBS[blob]) for name, blob in self.model.links if name == repository)
            manifests = sum(len(each.body) for (name, _), each in self.model.manifests.items() if name == repository)
            tags = sum(name == repository for name, _ in self.model.tags)
            assert (self._sums(repository) or (0, 0)) == (blobs + manifests, tags)


async def push(first: Driver, second: Driver, repository: str, blob: str, way: str) -> Reply:
    """Push a blob, the requests of one upload to two registries in turn."""
    content = BLOBS[blob]
    uploads = f"/v2/{repository}/blobs/uploads/"
    if way == "single":
        return await first.ask("POST", f"{uploads}?digest={blob}", content)
    location = (await first.ask("POST", uploads)).location
    chunks = {"closing": [], "stream": [content], "chunks": [content[:1], content[1:]]}[way]
    for driver, chunk in zip((second, first), chunks, strict=False):
        assert (await driver.ask("PATCH", location, chunk)).status == 202
    return await second.ask("PUT", f"{location}?digest={blob}", b"" if chunks else content)


# Where it fails, to find the shortest way there takes its time.
TestTwoProcesses = pytest.mark.timeout(600)(TwoProcesses.TestCase)
TestTwoProcesses.settings = settings(
    max_examples=10, stateful_step_count=30, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
