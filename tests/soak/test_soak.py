"""A few seconds of `make soak`, and that it notices promises that are broken."""

from __future__ import annotations

import random
import threading
from http.client import HTTPMessage
from pathlib import Path

import pytest
from soak.actor import SHARED, Actor
from soak.gauge import Gauge
from soak.ledger import Broken, Ledger
from soak.pushing import Answer, Refused
from soak.run import soak
from soak.served import Registry
from soak.tally import Tally

from boxship import Client
from boxship.digest import Digest
from boxship.errors import DigestMismatch, NotFound, RegistryError
from boxship.testing import Image, put_image, random_image

MIB = 1024**2


def test_some_seconds() -> None:
    told = soak(5.0)
    assert told.broken == []
    assert told.lives > 1
    assert told.sweeps
    assert set(told.tally.done) >= {"push_raw", "copy_in", "pull", "list", "delete", "check"}


def test_what_is_lost_and_what_is_wrong_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(tmp_path / "registry")
    try:
        put_image(registry.address, "shared/base", "v1", Image.of(SHARED))
        with Client(memory=None) as client:
            address, over = registry.address, threading.Event()
            actor = Actor(client, registry, address, "team/app", tmp_path, Tally(), random.Random(0), over)
            image = random_image()
            put_image(address, "team/app", "v1", image)
            actor.ledger.done("v1", str(image.digest))
            actor.check_all()
            assert not actor.tally.broken
            (layer, *_) = image.layers
            actor.ledger.done("v2", str(image.digest))
            actor.check_all()
            assert "the tag v2 names None" in actor.tally.broken.pop()
            actor.ledger.done("v2", None)
            blob = next(path for path in registry.folder.rglob("*") if path.is_file() and path.read_bytes() == layer)
            blob.unlink()
            actor.check_all()
            assert f"the tag v1 needs {Digest.of(layer)}" in actor.tally.broken.pop()

            def other(_: str, __: str, target: str) -> Answer:
                if target.endswith(tuple(f"manifests/v{number}" for number in (0, 2, 3, 4, 5))):
                    raise Refused(404, b"")
                return Answer(200, HTTPMessage(), image.manifest)

            monkeypatch.setattr("soak.actor.ask", other)
            actor.check_all()
            assert "wrong bytes" in actor.tally.broken.pop()
    finally:
        registry.kill()


def test_what_was_not_acknowledged_may_have_been_done_and_nothing_else() -> None:
    ledger = Ledger()
    ledger.done("v1", "a")
    ledger.check("v1", "a")
    with pytest.raises(Broken, match="may name"):
        ledger.check("v1", None)
    ledger.tried(["v1"], "b")
    assert ledger.certain == {}
    for found in ("a", "b"):
        ledger.check("v1", found)
    ledger.deleted("a")
    assert ledger.allowed("v1") == {None, "b"}
    ledger.done("v2", "c")
    ledger.deleted("c")
    assert ledger.certain == {}
    ledger.check("v2", None)


@pytest.mark.parametrize(
    ("error", "broken"),
    [
        (ConnectionResetError("gone"), False),
        (NotFound("it"), False),
        (Refused(503, b"stopping"), False),
        (Refused(500, b"oops"), True),
        (DigestMismatch("it", expected="a", actual="b"), True),
        (Broken("lost"), True),
        (KeyError("x"), True),
    ],
)
def test_faults_of_the_road_are_counted_and_what_no_fault_explains_is_a_broken_promise(
    error: Exception, *, broken: bool
) -> None:
    tally = Tally()
    with tally.deed("it"):
        raise error
    assert bool(tally.broken) == broken
    assert sum(tally.failed.values()) == 1
    assert not tally.done


def test_a_status_of_a_client_s_error_is_named() -> None:
    tally = Tally()
    with tally.deed("it"):
        raise RegistryError("it", status=502)
    assert tally.failed == {"it: RegistryError 502": 1}
    assert tally.broken


@pytest.mark.parametrize(("each", "grows"), [(0, False), (MIB // 1000, False), (MIB // 20, True)])
def test_memory_may_not_grow_after_the_warm_up(each: int, *, grows: bool) -> None:
    gauge = Gauge()
    for second in range(600):
        gauge.note(second, 60 * MIB + min(second, 200) * MIB // 10 + each * max(0, second - 200))
    assert (gauge.growth > gauge.allowed) == grows
