"""`pull`, `push`, `copy` and `tag` as people run them."""

from __future__ import annotations

import argparse
import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.cli import options
from boxship.cli.sides import add_sides, side
from boxship.testing import (
    Request,
    RunningRegistry,
    ScriptedRegistry,
    basic,
    put_image,
    random_image,
    registry,
    serving,
)
from tests.cli.front import front
from tests.cli.running import boxship, three_parts
from tests.transport.reaching import Authority


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegistry]:
    with registry() as r:
        put_image(r.address, "busybox", "latest", layers=[b"one" * 1000, b"two" * 100_000])
        yield r


def done(*words: str) -> str:
    outcome = boxship(*words)
    assert outcome.status == 0, outcome.errors
    return outcome.output


def test_an_image_is_pulled_pushed_and_tagged(running: RunningRegistry, tmp_path: Path) -> None:
    at, archive = running.address, str(tmp_path / "b.tar")
    assert done("pull", f"{at}/busybox", archive) == ""
    pushed = done("push", archive, f"{at}/back:1", f"{at}/back:2", f"{at}/other:3")
    digest = done("digest", f"{at}/busybox").strip()
    assert pushed.splitlines() == [f"{at}/back@{digest}", f"{at}/other@{digest}"]
    assert done("tag", f"{at}/back:1", "v1", "v2") == ""
    assert done("ls", f"{at}/back").split() == ["1", "2", "v1", "v2"]
    assert done("digest", f"{at}/back:v2").strip() == digest
    with tarfile.open(archive) as tar:
        listed = tar.extractfile("manifest.json")
        assert listed
        (entry,) = json.load(listed)
    assert entry["RepoTags"] == [f"{at}/busybox:latest"]


@pytest.mark.parametrize("form", ["oci", "oci-archive", "tarball", "legacy", "docker-archive"])
def test_every_format_that_is_pulled_can_be_pushed(running: RunningRegistry, tmp_path: Path, form: str) -> None:
    at, path = running.address, str(tmp_path / "pulled")
    done("pull", "--format", form, f"{at}/busybox", path)
    digest = done("digest", f"{at}/busybox").strip()
    assert done("push", path, f"{at}/{form}").strip() == f"{at}/{form}@{digest}"


def test_an_image_is_copied_to_a_layout_and_back_under_the_names_that_are_written(
    running: RunningRegistry, tmp_path: Path
) -> None:
    at, layout = running.address, f"oci:{tmp_path / 'layout'}"
    done("copy", f"{at}/busybox", f"{layout}:app")
    done("cp", f"{layout}:app", f"{at}/copied:1")
    assert done("digest", f"{at}/copied:1") == done("digest", f"{at}/busybox")
    failed = boxship("copy", f"{layout}:nobody", f"{at}/copied:2")
    assert (failed.status, three_parts(failed)[1]) == (3, "its names are app")


@pytest.mark.parametrize("form", ["docker-archive", "oci", "dir"])
def test_what_the_file_system_says_is_said(running: RunningRegistry, tmp_path: Path, form: str) -> None:
    (tmp_path / "file").write_text("")
    failed = boxship("pull", "--format", form, f"{running.address}/busybox", str(tmp_path / "file" / "below"))
    _, why, _ = three_parts(failed)
    assert (failed.status, "not a directory" in why, str(tmp_path / "file") in why) == (1, True, True)


def test_all_tags_are_copied_and_those_that_something_else_has_are_left_on_request(
    running: RunningRegistry, tmp_path: Path
) -> None:
    at = running.address
    digests = {tag: str(put_image(at, "many", tag, layers=[tag.encode()])) for tag in ("a", "b", "c")}
    kept = str(put_image(at, "mirror", "b", layers=[b"other"]))
    assert boxship("copy", "-a", "-n", f"{at}/many", f"{at}/mirror").status == 0
    assert done("digest", *(f"{at}/mirror:{tag}" for tag in "abc")).split() == [digests["a"], kept, digests["c"]]
    failed = boxship("copy", "-n", f"{at}/many:b", f"{at}/mirror:b")
    assert (failed.status, "b in" in failed.errors) == (1, True)
    done("copy", "--all-tags", "--jobs", "2", f"{at}/many", f"oci:{tmp_path}/layout")
    done("copy", f"oci:{tmp_path}/layout:b", f"{at}/mirror:b")
    assert done("digest", f"{at}/mirror:b").strip() == digests["b"]
    assert boxship("copy", "-a", f"{at}/many", f"{at}/mirror:b").status == 2


