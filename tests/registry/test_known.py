"""What a client remembers of where blobs are: enough for mounting them, and no more as it grows old."""

from __future__ import annotations

import pytest

from boxship.digest import Digest
from boxship.registry import known
from boxship.registry.known import Known


def test_of_very_many_blobs_those_are_known_that_were_brought_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_MOST_HOMES", 3)
    blobs, site = [Digest.of(bytes([number])) for number in range(6)], Known()
    for blob in blobs[:3]:
        site.brought(blob, "app")
    site.brought(blobs[0], "other")
    for blob in blobs[3:5]:
        site.brought(blob, "app")
    assert [site.home(blob) for blob in blobs] == ["other", "", "", "app", "app", ""]
