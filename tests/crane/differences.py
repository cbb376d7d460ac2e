"""Where boxship does something else than crane, on purpose: each as a question that the two answer differently.

docs/crane.md gives the reasons, under the same words.
"""

from __future__ import annotations

__all__ = ["DIFFERENCES"]

import json
import re
import tarfile
from collections.abc import Callable

from boxship import Client
from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.testing import Image, put_image
from boxship.testing.pushing import put_blob, put_manifest
from tests.crane.stage import Stage
from tests.formats.stores import file, link, tar_of

Question = Callable[[Stage], bool]
DIFFERENCES: dict[str, Question] = {}


def _difference(words: str) -> Callable[[Question], Question]:
    def keep(question: Question) -> Question:
        DIFFERENCES[words] = question
        return question

    return keep


def _works(stage: Stage, *lines: str) -> bool:
    return all(stage.run(line).status == 0 for line in lines)


def _manifest(stage: Stage, reference: str) -> dict[str, object]:
    with Client() as client:
        read: dict[str, object] = json.loads(client.document(stage.fill(reference)).raw)
    return read


def _types(document: object) -> set[str]:
    return set(re.findall(r'"mediaType": "application/vnd\.([a-z]+)', json.dumps(document)))


@_difference("delete tells what it deletes")
def _delete_tells_what_it_deletes(stage: Stage) -> bool:
    stage.run("copy {at}/app:1 {new}:1")
    return stage.run("delete {new}@{app:1}").output == f"{{new}}@{stage.digests['app:1']}\n"


@_difference("delete of a tag deletes the image")
def _delete_of_a_tag_deletes_the_image(stage: Stage) -> bool:
    stage.run("copy {at}/app:1 {new}:1")
    stage.run("copy {at}/app:1 {new}:2")
    stage.run("delete {new}:1")
    return stage.run("digest {new}:2").status != 0


@_difference("copy -n leaves only what is something else")
def _copy_n_leaves_only_what_is_something_else(stage: Stage) -> bool:
    return _works(stage, "copy {at}/app:1 {new}:1", "copy -n {at}/app:1 {new}:1")


@_difference("an archive keeps the digest")
def _an_archive_keeps_the_digest(stage: Stage) -> bool:
    stage.run("pull {at}/app:1 app.tar")
    return stage.digests["app:1"] in stage.run("push app.tar {new}:1").output


@_difference("pull by digest gives no name")
def _pull_by_digest_gives_no_name(stage: Stage) -> bool:
    stage.run("pull {at}/app@{app:1} app.tar")
    return _archived(stage)["RepoTags"] == []


@_difference("legacy is the same archive")
def _legacy_is_the_same_archive(stage: Stage) -> bool:
    stage.run("pull --format legacy {at}/app:1 app.tar")
    stage.run("pull --format tarball {at}/app:1 other.tar")
    return (stage.here / "app.tar").read_bytes() == (stage.here / "other.tar").read_bytes()


def _archived(stage: Stage) -> dict[str, object]:
    with tarfile.open(stage.here / "app.tar") as tar:
        listed = tar.extractfile("manifest.json")
        assert listed
        (entry,) = json.load(listed)
    found: dict[str, object] = entry
    return found


@_difference("mutate of an index changes every image")
def _mutate_of_an_index_changes_every_image(stage: Stage) -> bool:
    return _stays_an_index(stage, "mutate {at}/app:multi -l a=b -t {new}:1")


@_difference("append to an index adds to every image")
def _append_to_an_index_adds_to_every_image(stage: Stage) -> bool:
    return _stays_an_index(stage, "append -b {at}/app:multi -f layer.tar -t {new}:1")


@_difference("rebase of an index rebases every image")
def _rebase_of_an_index_rebases_every_image(stage: Stage) -> bool:
    return _stays_an_index(stage, "rebase {at}/app:multi --old_base {at}/base:1 --new_base {at}/base:2 -t {new}:1")


def _stays_an_index(stage: Stage, line: str) -> bool:
    return _works(stage, line) and _manifest(stage, "{new}:1")["mediaType"] == OCI_INDEX


@_difference("index filter keeps attestations")
def _index_filter_keeps_attestations(stage: Stage) -> bool:
    return len(_filtered(stage)) == 2


def _filtered(stage: Stage) -> list[object]:
    image = Image.of([tar_of([file("a")])])
    attested = Image.of([b"{}"], platform="unknown/unknown")
    for one in (image, attested):
        put_image(stage.at, stage.here.name, "kept", one)
    entries = [
        {
            "mediaType": OCI_MANIFEST,
            "size": len(one.manifest),
            "digest": str(one.digest),
            "platform": {"os": system, "architecture": architecture},
            "annotations": {"vnd.docker.reference.digest": str(image.digest)} if one is attested else {},
        }
        for one, system, architecture in ((image, "linux", "amd64"), (attested, "unknown", "unknown"))
    ]
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    put_manifest(stage.at, stage.here.name, "index", index, media_type=OCI_INDEX)
    assert _works(stage, "index filter {new}:index --platform linux/amd64 -t {new}:1")
    left = _manifest(stage, "{new}:1")["manifests"]
    assert isinstance(left, list)
    return left


