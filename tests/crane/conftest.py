"""The programs that the rows are put to: boxship always, and crane where it is on PATH."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.cli.running import COMMAND
from tests.crane.stage import Stage, staged

PROGRAMS = {"boxship": COMMAND, **({"crane": ("crane",)} if shutil.which("crane") else {})}


@pytest.fixture(scope="module", params=PROGRAMS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(request.param, PROGRAMS[request.param], tmp_path_factory.mktemp(request.param)) as made:
        yield made
