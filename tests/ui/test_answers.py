"""Each question is answered with what the registry has, in the shape that docs/web-api.md says."""

from __future__ import annotations

import json
import shlex
import time
import urllib.request
from pathlib import Path
from typing import cast

import pytest

from boxship import Client
from boxship.digest import Digest
from boxship.testing import put_tags
from boxship.ui.questions import QUESTIONS
from tests.cli.running import boxship
from tests.ui.conftest import HOSTILE, fill
from tests.ui.serving import Json, Served, own_page

APP = {"repository": "team/app", "reference": "1.2"}
DOCS = (Path(__file__).parents[2] / "docs/web-api.md").read_text()


def listed(value: object) -> list[Json]:
    return cast("list[Json]", value)


def test_every_question_stands_on_its_page() -> None:
    assert [name for name, one in QUESTIONS.items() if f"`{one.method} api/{name}" not in DOCS] == []


def test_a_session_says_what_commands_call_the_registry(page: Served) -> None:
    session = page.ask("session").json
    assert (session["registry"], session["own"], session["changes"]) == (page.address, True, True)


def test_repositories_are_all_there(page: Served) -> None:
    reply = page.ask("repositories").json
    assert reply == {"repositories": ["lib/base", "team/app"], "matched": 2, "total": 2, "from": 0, "complete": True}


def test_a_repository_that_was_just_pushed_is_found(page: Served) -> None:
    page.ask("repositories")
    put_tags(page.address, "just/pushed", ["1"])
    with Client() as client:
        assert "just/pushed" in set(client.catalog(page.address))
    # A list is held for two seconds.
    end = time.monotonic() + 20
    while page.ask("repositories", match="just").json["matched"] != 1:
        assert time.monotonic() < end


def test_tags_come_with_the_highest_version_first(page: Served) -> None:
    reply = page.ask("tags", repository="team/app").json
    tags = cast("list[str]", reply["tags"])
    assert tags[:2] == ["1.10", "1.2"]
    assert set(tags[2:]) == {"same", "multi", "labelled"}
    assert page.ask("tags", repository="team/app", match="L", n=1, **{"from": 1}).json["matched"] == 2


def test_details_of_tags_are_lines(page: Served) -> None:
    lines = page.ask("details", repository="team/app", tag=["1.2", "multi", "none"]).lines
    told = {str(line["tag"]): line for line in lines}
    assert told["1.2"]["platforms"] == told["multi"]["platforms"] == ["linux/amd64"]
    assert cast("int", told["multi"]["size"]) > 0
    error = cast("Json", told["none"]["error"])
    assert error["kind"] == "NotFound"
    assert {hop["url"] for hop in listed(error["timeline"])} == {f"http://{page.address}/v2/team/app/manifests/none"}


def test_an_image_says_what_inspect_says(page: Served) -> None:
    reply = page.ask("image", **APP).json
    said = json.loads(boxship("inspect", "-o", "json", f"{page.address}/team/app:1.2").output)
    assert {name: value for name, value in said.items() if name not in ("schema", "name")}.items() <= reply.items()
    assert len(listed(page.ask("image", repository="team/app", reference="multi").json["images"])) == 1
    one = page.ask("image", repository="team/app", reference="multi", platform="linux/amd64").json
    assert one["digest"] == reply["digest"]


def test_documents_are_byte_for_byte(page: Served) -> None:
    with Client() as client:
        image = f"{page.address}/team/app:1.2"
        assert page.ask("manifest", **APP).json["text"] == client.document(image).raw.decode()
        assert page.ask("config", **APP).json["text"] == client.config(image).raw.decode()


def test_history_layers_and_waste_are_those_of_the_image(page: Served) -> None:
    steps = listed(page.ask("history", **APP).json["steps"])
    layers = listed(page.ask("layers", **APP).json["layers"])
    assert [step["digest"] for step in steps] == [layer["digest"] for layer in layers]
    assert (layers[0]["hidden"], layers[1]["removed"]) == (1, 1)


