from __future__ import annotations

import pytest

from boxship.platform import Platform
from boxship.reference import Reference
from boxship.verbs.words import chosen_platforms, named_references


@pytest.mark.parametrize("value", ["reg.corp/app:1", Reference.parse("reg.corp/app:1")])
def test_one_reference_needs_no_list_around_it(value: Reference | str) -> None:
    assert named_references(value) == named_references([value]) == [Reference.parse("reg.corp/app:1")]


def test_one_platform_needs_no_list_around_it() -> None:
    assert chosen_platforms("linux/arm64") == (Platform("linux", "arm64"),)
    assert (chosen_platforms(()), chosen_platforms(None)) == ((), None)
