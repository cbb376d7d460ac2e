"""`prune` as people run it: a plan to a file, the plan done, and the plan refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.testing import registry
from tests.cli.running import boxship, three_parts
from tests.prune.images import put_aged, put_referrer


@pytest.fixture
def at() -> Iterator[str]:
    with registry(allow_delete=True) as running:
        for tag, days in (("1.0", 90), ("1.1", 60), ("1.2", 30), ("2.0", 5), ("pr-1", 3)):
            put_aged(running.address, "app", tag, days)
        yield running.address


def tags(at: str) -> list[str]:
    return sorted(boxship("ls", f"{at}/app").output.split())


def test_a_plan_is_printed_and_done(at: str, tmp_path: Path) -> None:
    planned = boxship("prune", f"{at}/app", "--keep", "1", "--keep-semver", ">=2", "--exclude", "1.2")
    document = json.loads(planned.output)
    assert (planned.status, document["schema"]) == (0, "boxship.prune/1")
    assert planned.errors == f"boxship: {at}/app: 2 tags and 2 manifests go, 3 tags stay\n"
    (part,) = document["repositories"]
    assert part["rules"] == {"keep": 1, "keep-semver": ">=2", "exclude": ["1.2"]}
    assert [(tag["tag"], tag["created"][-1]) for tag in part["remove"]] == [("1.0", "Z"), ("1.1", "Z")]
    (tmp_path / "plan.json").write_bytes(planned.raw)
    done = boxship("prune", "--apply", str(tmp_path / "plan.json"))
    assert (done.status, done.output.split()) == (0, [f"{at}/app@{one['digest']}" for one in part["delete"]])
    assert tags(at) == ["1.2", "2.0", "pr-1"]
    assert boxship("prune", "--apply", "-", given=planned.raw).output == ""


def test_a_plan_that_holds_no_longer_ends_with_8_and_nothing_is_gone(at: str) -> None:
    planned = boxship("prune", f"{at}/app", "--keep-within", "7d")
    boxship("tag", f"{at}/app:1.0", "rescued")
    refused = boxship("prune", "--apply", "-", given=planned.raw)
    assert refused.status == 8
    assert f"boxship: {at}/app: the tag rescued needs sha256:" in refused.errors
    assert three_parts(refused)[2] == "make the plan anew, and review it"
    assert tags(at) == ["1.0", "1.1", "1.2", "2.0", "pr-1", "rescued"]


def test_what_a_cluster_uses_stays(at: str, tmp_path: Path) -> None:
    digest = boxship("digest", f"{at}/app:1.1").output.strip()
    status = {"containerStatuses": [{"imageID": f"{at}/app@{digest}"}]}
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "app", "image": f"{at}/app:1.0"}]}, "status": status}
    pods = json.dumps({"kind": "List", "items": [pod]}).encode()  # as kubectl get pods -A -o json
    planned = boxship("prune", f"{at}/app", "--keep", "0", "--in-use", "-", given=pods)
    (part,) = json.loads(planned.output)["repositories"]
    assert [tag["tag"] for tag in part["keep"]] == ["1.0", "1.1"]
    broken = boxship("prune", f"{at}/app", "--keep", "0", "--in-use", "-", given=b"{kind: Pod, image: ")
    assert (broken.status, three_parts(broken)[0]) == (2, "-:1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b'{"kind": "List", "items": []}', "what is in use is not known"),
        (b"reg.corp/app:1.0,reg.corp/app:1.1\n", "is no image"),
        (b"- reg.corp/app:1.0\n- 'reg.corp/app:1.1 '\n- x y\n", "is no image"),
    ],
)
def test_who_could_have_named_any_image_ends_it(at: str, given: bytes, said: str) -> None:
    outcome = boxship("prune", f"{at}/app", "--keep", "0", "--in-use", "-", given=given)
    assert (outcome.status, outcome.output, said in outcome.errors) == (2, "", True), outcome.errors


def test_a_plan_has_all_rules_and_a_repository_once(at: str) -> None:
    planned = boxship("prune", f"{at}/app", f"{at}/app", "--keep", "0", "--keep-within", "0s", "--match", "1.*")
    (part,) = json.loads(planned.output)["repositories"]
    assert part["rules"] == {"keep": 0, "keep-within": 0.0, "match": ["1.*"]}


def test_a_list_of_what_is_immutable_is_a_file_s(at: str, tmp_path: Path) -> None:
    (tmp_path / "released.txt").write_text("# what customers have\n1.0\n\n1.1*  # all of it\n")
    planned = boxship("prune", f"{at}/app", "--keep", "1", "--immutable", f"@{tmp_path}/released.txt")
    (part,) = json.loads(planned.output)["repositories"]
    assert part["rules"]["immutable"] == ["1.0", "1.1*"]
    assert [tag["tag"] for tag in part["remove"]] == ["1.2", "2.0"]
    assert boxship("prune", f"{at}/app", "--keep", "1", "--immutable", "@/nowhere").status == 2


def test_what_has_no_tag_goes_with_what_refers_to_it(at: str) -> None:
    put_referrer(at, "app", put_aged(at, "app", "", 1, "loose"))
    words = ("prune", f"{at}/app", "--untagged", "--untagged-after", "0s")
    assert len(json.loads(boxship(*words).output)["repositories"][0]["delete"]) == 2
    assert json.loads(boxship(*words[:3]).output)["repositories"][0]["delete"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["app"], "every tag would"),
        ([], "one of them"),
        (["app", "--apply", "plan.json"], "one of them"),
        (["app", "--keep", "few"], "'few' is no number"),
        (["app", "--keep-within", "soon"], "it is no age"),
        (["app", "--keep-semver", "new"], "no range of versions"),
        (["app:1", "--keep", "1"], "a plan is made of a whole repository"),
        (["--apply", "/nowhere.json"], "No such file"),
        (["--apply", "-"], "it is no plan"),
        (["app", "--keep", "1", "--keep-semver", ""], "no range of versions"),
        (["app", "--keep", "1", "--keep-within", ""], "it is no age"),
        (["app", "--keep", "1", "--immutable", ""], "there is no pattern in it"),
        (["app", "--keep", "1", "--exclude", "@/dev/null"], "there is no pattern in it"),
        (["app", "--keep", "1", "--in-use", "-"], "standard input is empty"),
        (["app", "--keep", "1", "--in-use", ""], "what is in use is not known"),
        (["app", "--keep", "1", "--in-use", "/dev/null"], "what is in use is not known"),
    ],
)
def test_wrong_words_are_said_and_end_with_2(words: list[str], said: str) -> None:
    outcome = boxship("prune", *words)
    assert (outcome.status, said in outcome.errors) == (2, True), outcome.errors


def test_a_registry_that_deletes_nothing_says_so() -> None:
    with registry() as running:
        put_aged(running.address, "app", "1.0", 90)
        planned = boxship("prune", f"{running.address}/app", "--keep-within", "7d")
        refused = boxship("prune", "--apply", "-", given=planned.raw)
        assert (refused.status, three_parts(refused)[2].startswith("this registry does not delete")) == (1, True)
