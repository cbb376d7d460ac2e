"""Flattening an image from one registry to another: its layer is on its way before all of it is made."""

from __future__ import annotations

import functools
import random
import threading

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.testing import Answer, Request, put_image, registry
from tests.cli.front import front
from tests.formats.stores import file, tar_of
from tests.verbs.changed import names, sound

SIZE = 24_000_000
LOWER = tar_of([file("lower", b"1"), file("upper", b"2")])
PATIENCE = 60.0  # seconds


@functools.cache
def upper() -> bytes:
    return tar_of([file("upper", random.Random(1).randbytes(SIZE))])


def _all_pass(_: Request) -> None:
    """Nothing is answered here."""


def test_the_layer_is_sent_while_it_is_made_and_once() -> None:
    begun = threading.Event()

    def held_back(request: Request) -> Answer | None:
        if request.method == "GET" and str(Digest.of(LOWER)) in request.target:
            assert begun.wait(PATIENCE)
        return None

    def watched(request: Request) -> None:
        if request.method == "PATCH":
            begun.set()

    with registry() as there, registry() as here:
        put_image(there.address, "app", "1", layers=[LOWER, upper()])
        with (
            front(there.address, held_back) as source,
            front(here.address, watched) as target,
            Client() as client,
        ):
            made = client.flatten(f"{source.url}/app:1", f"{target.url}/app:flat")
            assert (made.pushed, begun.is_set()) == (2, True)
            assert names(client, f"{here.address}/app:flat") == ["lower", "upper"]
            assert sound(client, f"{here.address}/app:flat")
            sent = [request for request in target.requests if request.method in ("PATCH", "PUT")]
            assert sum(len(request.body) for request in sent) < 2 * SIZE


@pytest.mark.parametrize("tag", ["flat", "1"])
def test_a_layer_that_may_be_there_is_sent_when_it_is_known_that_it_is_not(tag: str) -> None:
    """To flatten the same again sends nothing, under the name of what it makes, and in the image's own place."""
    with registry() as running, front(running.address, _all_pass) as target, Client() as client:
        put_image(running.address, "app", "1", layers=[LOWER, upper()])
        first = client.flatten(f"{running.address}/app:1", f"{target.url}/app:{tag}")
        assert first.pushed
        before = len(target.requests)
        again = client.flatten(f"{target.url}/app:{tag}", f"{target.url}/app:{tag}")
        methods = [request.method for request in target.requests[before:]]
        assert "PATCH" not in methods, methods
        assert again.size < SIZE
