"""A registry for the examples of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from boxship.testing import RunningRegistry, registry


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as found:
        yield found