def test_each_side_has_its_own_options(running: RunningRegistry) -> None:
    one, other = front(running.address, basic("ana", "one")), front(running.address, basic("bob", "other"))
    with one as source, other as target:
        ends = (f"{source.url}/busybox", f"{target.url}/sides:1")
        sides = ("--from-username", "ana", "--from-password", "one", "--to-username", "bob", "--to-password-stdin")
        assert boxship("copy", *sides, *ends, given=b"other\n").status == 0
        assert boxship("copy", *sides, *ends, given=b"wrong\n").status == 4
        assert boxship("copy", *sides[:4], *ends).status == 4
    assert done("digest", f"{running.address}/sides:1") == done("digest", f"{running.address}/busybox")


def test_each_side_has_its_own_authority(running: RunningRegistry, authority: Authority, tmp_path: Path) -> None:
    other = Authority(trustme.CA(), tmp_path / "other.pem")
    other.ca.cert_pem.write_to_path(str(other.file))
    contexts = [each.server("127.0.0.1") for each in (authority, other)]
    with front(running.address, nothing, contexts[0]) as source, front(running.address, nothing, contexts[1]) as target:
        ends = (f"{source.address}/busybox", f"{target.address}/authorities:1")
        one, two = str(authority.file), str(other.file)
        assert boxship("copy", "--from-ca-file", one, "--to-ca-file", two, *ends).status == 0
        assert boxship("copy", "--ca-file", one, "--to-ca-file", two, *ends).status == 0
        failed = boxship("copy", "--ca-file", one, *ends)
        assert (failed.status, target.address in three_parts(failed)[0]) == (5, True)
        failed = boxship("copy", "--from-ca-file", two, "--to-ca-file", two, *ends)
        assert (failed.status, source.address in three_parts(failed)[0]) == (5, True)
    assert done("digest", f"{running.address}/authorities:1") == done("digest", f"{running.address}/busybox")


def nothing(_: Request) -> None:
    """Have no answer of its own."""


@pytest.mark.parametrize("name", ["from", "to"])
def test_what_belongs_together_is_told_together_for_a_side(name: str) -> None:
    parser = argparse.ArgumentParser()
    options.add_common(parser)
    add_sides(parser)
    both = ["--username", "ana", "--password", "one", "--ca-file", "both.pem"]
    own = [f"--{name}-username", "bob", f"--{name}-password-stdin", f"--{name}-plain-http", f"--{name}-header", "A: b"]
    chosen = parser.parse_args(options.spelled_out([*both, *own]))
    told = side(chosen, name)
    assert (told.username, told.password, told.password_stdin) == ("bob", None, True)
    assert (told.plain_http, told.headers, told.ca_file) == ("always", ["A: b"], "both.pem")
    assert side(chosen, "to" if name == "from" else "from") is chosen


def test_a_copy_may_be_reached_by_another_client(running: RunningRegistry) -> None:
    at = running.address
    with Client() as client, Client(user_agent="the other one") as other:
        copied = client.copy(f"{at}/busybox", f"{at}/across:1", to=other)
        assert client.digest(f"{at}/across:1") == copied.digest == other.digest(f"{at}/busybox")


