"""Tags that stay: immutable ones for everybody, all of them for who may only push what is new (CVE-2026-31801)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship import media_type
from boxship.errors import InvalidSettings
from boxship.server.registry import Registry, Settings
from boxship.server.tagging import TagPatterns
from tests.server.content import digest, image, index, push_blob, push_manifest
from tests.server.driver import Driver, Reply
from tests.server.people import add, basic

OLD, NEW = image(b"old"), image(b"new")
DENIED = (403, "DENIED")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Driver]:
    """A registry whose tags `v*` are immutable, with `OLD` as `v1` and `latest`; alice may push, carol only create."""
    folder = tmp_path / "registry"
    add(folder, "alice", push="app")
    add(folder, "carol", create="app")
    with Driver(folder, settings=Settings(allow_delete=True, immutable=("v*",), anonymous=("push",))) as registry:
        for content in (b"{}", b"old", b"new"):
            push_blob(registry, "app", content)
        for tag in ("v1", "latest"):
            assert push(registry, tag, OLD, "alice").status == 201
        add(folder, "dave", delete="app")
        yield registry


def push(registry: Driver, name: str, manifest: bytes, who: str, kind: str = media_type.OCI_MANIFEST) -> Reply:
    return push_manifest(registry, "app", name, manifest, kind, **basic(who))


def named(registry: Driver, tag: str) -> str:
    return registry("GET", f"/v2/app/manifests/{tag}", headers=basic("alice")).headers["docker-content-digest"]


@pytest.mark.parametrize(("who", "tag"), [("alice", "v1"), ("carol", "v1"), ("carol", "latest")])
@pytest.mark.parametrize("way", ["{tag}", "{digest}?tag={tag}", "fresh?tag={tag}"])
@pytest.mark.parametrize("kind", [media_type.OCI_MANIFEST, media_type.OCI_INDEX])
def test_a_tag_that_stays_is_moved_by_no_way_of_pushing(kept: Driver, who: str, tag: str, way: str, kind: str) -> None:
    assert push(kept, digest(NEW), NEW, who).status == 201
    manifest = NEW if kind == media_type.OCI_MANIFEST else index(NEW)
    reply = push(kept, way.format(tag=tag, digest=digest(manifest)), manifest, who, kind)
    assert reply.refusal == DENIED
    assert tag in reply.json()["errors"][0]["message"]
    assert named(kept, tag) == digest(OLD)
    # All or nothing: the other tag of the same push does not exist.
    assert kept("GET", "/v2/app/manifests/fresh", headers=basic("alice")).status == 404


def test_what_a_tag_names_may_be_pushed_again_and_new_tags_may_be_pushed(kept: Driver) -> None:
    for who in ("alice", "carol"):
        for tag in ("v1", "latest"):
            assert push(kept, tag, OLD, who).status == 201
            assert push(kept, f"{digest(OLD)}?tag={tag}", OLD, who).status == 201
        assert push(kept, f"v-{who}", NEW, who).status == 201
        assert push(kept, f"new-{who}", NEW, who).status == 201
    assert push(kept, "latest", NEW, "alice").status == 201
    assert named(kept, "latest") == digest(NEW)


def test_who_may_only_create_mounts_and_uploads(kept: Driver) -> None:
    add(kept.folder, "carol", create="app other")
    layer = digest(b"old")
    mounted = kept("POST", f"/v2/other/blobs/uploads/?mount={layer}&from=app", headers=basic("carol"))
    assert mounted.status == 201
    assert kept("POST", f"/v2/other/blobs/uploads/?digest={digest(b'x')}", b"x", basic("carol")).status == 201
    assert kept("DELETE", f"/v2/other/blobs/{layer}", headers=basic("carol")).refusal == DENIED


@pytest.mark.parametrize("name", ["v1", digest(OLD)])
def test_nobody_deletes_an_immutable_tag_or_what_it_names(kept: Driver, name: str) -> None:
    assert kept("DELETE", f"/v2/app/manifests/{name}", headers=basic("dave")).refusal == DENIED
    assert named(kept, "v1") == named(kept, "latest") == digest(OLD)


def test_nor_a_part_of_what_it_names(kept: Driver) -> None:
    for tag, manifest in (("v2", index(OLD)), ("v3", index(index(NEW)))):
        assert push(kept, digest(NEW), NEW, "alice").status == 201
        assert push(kept, digest(index(NEW)), index(NEW), "alice", media_type.OCI_INDEX).status == 201
        assert push(kept, tag, manifest, "alice", media_type.OCI_INDEX).status == 201
    for manifest in (NEW, index(NEW)):
        assert kept("DELETE", f"/v2/app/manifests/{digest(manifest)}", headers=basic("dave")).refusal == DENIED


def test_what_is_not_immutable_is_deleted(kept: Driver) -> None:
    assert push(kept, "other", NEW, "alice").status == 201
    for name in ("latest", "other", digest(NEW)):
        assert kept("DELETE", f"/v2/app/manifests/{name}", headers=basic("dave")).status == 202
    assert kept("DELETE", "/v2/app/manifests/v7", headers=basic("dave")).status == 404


@pytest.mark.parametrize(("who", "tag"), [("alice", "v9"), ("carol", "new")])
def test_of_two_who_push_a_new_tag_at_once_the_second_is_refused(kept: Driver, who: str, tag: str) -> None:
    async def both() -> list[Reply]:
        headers = {"content-type": media_type.OCI_MANIFEST, **basic(who)}
        pushes = [kept.ask("PUT", f"/v2/app/manifests/{tag}", manifest, headers) for manifest in (OLD, NEW)]
        return await asyncio.gather(*pushes)

    replies = kept.run(both())
    assert sorted(reply.status for reply in replies) == [201, 403]
    winner = OLD if replies[0].status == 201 else NEW
    assert named(kept, tag) == digest(winner)


def test_anybody_may_be_let_push_what_is_new(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry", settings=Settings(anonymous=("create:public/*",))) as registry:
        for content in (b"{}", b"old", b"new"):
            push_blob(registry, "public/app", content)
        assert push_manifest(registry, "public/app", "latest", OLD).status == 201
        assert push_manifest(registry, "public/app", "latest", NEW).refusal == DENIED
        assert registry("POST", "/v2/app/blobs/uploads/").refusal == DENIED


@pytest.mark.parametrize(
    ("pattern", "tag", "covered"),
    [
        ("v*", "v1.2.3", True),
        ("v*", "rv1", False),
        ("v*", "V1", False),
        ("*", "latest", True),
        ("v1", "v1", True),
        ("v1", "v12", False),
        ("*-r*", "1.2-r3", True),
        ("1.2", "1x2", False),
    ],
)
def test_a_pattern_covers_what_it_says(pattern: str, tag: str, covered: object) -> None:
    assert TagPatterns.parse([pattern]).covers(tag) == covered
    assert TagPatterns.parse(["none", pattern]).covers(tag) == covered
    assert not TagPatterns().covers(tag)


@pytest.mark.parametrize("pattern", ["", "v?", "[ab]", "a/b", "v*\n", "a" * 129])
def test_what_is_no_pattern_of_tags_is_refused_when_the_registry_opens(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(InvalidSettings, match="--immutable"):
        Registry.open(tmp_path / "registry", Settings(immutable=(pattern,)))
    assert not (tmp_path / "registry").exists()
