"""Which images files name, and where: charts, all kinds of objects, compose, lists, and files that are hostile."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
import yaml

from boxship.audit.compose import read_env
from boxship.audit.kubernetes import IMAGE_LIKE
from boxship.audit.sources import Reading, read_files, uses_in
from boxship.audit.use import Complaint, Text, Use
from boxship.errors import InvalidSettings, MissingExtra
from tests.audit import charts

AT = "reg.corp"
TEXTS = {"bitnami": charts.BITNAMI, "platform": charts.PLATFORM, "operator": charts.OPERATOR, "compose": charts.COMPOSE}


def uses(text: str, file: str = "k.yaml", **words: object) -> list[Use]:
    found = uses_in(Text(file, text), Reading(**words))  # type: ignore[arg-type]
    assert found.complaints == ()
    for use in found.uses:
        assert use.written in text[use.start : use.end] or "\\" in text[use.start : use.end] or "\n" in text
    return list(found.uses)


def images(text: str, file: str = "k.yaml", **words: object) -> list[str]:
    return [use.image for use in uses(text, file, **words)]


def complaints(text: str, file: str = "k.yaml", **words: object) -> list[Complaint]:
    return list(uses_in(Text(file, text), Reading(**words)).complaints)  # type: ignore[arg-type]


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("name", TEXTS)
def test_each_image_is_found_where_it_stands(name: str, bom: str, breaks: str) -> None:
    text = bom + TEXTS[name].replace("{at}", AT).replace("\n", breaks)
    found = uses(text, "-", patterns=IMAGE_LIKE if name == "operator" else ())
    assert [(use.image, use.line, use.what) for use in found] == [
        (image.replace("{at}", AT), line, what) for image, line, what in charts.EXPECTED[name]
    ]
    for use in found:
        assert use.at == f"-:{use.line}"
        assert text.split("\n")[use.line - 1][use.column - 1 :].startswith(text[use.start : use.end].rstrip())


@pytest.mark.parametrize("name", TEXTS)
def test_without_libyaml_it_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TEXTS[name].replace("{at}", AT)
    before = uses(text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert uses(text) == before


def test_fields_of_custom_resources_are_told_by_their_paths() -> None:
    text = charts.OPERATOR.replace("{at}", AT)
    assert images(text) == []
    assert images(text, patterns=["spec.imageName"]) == [f"{AT}/cnpg/postgresql:16"]
    assert images(text, patterns=["spec.*.image"]) == [f"{AT}/thanos/thanos:v0"]
    assert images(text, patterns=["spec.description"]) == []  # it has spaces, which no image has


def test_an_image_may_be_written_in_parts() -> None:
    text = (
        "kind: VMSingle\nmetadata: {name: db}\nspec:\n  image: {repository: reg.corp/vm/single, tag: v1}\n"
        "sidecar:\n  image:\n    registry: reg.corp\n    repository: side\n    tag: 2\n    pullPolicy: Always\n"
        f"other: {{image: {{repository: a, digest: sha256:{'0' * 64}}}, chart: {{repository: https://charts.corp}}}}\n"
    )
    found = uses(text, patterns=IMAGE_LIKE)
    assert [use.image for use in found] == ["reg.corp/vm/single:v1", "reg.corp/side:2", f"a@sha256:{'0' * 64}"]
    assert [(use.line, use.written, use.apart) for use in found[:2]] == [
        (4, "reg.corp/vm/single", ("tag",)),
        (8, "side", ("registry", "tag")),
    ]
    assert found[0].what == "VMSingle db, spec.image"
    assert images(text) == []


def test_json_of_kubectl_is_read_with_its_lines() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "b", "image": "reg.corp/c:1"}]}}
    text = json.dumps({"kind": "List", "items": [pod]}, indent=4)
    assert [(use.image, use.what) for use in uses(text, "-")] == [("reg.corp/c:1", "Pod a, container b")]
    assert '"reg.corp/c:1"' in text.split("\n")[uses(text, "-")[0].line - 1]


def test_variables_of_compose_are_the_environment_s() -> None:
    text = "services:\n  a: {image: '${REGISTRY:-reg.corp}/app:${TAG}'}\n  b: {image: 'x${EMPTY+y}:$TAG'}\n"
    environment = {"TAG": "7", "EMPTY": ""}
    assert images(text, environment=environment) == ["reg.corp/app:7", "xy:7"]
    assert images(text, environment={**environment, "REGISTRY": "a.corp"}) == ["a.corp/app:7", "xy:7"]
    (first, second) = complaints(text)
    assert (first.at, "TAG" in first.words) == ("k.yaml:2", True)
    assert second.line == 3


def test_a_file_beside_says_what_the_environment_does_not(tmp_path: Path) -> None:
    lines = (
        "A=1",
        "export B='two words' # why",
        'C="3" ',
        "D=4#5  # why",
        "E: 6",
        "# F=7",
        "G=",
        "H=a=b",
        "é",
        "J=a b",
    )
    (tmp_path / ".env").write_text("\r\n".join(lines))
    found = read_env((tmp_path / ".env").read_text())
    expected = {"A": "1", "B": "two words", "C": "3", "D": "4#5", "E": "6", "G": "", "H": "a=b", "J": "a b"}
    assert found == expected
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'a:${A}'}, b: {image: 'b:${E}${G-9}'}}")
    (text,) = read_files([str(tmp_path / "compose.yaml")])
    assert isinstance(text, Text)
    assert [use.image for use in uses_in(text, Reading(environment={"A": "0"})).uses] == ["a:0", "b:6"]


@pytest.mark.parametrize(
    "text",
    [
        "# images\nreg.corp/a:1\n\n  b@sha256:{0}   # why\n[::1]:5000/c\n",
        f"reg.corp/a:1 sha256:{'0' * 64}\nb@sha256:{{0}} sha256:{'1' * 64}\r\n[::1]:5000/c",
    ],
)
def test_a_list_has_an_image_a_line(text: str) -> None:
    text = text.replace("{0}", "0" * 64)
    assert images(text, "images.txt") == ["reg.corp/a:1", f"b@sha256:{'0' * 64}", "[::1]:5000/c"]


@pytest.mark.parametrize("text", ["- reg.corp/a:1\n- 'b:2'\n", '["reg.corp/a:1", "b:2"]'])
def test_a_list_may_be_yaml(text: str) -> None:
    assert images(text, "-") == ["reg.corp/a:1", "b:2"]


def test_a_folder_s_yaml_is_read_and_what_is_hidden_is_not(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.yml", "d.json", ".git/e.yaml", "a/.f.yaml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("[]")
    found = [text.file for text in read_files([str(tmp_path)])]
    assert found == [str(tmp_path / name) for name in ("a/c.yml", "b.yaml", "d.json")]
    (tmp_path / "link.yaml").symlink_to(tmp_path / "b.yaml")
    again = [str(tmp_path), str(tmp_path / "b.yaml"), f"{tmp_path}/a/../b.yaml", "-", "-"]
    assert [text.file for text in read_files(again)] == [*found, "-"]
    with pytest.raises(InvalidSettings, match="gone"):
        list(read_files([str(tmp_path / "gone")]))
    (tmp_path / "g.yaml").write_bytes(b"a: 1\nb: \xff\n")
    (complaint,) = read_files([str(tmp_path / "g.yaml")])
    assert isinstance(complaint, Complaint)
    assert (complaint.line, complaint.words) == (2, "this is not UTF-8")


POD = "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: reg.corp/good:1}]}\n"
_LINES = [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 12)]
BOMB = "\n".join(["kind: Bomb", "image: 1", "a0: &a0 {containers: [{image: reg.corp/lol:1}]}", *_LINES, ""])


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("image: [a, b\n", 5),
        ("a: image\n\tb: 1\n", 6),
        ("image: *nobody\n", 5),
        ("image: a\x00b\n", 5),
        ("image: \x07\n", 5),
        ("image: {{ .Values.image }}:1\n", 5),
        ("image: " + "[" * 5000 + "]" * 5000 + "\n", 5),
        ("image: !!python/object/apply:os.system [ls\n", 5),
    ],
)
def test_a_broken_document_is_said_with_its_line_and_the_others_are_read(broken: str, line: int) -> None:
    found = uses_in(Text("k.yaml", f"{POD}---\n{broken}---\n{POD}"), Reading())
    assert [use.image for use in found.uses] == ["reg.corp/good:1"] * 2
    assert len(found.complaints) == 1
    assert found.complaints[0].line in (line, line + 1)
    assert ("helm template" in found.complaints[0].words) == ("{{" in broken)


def test_a_bomb_of_aliases_is_no_more_than_its_text() -> None:
    began = time.monotonic()
    assert images(BOMB) == ["reg.corp/lol:1"]
    assert time.monotonic() - began < 5


def test_a_bomb_in_the_place_of_a_name_has_no_name() -> None:
    began = time.monotonic()
    assert images(f"{BOMB}? *a11\n: {{containers: [{{image: b:1}}]}}\n") == ["reg.corp/lol:1", "b:1"]
    services = "services:\n  ? *a11\n  : {image: c:1}\n"
    assert [use.what for use in uses(BOMB.replace("kind: Bomb", "") + services)] == ["service"]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "kind: A\nx: &x [*x, {containers: [{image: a:1}]}]\n",
        "kind: A\nx: &x {y: *x, containers: [{image: a:1}]}\n",
        "kind: A\nx: &x {<<: *x, containers: [{<<: *x, image: a:1}]}\n",
    ],
)
def test_what_has_itself_in_it_is_read_once(text: str) -> None:
    assert images(text) == ["a:1"]


@pytest.mark.parametrize(
    ("value", "image"),
    [
        ("|\n          reg.corp/a:1\n", "reg.corp/a:1"),
        (">-\n          reg.corp/a:1\n", "reg.corp/a:1"),
        ('"reg.corp\\/a:\\x31"', "reg.corp/a:1"),
        ("!!str reg.corp/a:1", "reg.corp/a:1"),
        ("&anchor reg.corp/a:1 # why", "reg.corp/a:1"),
        ("'reg.corp/a:1'", "reg.corp/a:1"),
    ],
)
def test_every_way_to_write_a_scalar_is_read(value: str, image: str) -> None:
    assert images(f"kind: Pod\nspec:\n    containers:\n      - image: {value}\n") == [image]


@pytest.mark.parametrize("text", ["{0}, {1}", "<<: &a {{{0}}}, {1}", "{0}, <<: &a {{x: 1}}, {1}"])
def test_of_two_of_a_name_the_last_counts(text: str) -> None:
    container = text.format("image: first:1", "image: last:1")
    assert images(f"kind: Pod\nspec:\n  containers: [{{{container}}}]\n") == ["last:1"]


@pytest.mark.parametrize("value", ["", "~", "null", "{a: b}", "[a]", '""'])
def test_what_is_no_image_is_none(value: str) -> None:
    assert images(f"kind: Pod\nspec:\n  containers:\n  - image: {value}\n    name: a\n") == []


def test_documents_end_and_begin_as_yaml_says() -> None:
    last = "--- {kind: Pod, spec: {containers: [{image: a}]}}\n"
    text = f"%YAML 1.1\n--- # first\n{POD}...\n---\n{POD}---\n{POD}{last}"
    assert images(text) == ["reg.corp/good:1"] * 3 + ["a"]
    assert images(f"---\n{POD}---x: 1\n---\n") == ["reg.corp/good:1"]  # `---x` is a name


def test_without_the_extra_a_list_is_read_and_yaml_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert images("reg.corp/a:1\n", "images.txt") == ["reg.corp/a:1"]
    with pytest.raises(MissingExtra, match=r"boxship\[yaml\]"):
        images(POD)
