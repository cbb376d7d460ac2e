"""Artifacts are what oras makes of the same files: the same bytes, and so the same digest."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from boxship import Client
from boxship.artifact.given import TITLE, Given
from boxship.digest import Digest
from boxship.errors import InvalidInput, InvalidSettings, NotFound
from boxship.testing import put_image, registry
from tests.peers.programs import docker_registry, skopeo_copy

CREATED = "org.opencontainers.image.created"


@dataclass(frozen=True, slots=True)
class Row:
    """What oras was given, and the digest of what it made."""

    digest: str
    files: Mapping[str, bytes]
    created: str
    kind: str = ""
    subject: str = ""
    config: bytes = b""


# oras' own recordings (test/e2e/testdata/zot), each pushed after what it refers to; that of 2000 is in oras-go's
# example_pack_test.go, and that of 2026 was made by oras-go 3.
ROWS = (
    Row("ab01d6e284e8", {"amd64": b"v1.3.8 linux/amd64 image\n"}, "2025-06-05T04:26:28Z"),
    Row("6aa11331ce0c", {"arm64": b"v1.3.8 linux/arm64 image\n"}, "2025-06-05T04:26:57Z"),
    Row(
        "20e7d3a6ce08", {"referrerimage": b"v1.3.8 referrer image"}, "2025-06-05T04:30:10Z", "referrer/image", "ab01d6"
    ),
    Row("359bac7f6a26", {"sbom": b"v1.3.8 sbom image"}, "2025-06-05T04:31:39Z", "sbom/file", "6aa113"),
    Row("938419ae89a9", {"signature": b"v1.3.8 signature image"}, "2025-06-05T04:32:38Z", "signature/file", "359bac"),
    Row("7156dd4030da", {}, "2023-11-06T08:07:54Z", "test/empty.artifact"),
    Row("c259a195a48d", {}, "2000-01-01T00:00:00Z", "application/vnd.example+type"),
    Row(
        "f1232853dc9a",
        {"hi.txt": b"hi\n", "d/note": b"1\n"},
        "2026-01-02T03:04:05Z",
        "application/x-n",
    ),
    Row("9d16f5505246", {"artifactfile": b"my artifact\n"}, "2024-08-22T08:22:13Z", config=b"sometext\n"),
)


def test_the_digests_are_those_of_oras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made: dict[str, Digest] = {}
    with Client() as client:
        for row in ROWS:
            for name, content in row.files.items():
                Path(name).parent.mkdir(exist_ok=True)
                Path(name).write_bytes(content)
            Path("config").write_bytes(row.config)
            if row.subject:
                subject = next(digest for digest in made.values() if digest.hex.startswith(row.subject))
                files, at = [*row.files], f"oci:layout:{subject}"
                copied = client.attach(at, files, artifact_type=row.kind, created=row.created)
            else:
                copied = client.push_artifact(
                    f"oci:layout:{row.digest}",
                    [*row.files],
                    artifact_type=row.kind,
                    created=row.created,
                    config="config" if row.config else None,
                )
            made[row.digest] = copied.digest
    assert {name: digest.hex[:12] for name, digest in made.items()} == {row.digest: row.digest for row in ROWS}


def test_files_have_the_titles_that_they_can_be_taken_out_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "inside"
    (inside / "deep").mkdir(parents=True)
    monkeypatch.chdir(inside)
    called = {
        text: Given.parse(text).called for text in ("a", "./deep/../a", "deep/a", "../b", str(tmp_path / "c"), ".")
    }
    assert called == {
        "a": "a",
        "./deep/../a": "a",
        "deep/a": "deep/a",
        "../b": "b",
        str(tmp_path / "c"): "c",
        ".": "inside",
    }


def test_the_last_colon_begins_the_media_type() -> None:
    assert Given.parse("a:text/plain") == Given("a", "text/plain")
    assert Given.parse("a:b:") == Given("a:b")
    assert Given.parse("-:application/spdx+json") == Given("-", "application/spdx+json")
    with pytest.raises(InvalidInput, match=r"written with one more: a:b:"):
        Given.parse("a:b")
    with pytest.raises(InvalidInput, match="has no path"):
        Given.parse(":text/plain")


def test_a_folder_is_a_tar_of_its_title_as_oras_takes_it_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a/site/sub").mkdir(parents=True)
    Path("a/site/one").write_bytes(b"1")
    Path("a/site/sub/two").hardlink_to("a/site/one")
    Path("a/site/link").symlink_to("sub/two")
    os.mkfifo("a/site/fifo")
    with Client() as client:
        first = client.push_artifact("oci:layout:1", ["a/site"])
        os.utime("a/site/one", (5, 5))
        assert client.push_artifact("oci:layout:2", ["a/site"]).digest == first.digest
        manifest = json.loads(client.raw("oci:layout:1"))
    (layer,) = manifest["layers"]
    blob = Path("layout/blobs/sha256", layer["digest"].partition(":")[2]).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as tar:
        found = {member.name: (member.type, member.mtime, member.uid) for member in tar}
        plain = gzip_plain(blob)
    regular, folder, link = (tarfile.REGTYPE, 0, 0), (tarfile.DIRTYPE, 0, 0), (tarfile.SYMTYPE, 0, 0)
    assert found == {
        "a/site": folder,
        "a/site/link": link,
        "a/site/one": regular,
        "a/site/sub": folder,
        "a/site/sub/two": regular,  # which oras would look for beside the link
    }
    assert layer["annotations"] == {
        "io.deis.oras.content.digest": str(Digest.of(plain)),
        "io.deis.oras.content.unpack": "true",
        TITLE: "a/site",
    }


def gzip_plain(blob: bytes) -> bytes:
    return gzip.decompress(blob)


def manifest_of(client: Client, where: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(client.raw(where))
    return told


def test_when_it_was_made_is_said_where_somebody_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(b"1")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    with Client() as client:
        one = client.push_artifact("oci:layout:1", ["a"])
        assert client.push_artifact("oci:layout:2", ["a"]).digest == one.digest
        assert "annotations" not in manifest_of(client, "oci:layout:1")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
        client.push_artifact("oci:layout:3", ["a"])
        assert manifest_of(client, "oci:layout:3")["annotations"] == {CREATED: "1970-01-02T00:00:00Z"}
        client.push_artifact("oci:layout:4", ["a"], created="now", annotations={"b": "2", "a": "1"})
        said = manifest_of(client, "oci:layout:4")["annotations"]
        assert list(said) == ["a", "b", CREATED]
        assert said[CREATED] > "2026"
        with pytest.raises(InvalidInput, match="yesterday"):
            client.push_artifact("oci:layout:5", ["a"], created="yesterday")
        for wrong in ("soon", "9" * 12, "9" * 5000):
            monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
            with pytest.raises(InvalidSettings, match="SOURCE_DATE_EPOCH"):
                client.push_artifact("oci:layout:5", ["a"])


def test_what_cannot_be_an_artifact_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_bytes(b"1")
    Path("b").mkdir()
    Path("b/a").write_bytes(b"2")
    with Client() as client:
        client.push_artifact("oci:layout:1", ["a"])
        with pytest.raises(InvalidInput, match="no such file"):
            client.push_artifact("oci:layout:2", ["none"])
        with pytest.raises(InvalidInput, match="two files are called a"):
            client.push_artifact("oci:layout:2", ["a", str(tmp_path / "b/a")])
        with pytest.raises(InvalidInput, match="artifact type"):
            client.push_artifact("oci:layout:2", ["a"], artifact_type="sbom")
        with pytest.raises(InvalidInput, match="neither a file nor an annotation"):
            client.attach("oci:layout:1", artifact_type="a/b")
        with pytest.raises(InvalidInput, match="no artifact type"):
            client.attach("oci:layout:1", ["a"], artifact_type="")
        with pytest.raises(NotFound):
            client.attach("oci:layout:none", ["a"], artifact_type="a/b")
        with pytest.raises(InvalidInput, match="beside its subject"):
            client.push_artifact("oci:other:1", ["a"], subject="oci:layout:1")
        with pytest.raises(InvalidInput, match="beside its subject"):  # which is not asked for
            client.push_artifact("oci:other:1", ["a"], subject="oci:layout:none")
        assert not Path("other").exists()


def test_what_is_attached_is_found_by_its_subject_in_a_registry_and_has_no_tag(tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_bytes(b"{}")
    with registry() as running, Client() as client:
        at = f"{running.address}/app"
        image = put_image(running.address, "app", "1")
        attached = client.attach(f"{at}:1", [tmp_path / "sbom.json"], artifact_type="application/spdx+json")
        pushed = client.push_artifact(f"{at}:note", [tmp_path / "sbom.json"], artifact_type="a/b", subject=f"{at}:1")
        assert sorted(client.tags(at)) == ["1", "note"]
        with client.api("GET", running.address, f"/v2/app/referrers/{image}") as answer:
            listed = json.loads(answer.read(1 << 20))["manifests"]
    assert {(one["digest"], one["artifactType"]) for one in listed} == {
        (str(attached.digest), "application/spdx+json"),
        (str(pushed.digest), "a/b"),
    }


@pytest.mark.peer("skopeo", "docker-registry")
def test_skopeo_copies_an_artifact_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site").mkdir()
    Path("site/a").write_bytes(b"1")
    Path("theirs").mkdir()
    with docker_registry(tmp_path / "theirs") as theirs, Client() as client:
        made = client.push_artifact("oci:ours:1", ["site"], artifact_type="application/x-site")
        skopeo_copy("oci:ours:1", f"docker://{theirs}/site:1")
        skopeo_copy(f"docker://{theirs}/site:1", "oci:back:1")
        assert client.digest(f"{theirs}/site:1") == made.digest
        assert not client.validate(f"{theirs}/site:1").findings
        client.pull_artifact("oci:back:1", "out")
        assert Path("out/site/a").read_bytes() == b"1"
