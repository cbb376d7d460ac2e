"""Quotas: what would pass one is refused and leaves nothing, whoever else pushes; what adds nothing is taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from boxship.errors import InvalidSettings
from boxship.server.quota import Quotas
from boxship.server.registry import Registry, Settings
from tests.server.content import digest, image, push_blob, push_image, push_manifest
from tests.server.driver import Driver, Reply

DENIED = (403, "DENIED")
UPLOADS = "/v2/{}/blobs/uploads/"
IMAGE = len(image(b"layer")) + len(b"{}") + len(b"layer")


def serve(folder: Path, **quotas: str) -> Driver:
    given = {f"quota_{what}": tuple(texts.split()) for what, texts in quotas.items()}
    return Driver(folder, settings=Settings(allow_delete=True, **given))  # type: ignore[arg-type]  # a table of words


def blobs(registry: Driver) -> set[str]:
    return {file.name for file in (registry.folder / "blobs").glob("*/*/*")}


def upload(registry: Driver, repository: str, content: bytes, way: str) -> Reply:
    """The first refusal, or the last answer."""
    uploads, query = UPLOADS.format(repository), f"?digest={digest(content)}"
    if way == "single":
        return registry("POST", uploads + query, content)
    location = registry("POST", uploads).location
    if way == "closing":
        return registry("PUT", location + query, content)
    reply = registry("PATCH", location, [content] if way == "stream" else content)
    return reply if reply.status != 202 else registry("PUT", location + query)


@pytest.mark.parametrize("way", ["single", "chunk", "stream", "closing"])
@pytest.mark.parametrize("quota", ["20", "app=20", "a*=20", "1TB app=20"])
def test_a_blob_that_would_pass_a_quota_is_refused_and_leaves_nothing(tmp_path: Path, way: str, quota: str) -> None:
    with serve(tmp_path / "registry", bytes=quota) as registry:
        push_blob(registry, "app", b"x" * 15)
        before = blobs(registry)
        reply = upload(registry, "app", b"y" * 6, way)
        assert reply.refusal == DENIED
        assert "20 bytes: 15 are there, 6 would come" in reply.json()["errors"][0]["message"]
        assert blobs(registry) == before
        assert upload(registry, "app", b"y" * 5, way).status == 201


def test_elsewhere_there_is_room(tmp_path: Path) -> None:
    with serve(tmp_path / "registry", bytes="team/**=5") as registry:
        push_blob(registry, "other", b"x" * 100)
        push_blob(registry, "teams", b"x" * 100)
        push_blob(registry, "team/a", b"x" * 3)
        # Together, and wherever the bytes come from.
        assert upload(registry, "team/b", b"y" * 3, "single").refusal == DENIED
        mount = UPLOADS.format("team/b") + f"?mount={digest(b'x' * 3)}&from=team/a"
        assert registry("POST", mount).refusal == DENIED
        assert registry("HEAD", f"/v2/team/b/blobs/{digest(b'x' * 3)}").status == 404


def test_who_sends_too_much_is_told_before_it_is_read(tmp_path: Path) -> None:
    with serve(tmp_path / "registry", bytes="10") as registry:
        location = registry("POST", UPLOADS.format("app")).location
        reply = registry("PATCH", location, b"x" * 11)
        assert (reply.refusal, reply.headers["connection"]) == (DENIED, "close")
        assert registry("GET", location).headers["range"] == "0-0"
        assert registry("PUT", f"{location}?digest={digest(b'x' * 10)}", b"x" * 10).status == 201


@pytest.mark.parametrize("way", ["single", "stream"])
def test_no_more_is_read_of_a_stream_than_there_is_room_for(tmp_path: Path, way: str) -> None:
    with serve(tmp_path / "registry", bytes="25") as registry:
        push_blob(registry, "app", b"x" * 5)
        uploads = UPLOADS.format("app")
        target = f"{uploads}?digest={digest(b'x')}" if way == "single" else registry("POST", uploads).location
        reply = registry("POST" if way == "single" else "PATCH", target, [b"x" * 10] * 100)
        assert (reply.refusal, reply.headers["connection"]) == (DENIED, "close")
        assert "25 bytes: 5 are there, 21 would come" in reply.json()["errors"][0]["message"]
        assert sum(file.stat().st_size for file in (registry.folder / "uploads").iterdir()) <= 20


def test_what_is_there_is_pushed_again_and_read_whatever_the_quota_is_now(tmp_path: Path) -> None:
    with Driver(tmp_path / "registry") as registry:
        manifest = push_image(registry, "app", "v1", "v2")
    with serve(tmp_path / "registry", bytes="1", tags="1", repositories="0") as registry:
        assert push_image(registry, "app", "v1") == manifest
        assert registry("GET", "/v2/app/manifests/v2").body == manifest
        assert push_manifest(registry, "app", "v3", manifest).refusal == DENIED


def test_manifests_and_tags_count_and_what_is_deleted_makes_room(tmp_path: Path) -> None:
    with serve(tmp_path / "registry", bytes=str(IMAGE), tags="app=2") as registry:
        manifest = push_image(registry, "app", "v1", "v2")
        assert push_manifest(registry, "app", "v3", manifest).refusal == DENIED
        assert upload(registry, "app", b"x", "single").refusal == DENIED
        assert push_manifest(registry, "app", "v1", image(b"layer", annotations={"a": "b"})).refusal == DENIED
        assert registry("DELETE", "/v2/app/manifests/v1").status == 202
        assert push_manifest(registry, "app", "v3", manifest).status == 201
        assert registry("DELETE", f"/v2/app/manifests/{digest(manifest)}").status == 202
        assert registry("DELETE", f"/v2/app/blobs/{digest(b'layer')}").status == 202
        assert push_image(registry, "app", "v8", "v9") == manifest


def test_there_are_as_many_repositories_as_there_may_be(tmp_path: Path) -> None:
    with serve(tmp_path / "registry", repositories="team/*=1 3") as registry:
        push_blob(registry, "team/a", b"x")
        for way in ("single", "chunk"):
            assert upload(registry, "team/b", b"x", way).refusal == DENIED
        for repository in ("team/a", "one", "two"):
            push_blob(registry, repository, b"y")
        assert upload(registry, "three", b"y", "single").refusal == DENIED
        assert registry("GET", "/v2/_catalog").json() == {"repositories": ["one", "team/a", "two"]}


@pytest.mark.parametrize("way", ["upload", "manifest"])
def test_of_two_who_would_both_fit_alone_one_is_refused(tmp_path: Path, way: str) -> None:
    with serve(tmp_path / "registry", bytes="app=14", tags="other=1") as registry:
        push_image(registry, "other", digest(image(b"layer")))
        headers = {"content-type": "application/vnd.oci.image.manifest.v1+json"}

        async def both() -> list[Reply]:
            if way == "manifest":
                asks = [
                    registry.ask("PUT", f"/v2/other/manifests/{tag}", image(b"layer"), headers) for tag in ("a", "b")
                ]
            else:
                contents = (b"x" * 10, b"y" * 10)
                asks = [registry.ask("POST", UPLOADS.format("app") + f"?digest={digest(c)}", c) for c in contents]
            return await asyncio.gather(*asks)

        replies = registry.run(both())
        assert sorted(reply.status for reply in replies) == [201, 403]
        assert [reply.refusal for reply in replies if reply.status == 403] == [DENIED]


@pytest.mark.parametrize(
    ("what", "text", "most"),
    [
        ("bytes", "5", 5),
        ("bytes", "5kB", 5000),
        ("bytes", "5KiB", 5120),
        ("bytes", "50GB", 50 * 1000**3),
        ("bytes", "2TiB", 2 * 1024**4),
        ("bytes", "team/**=500MiB", 500 * 1024**2),
        ("tags", "team/*=7", 7),
        ("repositories", "0", 0),
    ],
)
def test_an_amount_is_what_it_says(tmp_path: Path, what: str, text: str, most: int) -> None:
    quotas = Quotas.parse(**{what: [text]})
    assert [quota.most for quota in quotas.of("team/app")] == [most]


@pytest.mark.parametrize(
    ("what", "text"),
    [("bytes", text) for text in ("", "x", "-1", "1.5GB", "1 GB", "1gb", "team/**=", "Team=5", "1PB", "1" * 16)]
    + [("tags", "5k"), ("tags", "5kB"), ("repositories", "many")],
)
def test_what_is_no_quota_is_refused_when_the_registry_opens(tmp_path: Path, what: str, text: str) -> None:
    with pytest.raises(InvalidSettings):
        Registry.open(tmp_path / "registry", Settings(**{f"quota_{what}": (text,)}))  # type: ignore[arg-type]
    assert not (tmp_path / "registry").exists()
