from __future__ import annotations

import pytest

from boxship import media_type


@pytest.mark.parametrize(
    ("content_type", "bare"),
    [
        ("application/json", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        (" Application/JSON ;charset=utf-8", "application/json"),
        ("", ""),
        (";", ""),
    ],
    ids=repr,
)
def test_a_media_type_is_compared_without_its_parameters(content_type: str, bare: str) -> None:
    assert media_type.bare(content_type) == bare


def test_every_kind_of_manifest_is_asked_for() -> None:
    assert set(media_type.ACCEPT_MANIFESTS.split(", ")) == media_type.MANIFESTS | media_type.INDEXES
