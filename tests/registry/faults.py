"""A registry whose answers about one blob have faults, request by request."""

from __future__ import annotations

__all__ = ["CONTENT", "MIB", "NAMED", "REGISTRY", "Fault", "asked_from", "collected", "faulty", "hasty", "reference"]

import random
from collections.abc import Callable

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.digest import Digest
from boxship.errors import BoxshipError
from boxship.testing import Answer, Image, Request, ScriptedRegistry, Server, in_turn, instead
from boxship.testing.exchange import Answering
from tests.transport.reaching import bounds, repository

MIB = 1024 * 1024
CONTENT = random.Random(11).randbytes(3 * MIB + 12_345)
NAMED = Digest.of(CONTENT)
REGISTRY = ScriptedRegistry(image=Image.of([CONTENT]))

Fault = Callable[[Answer], Answer]


def hasty(**seconds: float) -> Bounds:
    """Bounds that a test can wait for."""
    return bounds(**{"silence": 0.15, "slow": 0.5, "abandoned": 1.0, "first_byte_slow": 1.0, **seconds})


def faulty(*faults: Fault | Answer) -> Answering:
    """The registry; the answers to the requests for its blob have these faults in turn, and none after them."""
    return instead(REGISTRY, "/blobs/", in_turn(*map(_answering, faults), REGISTRY))


def _answering(fault: Fault | Answer) -> Answering:
    return (lambda _: fault) if isinstance(fault, Answer) else (lambda request: fault(REGISTRY(request)))


def reference(server: Server) -> str:
    """The blob there."""
    return f"{repository(server)}@{NAMED}"


def asked_from(request: Request) -> int | None:
    """The byte from which on a request asks, or None where it asks for the whole."""
    asked = request.headers.get("range")
    return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else None


def collected(client: Client, server: Server, size: int | None = None) -> tuple[bytes, BoxshipError | None]:
    """What was given out of the blob, and the error that ended it."""
    given = bytearray()
    try:
        with client.open_blob(reference(server), size=size) as blob:
            for piece in blob:
                given += piece
    except BoxshipError as error:
        return bytes(given), error
    return bytes(given), None
