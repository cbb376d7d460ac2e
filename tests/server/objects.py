"""What tests of content in object stores have in common: which stores, and what looks after a registry later."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from boxship.server.registry import Registry
from boxship.server.upkeep.garbage import Policy
from boxship.server.upkeep.scrub import Scrubbed, scrub
from boxship.server.upkeep.sweep import Report, sweep
from tests.server.conftest import PROGRAMS, Keeping
from tests.server.content import digest
from tests.server.driver import Driver

SMALL = b"a few bytes"
DAY = 24 * 3600.0

in_every_store = pytest.mark.parametrize(
    "keeping",
    [
        pytest.param(Keeping(content="moto"), id="moto"),
        *(pytest.param(Keeping(content=name), marks=mark, id=name) for name, mark in PROGRAMS.items()),
    ],
    scope="module",
)


def opened(registry: Driver) -> Registry:
    return registry.run(registry.open())


def sweep_later(registry: Driver, seconds: float, **policy: float) -> Report:
    later = replace(opened(registry), clock=lambda: time.time() + seconds)
    return registry.run(sweep(later, Policy(**policy)))  # type: ignore[arg-type]  # what is given is a number


def scrubbed(registry: Driver) -> Scrubbed:
    later = time.time() + DAY
    return registry.run(scrub(replace(opened(registry), clock=lambda: later)))


def blob(content: bytes) -> str:
    return f"/v2/app/blobs/{digest(content)}"
