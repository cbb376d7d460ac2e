"""Layers become one, or stand on another base."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import InvalidInput, UnexpectedAnswer
from boxship.image.changes import Changes
from boxship.testing import put_image, registry
from tests.formats.stores import file, tar_of
from tests.verbs.changed import BASE, config, described, image, manifest, names, put, sound


def test_one_layer_has_what_can_be_seen(layout: str) -> None:
    history = [{"created_by": "one"}, {"created_by": "two"}, {"created_by": "three"}]
    put(layout, "1", described(image(*BASE, [file("etc/.wh.hosts"), file("new", b"2")]), history=history))
    with Client() as client:
        before = names(client, f"{layout}:1")
        first = client.flatten(f"{layout}:1", f"{layout}:2")
        assert client.flatten(f"{layout}:1", f"{layout}:3").digest == first.digest
        assert len(manifest(client, f"{layout}:2")["layers"]) == 1
        (said,) = config(client, f"{layout}:2")["history"]
        assert json.loads(said["comment"]) == history
        assert names(client, f"{layout}:2") == before
        assert sound(client, f"{layout}:2")


def test_an_image_is_put_on_another_base_by_what_its_annotations_say(tmp_path: Path) -> None:
    (tmp_path / "app.tar").write_bytes(tar_of([file("app", b"1")]))
    with registry() as server, Client() as client:
        at = server.address
        put_image(at, "base", "latest", image(*BASE))
        client.append([tmp_path / "app.tar"], f"{at}/app:1", base=f"{at}/base", annotate=True)
        new = image([file("etc/release", b"2")], [file("etc/hosts", b"h")], [file("third")])
        put_image(at, "base", "latest", new)
        client.rebase(f"{at}/app:1", f"{at}/app:2")
        made = manifest(client, f"{at}/app:2")
        assert [layer["digest"] for layer in made["layers"][:3]] == [
            layer["digest"] for layer in json.loads(new.manifest)["layers"]
        ]
        assert made["annotations"]["org.opencontainers.image.base.digest"] == str(new.digest)
        assert names(client, f"{at}/app:2") == ["app", "etc/hosts", "etc/release", "third"]
        assert sound(client, f"{at}/app:2")
        with pytest.raises(UnexpectedAnswer, match="is not based on"):
            client.rebase(f"{at}/app:1", old_base=f"{at}/base", new_base=f"{at}/base")


def test_a_base_that_nobody_names_is_asked_for(layout: str) -> None:
    put(layout, "1", image(*BASE))
    with Client() as client, pytest.raises(InvalidInput, match="say it with --new_base"):
        client.rebase(f"{layout}:1")


def test_an_artifact_is_no_image(layout: str) -> None:
    one = image(*BASE)
    fields = json.loads(one.manifest)
    fields["config"]["mediaType"] = "application/vnd.oci.empty.v1+json"
    put(layout, "1", replace(one, manifest=json.dumps(fields).encode()))
    with Client() as client, pytest.raises(UnexpectedAnswer, match="is no image"):
        client.mutate(f"{layout}:1", f"{layout}:2", changes=Changes(labels={"a": "1"}))
