"""`inspect` and `history` as people run them: tables, JSON, templates."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from boxship.testing import Image, RunningRegistry, put_image, registry
from tests.cli.running import boxship, three_parts
from tests.formats.stores import file, tar_of
from tests.verbs.changed import described

LAYERS = [tar_of([file("a", b"1")]), tar_of([file("b", b"2")])]
IMAGE = described(
    Image.of(LAYERS),
    created="2026-01-02T03:04:05Z",
    config={"Labels": {"team": "a"}, "Env": ["A=1", "B=2"], "Cmd": ["/app"]},
    history=[{"created_by": "ADD \x1b[31mred"}, {"created_by": "ENV", "empty_layer": True}, {"created_by": "COPY"}],
)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        put_image(r.address, "app", "1", IMAGE)
        yield r


def test_a_table_is_for_people(running: RunningRegistry) -> None:
    lines = boxship("inspect", f"{running.address}/app:1").output.splitlines()
    told = dict(line.split(maxsplit=1) for line in lines if not line.startswith(" "))
    assert told["digest"] == str(IMAGE.digest)
    assert (told["platform"], told["cmd"], told["labels"]) == ("linux/amd64", "/app", "team=a")
    assert (told["env"], lines[lines.index(f"{'env':<14}A=1") + 1].strip()) == ("A=1", "B=2")


def test_json_has_a_schema(running: RunningRegistry) -> None:
    told = json.loads(boxship("inspect", f"{running.address}/app:1", "-o", "json").output)
    assert (told["schema"], told["digest"], told["env"]) == ("boxship.inspect/1", str(IMAGE.digest), ["A=1", "B=2"])


@pytest.mark.parametrize("words", [("--format", "{{.Digest}}"), ("-o", "go-template={{.Digest}}")])
def test_fields_are_asked_for_as_of_skopeo(running: RunningRegistry, words: tuple[str, str]) -> None:
    assert boxship("inspect", "-n", f"{running.address}/app:1", *words).output == f"{IMAGE.digest}\n"


def test_raw_are_the_very_bytes(running: RunningRegistry) -> None:
    assert boxship("inspect", "--raw", f"{running.address}/app:1").raw == IMAGE.manifest


def test_a_wrong_shape_is_said(running: RunningRegistry) -> None:
    done = boxship("inspect", f"{running.address}/app:1", "-o", "yaml")
    assert (done.status, "none of table, json" in done.errors) == (2, True)
    done = boxship("inspect", f"{running.address}/app:1", "--format", "{{Digest}}")
    assert (done.status, "is no field" in done.errors) == (2, True)
    assert boxship("inspect", f"{running.address}/none:1").status == 3


def test_the_history_begins_with_the_last_step(running: RunningRegistry) -> None:
    head, *lines = boxship("history", f"{running.address}/app:1").output.splitlines()
    assert head.split() == ["CREATED", "SIZE", "LAYER", "CREATED", "BY"]
    assert [line.split()[-1] for line in lines] == ["COPY", "ENV", "[31mred"]
    assert "\x1b" not in "".join(lines)


def test_the_history_s_steps_are_lines_of_json(running: RunningRegistry) -> None:
    done = boxship("history", f"{running.address}/app:1", "-o", "jsonl")
    told = [json.loads(line) for line in done.output.splitlines()]
    assert [one["empty_layer"] for one in told] == [False, True, False]
    assert [one["digest"] for one in told] == [str(digest) if digest else None for digest in _digests()]
    assert {one["schema"] for one in told} == {"boxship.history/1"}


def _digests() -> list[str | None]:
    one, two = (layer["digest"] for layer in json.loads(IMAGE.manifest)["layers"])
    return [one, None, two]


def test_an_index_in_a_layout_is_read_as_one_in_a_registry(running: RunningRegistry) -> None:
    done = boxship("inspect", "oci:/nowhere/at/all")
    assert (done.status, three_parts(done)[0] != "") == (3, True)
