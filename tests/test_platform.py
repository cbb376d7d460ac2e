from __future__ import annotations

import platform

import pytest

from boxship.errors import InvalidReference
from boxship.platform import Platform


@pytest.mark.parametrize(
    "text", ["linux/amd64", "linux/arm/v7", "windows/amd64:10.0.17763.1", "linux/arm64/v8:x:y", "unknown/unknown"]
)
def test_a_platform_is_read_and_written(text: str) -> None:
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux//v7", ":1", "linux:1"], ids=repr)
def test_what_is_no_platform_is_marked_whole(text: str) -> None:
    with pytest.raises(InvalidReference, match="a platform is os/architecture") as caught:
        Platform.parse(text)
    assert caught.value.span == (0, len(text))


@pytest.mark.parametrize(
    ("offered", "wanted", "fits"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/arm64", False),
        ("windows/amd64", "linux/amd64", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64", "linux/arm64/v9", False),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm", "linux/arm/v6", False),
        ("linux/arm/v6", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/amd64", "linux/amd64/v3", True),
        ("linux/amd64/v3", "linux/amd64", True),
        ("linux/amd64/v2", "linux/amd64/v3", False),
        ("windows/amd64:10.0.1", "windows/amd64", True),
        ("windows/amd64", "windows/amd64:10.0.1", True),
        ("windows/amd64:10.0.1", "windows/amd64:10.0.2", False),
    ],
)
def test_an_image_fits_what_is_wanted(offered: str, wanted: str, fits: bool) -> None:  # noqa: FBT001 -- a table's column
    assert Platform.parse(offered).satisfies(Platform.parse(wanted)) is fits


@pytest.mark.parametrize(
    ("system", "machine", "here"),
    [
        ("Linux", "x86_64", "linux/amd64"),
        ("Linux", "aarch64", "linux/arm64"),
        ("Linux", "armv7l", "linux/arm/v7"),
        ("Linux", "armv6l", "linux/arm/v6"),
        ("Linux", "s390x", "linux/s390x"),
        ("Darwin", "arm64", "linux/arm64"),
        ("Windows", "AMD64", "windows/amd64"),
    ],
)
def test_this_machines_platform_has_gos_name(
    system: str, machine: str, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert str(Platform.here()) == here