def test_a_folder_of_the_image_shows_what_all_layers_make(page: Served) -> None:
    reply = page.ask("files", **APP).json
    entries = {str(entry["name"]): entry for entry in listed(reply["entries"])}
    assert next(iter(entries)) == "usr"
    assert {"app", "bin", HOSTILE} < entries.keys()
    assert "old" not in entries
    assert (entries["bin"]["type"], entries["bin"]["target"]) == ("symlink", "usr/bin")
    through_the_link = listed(page.ask("files", **APP, path="/bin").json["entries"])
    assert [entry["name"] for entry in through_the_link] == ["sh"]


def test_a_folder_of_a_layer_shows_that_layer_alone(page: Served) -> None:
    low, top = (str(layer["digest"]) for layer in listed(page.ask("layers", **APP).json["layers"]))
    assert page.ask("files", **APP, layer=top).json["removed"] == ["old"]
    below = page.ask("files", **APP, layer=low, path="usr/bin").json
    assert [entry["name"] for entry in listed(below["entries"])] == ["sh"]
    assert page.ask("files", **APP, layer=low, path="none").status == 404
    assert page.ask("files", **APP, layer=f"sha256:{'0' * 64}").status == 404


def test_what_refers_to_an_image_is_a_tree(page: Served) -> None:
    (note,) = listed(page.ask("referrers", **APP).json["referrers"])
    assert (note["artifactType"], cast("Json", note["annotations"])["words"]) == ("text/x-notes", HOSTILE)


def test_a_difference_is_what_diff_says(page: Served) -> None:
    reply = page.ask("diff", repository="team/app", before="1.2", after="1.10").json
    said = json.loads(
        boxship("diff", "-o", "json", *(f"{page.address}/team/app:{tag}" for tag in ("1.2", "1.10"))).output
    )
    assert {**reply, "schema": said["schema"]} == said
    other = page.ask("diff", repository="team/app", before="1.2", other="lib/base", after="1").json
    assert (other["different"], cast("Json", other["layers"])["shared"]) == (True, 1)


def test_commands_name_the_image_as_the_reader_does(page: Served) -> None:
    reply = page.as_({"host": "localhost:5000"}).ask("commands", **APP, platform="linux/arm64").json
    told = listed(reply["commands"])
    assert reply["image"] == "localhost:5000/team/app:1.2"
    assert {one["program"] for one in told} == {"boxship", "docker", "podman", "kubectl"}
    words = [shlex.split(str(one["text"])) for one in told]
    assert ["docker", "pull", "--platform", "linux/arm64", "localhost:5000/team/app:1.2"] in words


def test_a_command_for_boxship_does_what_it_says(page: Served, tmp_path: Path) -> None:
    told = listed(page.ask("commands", **APP).json["commands"])
    inspect = next(one for one in told if (one["program"], one["purpose"]) == ("boxship", "inspect"))
    assert boxship(*shlex.split(str(inspect["text"]))[1:]).status == 0


def test_the_doctor_tells_as_it_goes(page: Served) -> None:
    *before, last = page.ask("doctor", **APP).lines
    report = cast("Json", last["report"])
    assert report["healthy"]
    assert any(str(line.get("words", "")).startswith("looking at ") for line in before)
    assert all(hop["phases"] for hop in listed(report["timeline"]))
    assert cast("Json", page.ask("doctor").lines[-1]["report"])["healthy"]


def test_a_plan_is_done_exactly_as_it_is_written(tmp_path: Path) -> None:
    with own_page(tmp_path, "--allow-delete") as page:
        fill(page.address)
        shared = page.ask("plan", repository="team/app", reference="same").json
        (part,) = listed(cast("Json", shared["plan"])["repositories"])
        assert (shared["may"], part["delete"], [tag["tag"] for tag in listed(part["untag"])]) == (True, [], ["same"])
        plan = page.ask("plan", repository="team/app", reference="1.10").json["plan"]
        lines = page.apply(shared["plan"]).lines
        assert lines == [{"gone": f"http://{page.address}/team/app:same"}, {"done": True}]
        # What 1.10 stands for is no longer shared: the plan of before still says that it stays.
        assert page.apply(plan).status == 409
        assert "1.10" in cast("list[str]", page.ask("tags", repository="team/app").json["tags"])
        anew = cast("Json", page.ask("plan", repository="team/app", reference="1.10").json["plan"])
        assert len(listed(listed(anew["repositories"])[0]["delete"])) == 1
        assert page.apply(anew).lines[-1] == {"done": True}
        assert "1.10" not in cast("list[str]", page.ask("tags", repository="team/app").json["tags"])