@_difference("index filter takes platforms with commas")
def _index_filter_takes_platforms_with_commas(stage: Stage) -> bool:
    return _works(stage, "index filter {at}/app:multi --platform linux/amd64,linux/arm64 -t {new}:1")


@_difference("index append calls no image an artifact")
def _index_append_calls_no_image_an_artifact(stage: Stage) -> bool:
    stage.run("index append -m {at}/app:1 -t {new}:1")
    return "artifactType" not in json.dumps(_manifest(stage, "{new}:1"))


@_difference("a hard link keeps its content")
def _a_hard_link_keeps_its_content(stage: Stage) -> bool:
    lower, upper = tar_of([file("a", b"kept"), link("b", "a")]), tar_of([file(".wh.a")])
    put_image(stage.at, stage.here.name, "1", Image.of([lower, upper]))
    stage.run("export {new}:1 out.tar")
    with tarfile.open(stage.here / "out.tar") as tar:
        member = tar.getmember("b")
        return member.isreg() and member.size == len(b"kept")


@_difference("media types stay of one kind")
def _media_types_stay_of_one_kind(stage: Stage) -> bool:
    stage.run("flatten {at}/app:1 -t {new}:1")
    return _types(_manifest(stage, "{new}:1")) == {"oci"}


@_difference("without a base an image is OCI's")
def _without_a_base_an_image_is_oci_s(stage: Stage) -> bool:
    stage.run("append -f layer.tar -t {new}:1")
    return _types(_manifest(stage, "{new}:1")) == {"oci"}


@_difference("the same again has the same digest")
def _the_same_again_has_the_same_digest(stage: Stage) -> bool:
    return stage.run("flatten {at}/app:1 -t {new}:1").output == stage.run("flatten {at}/app:1 -t {new}:2").output


@_difference("what is not known stays")
def _what_is_not_known_stays(stage: Stage) -> bool:
    image = Image.of([tar_of([file("a")])])
    config = json.dumps({**json.loads(image.config), "x-own": 1}).encode()
    digest = put_blob(stage.at, stage.here.name, config)
    document = json.loads(image.manifest)
    document["config"] |= {"digest": str(digest), "size": len(config)}
    put_image(stage.at, stage.here.name, "kept", image)
    put_manifest(stage.at, stage.here.name, "1", json.dumps(document).encode())
    assert _works(stage, "mutate {new}:1 -l a=b -t {new}:2")
    with Client() as client:
        return "x-own" in json.loads(client.config(stage.fill("{new}:2")).raw)


@_difference("a value may be empty")
def _a_value_may_be_empty(stage: Stage) -> bool:
    return _works(stage, "mutate {at}/app:1 -l a= -t {new}:1")


@_difference("what is made is printed by its digest")
def _what_is_made_is_printed_by_its_digest(stage: Stage) -> bool:
    document = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    line = f"edit manifest {{at}}/app:1 -t {{new}}:1 <<< {document}"
    return "@sha256:" in stage.run(line).output


@_difference("a file that is edited keeps its rights and its owner")
def _a_file_that_is_edited_keeps_its_rights(stage: Stage) -> bool:
    entry = tarfile.TarInfo("etc/motd")
    entry.mode, entry.uid = 0o640, 7
    (stage.here / "motd.tar").write_bytes(tar_of([(entry, b"")], packed=False))
    stage.run("append -f motd.tar -t {new}:motd")
    stage.run("edit fs {new}:motd -f /etc/motd <<< hello")
    stage.run("export {new}:motd motd.out")
    with tarfile.open(stage.here / "motd.out") as tar:
        member = tar.getmember("etc/motd")
    return (member.mode, member.uid, member.size) == (0o640, 7, len("hello"))


@_difference("--image-refs ends its lines")
def _image_refs_ends_its_lines(stage: Stage) -> bool:
    stage.run("pull --format oci {at}/app:1 layout")
    stage.run("push layout {new}:1 --image-refs refs")
    return (stage.here / "refs").read_text().endswith("\n")


@_difference("ls -O leaves out digests and nothing else")
def _ls_o_leaves_out_digests_and_nothing_else(stage: Stage) -> bool:
    stage.run("copy {at}/app:1 {new}:sha256-of-mine")
    return "sha256-of-mine" in stage.run("ls -O {new}").output


@_difference("exit statuses say what kind of failure it is")
def _exit_statuses_say_what_kind_of_failure_it_is(stage: Stage) -> bool:
    return stage.run("digest {at}/app:nobody").status == 3


@_difference("validate of nothing is an error")
def _validate_of_nothing_is_an_error(stage: Stage) -> bool:
    return stage.run("validate").status != 0


@_difference("a registry that wants no token needs none")
def _a_registry_that_wants_no_token_needs_none(stage: Stage) -> bool:
    return stage.run("auth token {at}/app").status == 0


@_difference("login asks the registry, and prints what became of it")
def _login_asks_the_registry_and_prints_what_became_of_it(stage: Stage) -> bool:
    done = stage.run("auth login nobody.invalid -u ann --password-stdin <<< secret")
    return done.status == 5


@_difference("credentials are printed with their registry")
def _credentials_are_printed_with_their_registry(stage: Stage) -> bool:
    home = stage.here / ".docker"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({"auths": {stage.at: {"auth": "YTpi"}}}))
    return "ServerURL" in stage.run("auth get {at}").output
