"""What a registry is said to have, while nobody has put anything else there."""

from __future__ import annotations

import pytest

from tests.crane.answers import answer, recorded
from tests.crane.rows import LISTING
from tests.crane.stage import Stage


@pytest.mark.parametrize("name", LISTING)
def test_it_answers_as_crane_did(stage: Stage, name: str) -> None:
    assert answer(stage, name, LISTING[name]) == recorded()[name]
