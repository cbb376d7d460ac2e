"""Indexes are made of images from anywhere, and filtered."""

from __future__ import annotations

import pytest

from boxship import Client
from boxship.errors import UnexpectedAnswer
from boxship.testing import registry
from tests.formats.stores import file
from tests.verbs.changed import BASE, image, manifest, put, sound


def test_an_index_is_made_of_what_is_anywhere_and_filtered(layout: str) -> None:
    one, two, three = (image(*BASE, [file(name)], platform=f"linux/{name}") for name in ("amd64", "arm64", "riscv64"))
    put(layout, "one", one)
    put(layout, "both", two, three, platforms=["linux/arm64", "linux/riscv64"])
    with registry() as server, Client() as client:
        at = server.address
        client.make_index([f"{layout}:one", f"{layout}:both"], f"{at}/app:1", annotations={"a": "b"})
        made = manifest(client, f"{at}/app:1")
        assert made["annotations"] == {"a": "b"}
        assert [entry["platform"]["architecture"] for entry in made["manifests"]] == ["amd64", "arm64", "riscv64"]
        assert sound(client, f"{at}/app:1")
        client.filter_index(f"{at}/app:1", f"{layout}:few", platforms=["linux/amd64", "linux/riscv64"])
        assert [entry["digest"] for entry in manifest(client, f"{layout}:few")["manifests"]] == [
            str(one.digest),
            str(three.digest),
        ]
        assert sound(client, f"{layout}:few")
        client.make_index([f"{layout}:one"], f"{layout}:nested", base=f"{layout}:few", flatten=False)
        assert len(manifest(client, f"{layout}:nested")["manifests"]) == 2  # it has it already
        client.filter_index(f"{at}/app:1", platforms=["windows"])
        assert manifest(client, f"{at}/app:1")["manifests"] == []


def test_an_image_is_no_index(layout: str) -> None:
    put(layout, "1", image(*BASE))
    with Client() as client, pytest.raises(UnexpectedAnswer, match="is no index"):
        client.filter_index(f"{layout}:1", platforms=["linux"])