def test_what_is_wrong_with_an_image_is_said_and_ends_with_8(running: RunningRegistry, tmp_path: Path) -> None:
    at, folder = running.address, tmp_path / "layout"
    done("copy", f"{at}/busybox", f"oci:{folder}:1")
    done("pull", f"{at}/busybox", str(tmp_path / "app.tar"))
    words = ("validate", f"{at}/busybox", "--remote", f"{at}/busybox", "--tarball", str(tmp_path / "app.tar"))
    assert [line.split(": ")[0] for line in done(*words).splitlines()] == ["PASS"] * 3
    largest = max((folder / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(b"x" + largest.read_bytes()[1:])
    failed = boxship("validate", f"oci:{folder}", f"{at}/busybox")
    lines = failed.output.splitlines()
    assert (failed.status, len(lines)) == (8, 2)
    assert lines[0].startswith(f"FAIL: oci:{folder}: ")
    assert "layer 1: expected sha256:" in lines[0]
    assert boxship("validate", "--fast", f"oci:{folder}").status == 0
    told = json.loads(boxship("validate", "-o", "json", f"oci:{folder}", f"{at}/busybox").output)
    assert told["schema"] == "boxship.validate/1"
    wrong, right = told["images"]
    assert (wrong["image"], wrong["valid"], right["valid"], right["findings"]) == (f"oci:{folder}", False, True, [])
    assert lines[0] == f"FAIL: oci:{folder}: {wrong['findings'][0]['where']}: {wrong['findings'][0]['what']}"
    assert (right["digest"], right["blobs"]) == (done("digest", f"{at}/busybox").strip(), 3)
    each = boxship("validate", "-o", "jsonl", f"oci:{folder}", f"{at}/busybox")
    assert (each.status, [json.loads(line)["valid"] for line in each.output.splitlines()]) == (8, [False, True])
    assert done("validate", "--format", "{{range .images}}{{.valid}}{{end}}", f"{at}/busybox") == "true\n"
    assert boxship("validate", f"{at}/nobody").status == 3
    assert boxship("validate").status == 2


def test_layers_that_were_cached_are_not_asked_for_again(tmp_path: Path) -> None:
    image = ScriptedRegistry(image=random_image(layers=3))
    cache = tmp_path / "cache"
    with serving(image) as server:
        for name in ("one", "two"):
            done("pull", "-c", str(cache), f"{server.url}/app", str(tmp_path / name))
        asked = [request.path for request in server.requests if "/blobs/" in request.path]
        assert len(asked) == len(set(asked)) == 4
        names = {str(digest) for digest in image.image.blobs}
        assert {path.name for path in cache.iterdir()} == names
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
        broken = cache / max(names)
        broken.write_bytes(bytes(broken.stat().st_size))
        assert boxship("pull", "-c", str(cache), f"{server.url}/app", str(tmp_path / "three")).status == 6
        assert not (tmp_path / "three").exists()
        done("pull", "-c", str(cache), f"{server.url}/app", str(tmp_path / "three"))


def test_all_of_a_layout_is_pushed_as_one_index_and_what_was_pushed_is_written(
    running: RunningRegistry, tmp_path: Path
) -> None:
    at, layout, refs = running.address, tmp_path / "layout", tmp_path / "refs"
    for tag in ("a", "b"):
        put_image(at, "several", tag, layers=[tag.encode()])
    done("pull", "--format", "oci", "--annotate-ref", f"{at}/several:a", f"{at}/several:b", str(layout))
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    named = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in entries]
    assert named == [f"{at}/several:a", f"{at}/several:b"]
    assert boxship("push", str(layout), f"{at}/whole").status == 3
    pushed = done("push", "--index", "--image-refs", str(refs), str(layout), f"{at}/whole", f"{at}/whole2:1")
    digest = f"sha256:{hashlib.sha256((layout / 'index.json').read_bytes()).hexdigest()}"
    assert pushed == refs.read_text() == f"{at}/whole@{digest}\n{at}/whole2@{digest}\n"
    assert json.loads(done("manifest", f"{at}/whole"))["manifests"] == entries
    done("pull", f"{at}/busybox", str(tmp_path / "b.tar"))
    assert boxship("push", "--index", str(tmp_path / "nothing"), f"{at}/whole").status == 3


def test_an_image_goes_through_a_pipe(running: RunningRegistry) -> None:
    pulled = boxship("pull", f"{running.address}/busybox", "-")
    assert pulled.status == 0
    pushed = boxship("push", "-", f"{running.address}/piped", given=pulled.raw)
    assert (pushed.status, pushed.output.partition("@")[2]) == (0, done("digest", f"{running.address}/busybox"))
