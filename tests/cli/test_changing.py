"""crane's flags of the verbs that change images: what they mean, and what they print."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from boxship.testing import Image, put_image, registry
from tests.cli.running import boxship
from tests.formats.stores import file, tar_of


def run_config(address: str, name: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(boxship("config", f"{address}/{name}").output)["config"]
    return told


def test_what_issue_8_shows(tmp_path: Path) -> None:
    (tmp_path / "app.tar").write_bytes(tar_of([file("app", b"#!/bin/sh\n")]))
    with registry() as server:
        at = server.address
        put_image(at, "alpine", "latest")
        made = boxship("append", "-b", f"{at}/alpine", "-f", str(tmp_path / "app.tar"), "-t", f"{at}/reg/app:1")
        assert made.output.startswith(f"{at}/reg/app@sha256:")
        assert boxship("digest", made.output.strip()).output == made.output.partition("@")[2]
        changed = boxship("mutate", "-l", "team=a", "--entrypoint", "/app", f"{at}/reg/app:1", "-t", f"{at}/reg/app:2")
        assert changed.status == 0
        assert run_config(at, "reg/app:2") == {"Labels": {"team": "a"}, "Entrypoint": ["/app"]}
        assert boxship("flatten", f"{at}/reg/app:2", "-t", f"{at}/reg/app:3").status == 0
        assert boxship("validate", f"{at}/reg/app:3").status == 0


def test_the_short_flags_are_those_of_crane(tmp_path: Path) -> None:
    with registry() as server:
        at = server.address
        put_image(at, "app", "1")
        words = ("-a", "n=1", "-e", "A=b=c", "-u", "me", "-w", "/w", "--cmd", "a,b", "--exposed-ports", "80/tcp,90/udp")
        assert boxship("mutate", f"{at}/app:1", *words, "-o", str(tmp_path / "out.tar")).status == 0
        with tarfile.open(tmp_path / "out.tar") as tar:
            (listed,) = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
            told = json.loads(tar.extractfile(listed["Config"]).read())["config"]  # type: ignore[union-attr]
        assert listed["RepoTags"] == [f"{at}/app:1"]
        ports: dict[str, object] = {"80/tcp": {}, "90/udp": {}}
        assert told == {"Env": ["A=b=c"], "Cmd": ["a", "b"], "User": "me", "WorkingDir": "/w", "ExposedPorts": ports}


def test_without_a_tag_it_is_changed_in_its_place_and_by_digest_beside_itself() -> None:
    with registry() as server:
        at = server.address
        before = put_image(at, "app", "1")
        first = boxship("mutate", f"{at}/app:1", "-l", "a=1").output.strip()
        assert boxship("digest", f"{at}/app:1").output.strip() == first.partition("@")[2] != str(before)
        second = boxship("mutate", f"{at}/app@{before}", "-l", "b=1").output.strip()
        assert boxship("digest", f"{at}/app:1").output.strip() == first.partition("@")[2]
        assert boxship("digest", second).status == 0
        other = boxship("mutate", f"{at}/app:1", "-l", "b=1", "--repo", f"{at}/other").output.strip()
        assert other.startswith(f"{at}/other@")
        assert boxship("ls", f"{at}/other").output == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-l", "a"), "it is not written NAME=VALUE"),
        (("--remove", "x"), "it is none of"),
        (("--repo", "a", "-t", "b"), "a repository alone has the result by its digest"),
        (("--set-platform", "linux"), "a platform is os/architecture"),
    ],
)
def test_what_cannot_be_meant_is_said(words: tuple[str, ...], why: str) -> None:
    outcome = boxship("mutate", "127.0.0.1:1/app:1", *words)
    assert outcome.status == 2
    assert why in outcome.errors


def test_indexes_by_cranes_words(tmp_path: Path) -> None:
    with registry() as server:
        at = server.address
        for name in ("amd64", "arm64"):
            put_image(at, name, "1", Image.of([tar_of([file(name)])], platform=f"linux/{name}"))
        made = boxship("index", "append", "-m", f"{at}/amd64:1", "-m", f"{at}/arm64:1", "-t", f"{at}/app:1")
        assert made.output.startswith(f"{at}/app@sha256:")
        listed = boxship("index", "list", f"{at}/app:1").output.splitlines()
        assert [line.split()[-1] for line in listed] == ["Platform", "linux/amd64", "linux/arm64"]
        assert listed[1].index("application/") == 72  # a digest is longer than its column, as in crane
        few = boxship(
            "index", "filter", f"{at}/app:1", "--platform", "linux/arm64", "-t", f"{at}/app:arm"
        ).output.strip()
        assert len(boxship("index", "list", few).output.splitlines()) == 2
        other = boxship("index", "create", f"{at}/amd64:1", "-t", f"oci:{tmp_path}/layout:1", "-a", "x=y")
        assert (other.status, other.output) == (0, "")
        assert boxship("index", "list", f"{at}/amd64:1").status == 1
        assert "neither an index nor --tag is given" in boxship("index", "append", "-m", f"{at}/amd64:1").errors


def test_documents_come_from_standard_input() -> None:
    with registry() as server:
        at = server.address
        put_image(at, "app", "1")
        told = json.loads(boxship("config", f"{at}/app:1").output) | {"author": "me"}
        made = boxship("edit", "config", f"{at}/app:1", "-t", f"{at}/app:2", given=json.dumps(told).encode())
        assert made.status == 0
        assert json.loads(boxship("config", f"{at}/app:2").output) == told
        raw = boxship("manifest", f"{at}/app:2").raw
        assert boxship("edit", "manifest", f"{at}/app:2", given=raw + b"\n").status == 0
        assert boxship("manifest", f"{at}/app:2").raw == raw + b"\n"
        assert boxship("edit", "manifest", f"{at}/app:2", given=b"nonsense").status == 2