def test_what_an_index_needs_stays_when_its_digest_is_to_go(page: Served) -> None:
    image = page.ask("image", repository="team/app", reference="1.2").json
    plan = cast("Json", page.ask("plan", repository="team/app", reference=str(image["digest"])).json["plan"])
    (part,) = listed(plan["repositories"])
    assert part["delete"] == []
    assert [tag["tag"] for tag in listed(part["untag"])] == ["1.2"]


def test_what_has_no_tag_can_go_by_its_digest(tmp_path: Path) -> None:
    with own_page(tmp_path, "--allow-delete") as page:
        fill(page.address)
        digest = str(page.ask("image", repository="lib/base", reference="1").json["digest"])
        with Client() as client:
            client.untag(f"{page.address}/lib/base:1")
        plan = page.ask("plan", repository="lib/base", reference=digest).json["plan"]
        assert page.apply(plan).lines[0] == {"gone": f"http://{page.address}/lib/base@{digest}"}


@pytest.mark.parametrize(
    ("question", "parameters"),
    [
        ("image", {"repository": "../x", "reference": "1"}),
        ("image", {"repository": "team/app", "reference": "a b"}),
        ("image", {"repository": "team/app", "reference": "sha256:1"}),
        ("image", {"repository": "", "reference": "1"}),
        ("image", {"repository": "team/app", "reference": "1.2", "platform": "x"}),
        ("tags", {"repository": "UPPER"}),
        ("tags", {"repository": "team/app", "n": "-1"}),
        ("tags", {"repository": "team/app", "n": "9" * 30}),
        ("details", {"repository": "team/app", "tag": "<b>"}),
        ("files", {**APP, "path": "usr/../../etc"}),
        ("files", {**APP, "layer": "top"}),
        ("diff", {"repository": "team/app", "before": "1", "after": "2", "other": "\u0000"}),
        ("may", {"repository": "a//b"}),
    ],
    ids=str,
)
def test_words_that_name_nothing_are_refused(page: Served, question: str, parameters: dict[str, str]) -> None:
    reply = page.ask(question, **parameters)
    assert (reply.status, reply.error["exit_status"]) == (400, 2)


def test_an_error_says_what_the_command_line_says(page: Served) -> None:
    error = page.ask("image", repository="team/app", reference="none").error
    said = boxship("inspect", f"http://{page.address}/team/app:none").errors
    assert (error["lines"], error["exit_status"]) == (said.splitlines(), 3)


def test_what_a_layer_has_is_not_told_through_a_repository_that_lacks_it(tmp_path: Path) -> None:
    with own_page(tmp_path) as page, Client() as client:
        fill(page.address)
        image = f"{page.address}/team/app:1.2"
        assert page.ask("files", **APP).status == 200
        manifest = json.loads(client.document(image).raw)
        for layer in manifest["layers"]:
            layer["urls"] = ["https://elsewhere.example/layer"]  # so a registry need not have it
        put(page.address, "other/app", client.config(image).raw, json.dumps(manifest).encode(), manifest["mediaType"])
        reply = page.ask("files", repository="other/app", reference="1")
        assert (reply.status, HOSTILE in str(reply.json)) == (404, False)


def put(address: str, repository: str, config: bytes, manifest: bytes, media_type: str) -> None:
    """Push a config and a manifest, and none of its layers."""
    upload = f"http://{address}/v2/{repository}/blobs/uploads/?digest={Digest.of(config)}"
    named = f"http://{address}/v2/{repository}/manifests/1"
    for method, url, body in (("POST", upload, config), ("PUT", named, manifest)):
        request = urllib.request.Request(url, body, {"Content-Type": media_type}, method=method)
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 201
