"""Images of other types, with layers that are compressed otherwise or have fewer files."""

from __future__ import annotations

import gzip
import os

import pytest

from boxship import Client
from boxship.errors import UnexpectedAnswer
from boxship.image.convert import Conversion
from boxship.media_type import DOCKER_LIST, OCI_INDEX
from tests.formats.stores import file, folder, link
from tests.verbs.changed import AMD_AND_ARM, BASE, blob, config, image, manifest, names, opened, put, sound


def test_types_go_to_docker_and_back(layout: str) -> None:
    put(layout, "1", *(image(*BASE, platform=f"linux/{name}") for name in ("amd64", "arm64")), platforms=AMD_AND_ARM)
    with Client() as client:
        client.mutate(f"{layout}:1", f"{layout}:2", conversion=Conversion(types="docker"))
        assert manifest(client, f"{layout}:2")["mediaType"] == DOCKER_LIST
        assert sound(client, f"{layout}:2")
        back = client.mutate(f"{layout}:2", f"{layout}:3", conversion=Conversion(types="oci"))
        assert manifest(client, f"{layout}:3")["mediaType"] == OCI_INDEX
        assert client.mutate(f"{layout}:3", f"{layout}:4", conversion=Conversion(types="oci")).digest == back.digest


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_layers_are_compressed_otherwise(layout: str, compression: str) -> None:
    noise = os.urandom(3 << 20)
    put(layout, "1", image([file("etc/noise", noise), file("etc/text", b"text " * 100_000)], *BASE))
    with Client() as client:
        there = client.mutate(f"{layout}:1", f"{layout}:2", conversion=Conversion(compression=compression))
        kinds = {layer["mediaType"].rpartition(".tar")[2] for layer in manifest(client, f"{layout}:2")["layers"]}
        assert kinds == {"" if compression == "none" else f"+{compression}"}
        assert config(client, f"{layout}:2") == config(client, f"{layout}:1")  # what is in them is the same
        assert sound(client, f"{layout}:2")
        again = client.mutate(f"{layout}:1", f"{layout}:3", conversion=Conversion(compression=compression))
        assert again.digest == there.digest


def test_docker_has_no_zstd(layout: str) -> None:
    put(layout, "1", image(*BASE))
    with Client() as client, pytest.raises(UnexpectedAnswer, match="Docker has no media type"):
        client.mutate(f"{layout}:1", conversion=Conversion(types="docker", compression="zstd"))


def test_files_are_taken_out_of_the_layers_that_have_them(layout: str) -> None:
    secret = [folder("root"), file("root/.ssh/key", b"s3cret"), file("keep", b"1")]
    put(layout, "1", image(*BASE, secret, [file("root/.ssh/.wh.key"), file("last")]))
    with Client() as client:
        client.mutate(f"{layout}:1", f"{layout}:2", conversion=Conversion(strip=("/root/.ssh", "nowhere")))
        before, after = (manifest(client, f"{layout}:{name}")["layers"] for name in "12")
        assert before[:2] == after[:2]
        assert before[2:] != after[2:]
        assert sound(client, f"{layout}:2")
        with opened(client, f"{layout}:2") as (store, _):
            contents = b"".join(gzip.decompress(blob(store, layer)) for layer in after)
        assert b"s3cret" not in contents
        assert names(client, f"{layout}:2") == ["bin/sh", "etc/hosts", "etc/release", "keep", "last", "root"]


def test_a_file_that_goes_takes_no_other_name_with_it(layout: str) -> None:
    put(layout, "1", image([file("a", b"1"), link("b", "a")]))
    with Client() as client, pytest.raises(UnexpectedAnswer, match="b is the same file as a"):
        client.mutate(f"{layout}:1", conversion=Conversion(strip=("a",)))
