"""A client's day: pushes, pulls, lists and deletes in a repository of its own, and sees what was acknowledged."""

from __future__ import annotations

__all__ = ["SHARED", "Actor"]

import json
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from boxship import Client
from boxship.digest import Digest
from boxship.testing import Image, random_image
from soak.ledger import Broken, Ledger
from soak.pushing import PUSHES, Refused, ask, mount, push_blob, push_manifest
from soak.served import Registry, program
from soak.tally import Tally

_TAGS = tuple(f"v{number}" for number in range(6))
SHARED = tuple(random_image(layers=1, layer_size=40_000, seed=seed).layers[0] for seed in range(4))
_SIZES = (500, 20_000, 300_000)


@dataclass(slots=True)
class Actor:
    """One repository, which nobody else writes.

    Attributes:
        road: where the registry is reached through accidents.
        calm: how often, of 10 times, the straight way is taken.
    """

    client: Client
    registry: Registry
    road: str
    repository: str
    scratch: Path
    tally: Tally
    chance: random.Random
    over: threading.Event
    calm: int = 3
    ledger: Ledger = field(default_factory=Ledger)
    _checked: int = 1

    def run(self) -> None:
        """Do one thing after the other until it is over."""
        deeds: tuple[tuple[Callable[[], None], int], ...] = (
            (self.push_raw, 6),
            (self.copy_in, 4),
            (self.killed, 1),
            (self.retag, 2),
            (self.pull, 6),
            (self.list, 3),
            (self.delete, 2),
            (self.untag, 1),
        )
        names, weights = [deed for deed, _ in deeds], [weight for _, weight in deeds]
        while not self.over.is_set():
            if self._checked != (lives := self.registry.lives):
                self.check_all()
                self._checked = lives
            (deed,) = self.chance.choices(names, weights)
            with self.tally.deed(deed.__name__):
                deed()

    # Deeds.

    def push_raw(self) -> None:
        """Push an image with every blob in another way, some of them mounted."""
        image, tag, where = self._image(), self._tag, self._where
        digest = str(image.digest)
        for content in image.blobs.values():
            if (
                content in SHARED
                and self.chance.random() < 0.5
                and mount(where, self.repository, "shared/base", content)
            ):
                continue
            push_blob(where, self.repository, content, self.chance.choice(PUSHES), self.chance)
        self.ledger.tried([tag], digest)
        push_manifest(where, self.repository, tag, image)
        self.ledger.done(tag, digest)

    def copy_in(self) -> None:
        """Push an image from a layout."""
        image, tag = self._image(), self._tag
        layout = self._layout(image)
        try:
            self.ledger.tried([tag], str(image.digest))
            self.client.copy(f"oci:{layout}", f"{self._where}/{self.repository}:{tag}")
            self.ledger.done(tag, str(image.digest))
        finally:
            shutil.rmtree(layout)

    def killed(self) -> None:
        """Push with another process, which is killed somewhere on its way."""
        image, tag = self._image(), self._tag
        layout = self._layout(image)
        target = f"{self._where}/{self.repository}:{tag}"
        self.ledger.tried([tag], str(image.digest))
        process = subprocess.Popen(
            program("boxship", "copy", f"oci:{layout}", target, "--progress", "none"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if process.wait(self.chance.uniform(0.1, 1.5)) == 0:
                self.ledger.done(tag, str(image.digest))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            shutil.rmtree(layout)

    def retag(self) -> None:
        """Give a tag to what another one names."""
        if known := self.ledger.certain:
            digest, tag = self.chance.choice(list(known.values())), self._tag
            self.ledger.tried([tag], digest)
            self.client.tag(f"{self._where}/{self.repository}@{digest}", tag)
            self.ledger.done(tag, digest)

    def pull(self) -> None:
        """Bring an image here; its bytes are verified on the way, and its manifest once more."""
        tag = self._tag
        target = self.scratch / f"pulled-{self.repository.replace('/', '-')}"
        reference = f"{self._where}/{self.repository}:{tag}"
        if tag not in self.ledger.certain:
            return
        try:
            self.client.copy(reference, f"oci:{target}")
            found = str(self.client.digest(reference))
        finally:
            shutil.rmtree(target, ignore_errors=True)
        self.ledger.check(tag, found)

    def list(self) -> None:
        """See that all tags that are there are listed, and none that is not."""
        before = self.ledger.certain
        listed = set(self.client.tags(f"{self._where}/{self.repository}")) if before else set()
        if missing := set(before) - listed:
            raise Broken(f"{sorted(missing)} are not listed in {sorted(listed)}")
        if more := {tag for tag in listed if self.ledger.allowed(tag) == {None}}:
            raise Broken(f"{sorted(more)} are gone, and listed")

    def delete(self) -> None:
        """Delete a manifest, with all that names it."""
        if known := self.ledger.certain:
            digest = self.chance.choice(list(known.values()))
            self.ledger.tried(self.ledger.naming(digest), None)
            self.client.delete(f"{self._where}/{self.repository}@{digest}")
            self.ledger.deleted(digest)

    def untag(self) -> None:
        """Take a tag away."""
        if known := self.ledger.certain:
            tag = self.chance.choice(list(known))
            self.ledger.tried([tag], None)
            self.client.untag(f"{self._where}/{self.repository}:{tag}")
            self.ledger.done(tag, None)

    # What was acknowledged.

    def check_all(self) -> None:
        """All that was acknowledged is there, byte for byte, asked of the registry itself."""
        with self.tally.deed("check"):
            for tag in _TAGS:
                self._patiently(partial(self._check, tag))

    def _check(self, tag: str) -> None:
        found = None
        try:
            manifest = ask(self.registry.address, "GET", f"/v2/{self.repository}/manifests/{tag}").body
            found = str(Digest.of(manifest))
        except Refused as error:
            if error.status != 404:
                raise
        self.ledger.check(tag, found)
        if found:
            fields = json.loads(manifest)
            for blob in (fields["config"], *fields["layers"]):
                self._check_blob(tag, blob["digest"])

    def _check_blob(self, tag: str, digest: str) -> None:
        try:
            content = ask(self.registry.address, "GET", f"/v2/{self.repository}/blobs/{digest}").body
        except Refused as error:
            raise Broken(f"the tag {tag} needs {digest}: {error}") from error
        if str(Digest.of(content)) != digest:
            raise Broken(f"wrong bytes: {digest} of the tag {tag}")

    def _patiently(self, look: Callable[[], None]) -> None:
        """Look, again where the registry is being started once more."""
        until = time.monotonic() + 60.0
        while True:
            try:
                look()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    # What is needed for that.

    @property
    def _tag(self) -> str:
        return self.chance.choice(_TAGS)

    @property
    def _where(self) -> str:
        return self.registry.address if self.chance.randrange(10) < self.calm else self.road

    def _image(self) -> Image:
        """An image that was never there, some of whose layers may have been."""
        own = random_image(layers=1, layer_size=self.chance.choice(_SIZES), seed=self.chance.getrandbits(60)).layers
        return Image.of([*own, *self.chance.sample(SHARED, self.chance.randrange(3))])

    def _layout(self, image: Image) -> Path:
        folder = self.scratch / f"layout-{self.chance.getrandbits(60):x}"
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for digest, content in {**image.blobs, image.digest: image.manifest}.items():
            (blobs / digest.hex).write_bytes(content)
        pointer = {"mediaType": image.media_type, "digest": str(image.digest), "size": len(image.manifest)}
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [pointer]}))
        return folder
