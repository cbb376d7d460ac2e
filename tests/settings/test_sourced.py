from __future__ import annotations

import dataclasses

import pytest

from boxship.settings.sourced import Sourced


def test_a_value_says_where_it_is_from() -> None:
    assert str(Sourced(5000, "/home/x/.docker/config.json:7")) == "5000 (/home/x/.docker/config.json:7)"


def test_values_of_different_sources_differ() -> None:
    assert Sourced("a", "default") == Sourced("a", "default")
    assert Sourced("a", "default") != Sourced("a", "flag --ca-file")


def test_a_value_can_be_made_with_its_type_and_never_changes() -> None:
    sourced = Sourced[int](1, "default")
    with pytest.raises(dataclasses.FrozenInstanceError):
        sourced.value = 2  # type: ignore[misc]  # that is the point
