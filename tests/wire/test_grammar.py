from __future__ import annotations

import pytest

from boxship.errors import InvalidReference
from boxship.reference import Reference
from boxship.wire.grammar import is_repository, is_tag

REPOSITORIES = ["a", "a/b", "a.b__c_d--e/f0", "a" * 255]
NO_REPOSITORIES = ["", "A", "a//b", "/a", "a/", "a..b", "a___b", "-a", "a_", "a\n", "é", "a" * 256]
TAGS = ["a", "A_b.c-d", "_", "9", "a" * 128]
NO_TAGS = ["", "-a", ".a", "a/b", "a:b", "a\n", "é", "a" * 129]


@pytest.mark.parametrize("text", [*REPOSITORIES, *NO_REPOSITORIES], ids=repr)
def test_a_repository_is_what_a_reference_takes_for_one(text: str) -> None:
    assert is_repository(text) is (text in REPOSITORIES) is parses(f"reg.corp/{text}")


@pytest.mark.parametrize("text", [*TAGS, *NO_TAGS], ids=repr)
def test_a_tag_is_what_a_reference_takes_for_one(text: str) -> None:
    assert is_tag(text) is (text in TAGS) is parses(f"reg.corp/app:{text}")


def parses(text: str) -> bool:
    try:
        Reference.parse(text)
    except InvalidReference:
        return False
    return True
