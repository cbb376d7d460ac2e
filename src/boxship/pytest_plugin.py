"""Fixtures of pytest for tests of registry code: a registry, a repository of one's own, and networks that fail.

pytest loads this in every run where boxship is installed: what a fixture needs is imported when it is asked for.
"""

from __future__ import annotations

__all__ = [
    "boxship_black_hole",
    "boxship_empty_registry",
    "boxship_hostile",
    "boxship_mute",
    "boxship_open",
    "boxship_refused",
    "boxship_registry",
    "boxship_repository",
]

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from boxship.testing import Listener, Place, RunningRegistry

# ruff: noqa: PLC0415
Opened = TypeVar("Opened")
_HOSTILE = ("black_hole", "refused", "mute", "close_after_hello", "reset_after_hello", "garbage")
_NO_COMPONENT = re.compile(r"[^a-z0-9]+")
_LONGEST = 100  # letters of a test's name: a repository's has at most 255 in all


@pytest.fixture(scope="session")
def boxship_registry() -> Iterator[RunningRegistry]:
    """A registry on a free port for the whole run, which lets images be deleted: `.address` is `127.0.0.1:43210`."""
    from boxship.testing import registry

    with registry(allow_delete=True) as running:
        yield running


@pytest.fixture
def boxship_repository(boxship_registry: RunningRegistry, request: pytest.FixtureRequest) -> str:
    """A repository there that no other test has, named after the test: `127.0.0.1:43210/tests/test-pull`."""
    return f"{boxship_registry.address}/{_repository(request.node.nodeid)}"


@pytest.fixture
def boxship_empty_registry() -> Iterator[RunningRegistry]:
    """A registry for this test alone, where a test is about all that is there: its catalog, its folder."""
    from boxship.testing import registry

    with registry(allow_delete=True) as running:
        yield running


@pytest.fixture
def boxship_open() -> Iterator[Callable[[AbstractContextManager[Opened]], Opened]]:
    """Keeps anything of `boxship.testing` open until the test ends, as in `boxship_open(serving(Answer(503)))`."""
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture
def boxship_black_hole() -> Iterator[Place]:
    """A port where connecting only times out, as behind a firewall that drops."""
    from boxship.testing import black_hole

    with black_hole() as place:
        yield place


@pytest.fixture
def boxship_refused() -> Iterator[Place]:
    """A port that refuses connections."""
    from boxship.testing import refused

    with refused() as place:
        yield place


@pytest.fixture
def boxship_mute() -> Iterator[Listener]:
    """A port that accepts connections, reads, and never says a word."""
    from boxship.testing import mute

    with mute() as listener:
        yield listener


@pytest.fixture(params=_HOSTILE)
def boxship_hostile(request: pytest.FixtureRequest) -> Iterator[Place | Listener]:
    """Each network that fails, one after the other: the test runs once for each of them."""
    from boxship import testing

    with getattr(testing, request.param)() as place:
        yield place


def _repository(test: str) -> str:
    """A repository's name of a test's: its file and itself, in the letters that there are, and what tells it apart."""
    from hashlib import sha256

    path, _, name = test.partition("::")
    words = [_NO_COMPONENT.sub("-", part.lower()).strip("-") for part in (path.removesuffix(".py"), name)]
    return "/".join([*(word[-_LONGEST:].strip("-") for word in words if word), sha256(test.encode()).hexdigest()[:8]])
