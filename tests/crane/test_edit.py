"""What is edited: the document or the file is the one that standard input has, with either program."""

from __future__ import annotations

import json
import tarfile

import pytest

from boxship import Client
from tests.crane.stage import Stage


def test_a_configuration_is_replaced(stage: Stage) -> None:
    part = stage.part("edit-config")
    given = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
    for line in ("copy {at}/base:1 {new}:1", f"edit config {{new}}:1 --tag {{new}}:2 <<< {json.dumps(given)}"):
        assert part.run(line).status == 0
    with Client() as client:
        assert client.config(part.fill("{new}:2")).raw == json.dumps(given).encode()
        assert str(client.digest(part.fill("{new}:1"))) == part.digests["base:1"]


@pytest.mark.parametrize("flag", ["-m", "--media-type"])
def test_a_manifest_is_replaced_with_the_media_type_that_is_told(stage: Stage, flag: str) -> None:
    part = stage.part(f"edit-manifest{flag}")
    kind, given = "application/vnd.oci.image.index.v1+json", '{"schemaVersion":2,"manifests":[]}'
    line = f"edit manifest {{at}}/app:1 {flag} {kind} --tag {{new}}:1 <<< {given}"
    assert part.run(line).status == 0
    with Client() as client:
        document = client.document(part.fill("{new}:1"))
    assert (document.raw, document.media_type) == (given.encode(), kind)


def test_a_file_is_replaced_or_made(stage: Stage) -> None:
    part = stage.part("edit-fs")
    lines = (
        "edit fs {at}/app:1 --filename etc/version --tag {new}:1 <<< other",
        "edit fs {new}:1 -f /new/file -t {new}:2 <<< new",
        "validate --remote {new}:2",
        "export {new}:2 out.tar",
    )
    assert [part.run(line).status for line in lines] == [0, 0, 0, 0]
    with tarfile.open(part.here / "out.tar") as tar:
        found = {member.name.lstrip("/"): tar.extractfile(member) for member in tar if member.isreg()}
        told = {name: file.read() for name, file in found.items() if file}
    assert (told["etc/version"], told["new/file"], told["app"]) == (b"other", b"new", b"#!/bin/sh\n")
