"""A bucket is one registry's: who begins with it has it, and nobody takes another one for it."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.errors import BoxshipError, InvalidSettings
from boxship.server.registry import Registry, Settings
from boxship.server.storage import StorageUnavailable, object_storage
from boxship.server.upkeep.check import check
from tests.proxy.stand_in import StandIn
from tests.server.bucket import Bucket
from tests.server.content import digest, push_blob
from tests.server.driver import Driver
from tests.server.objects import SMALL, blob, in_every_store, scrubbed, sweep_later

pytestmark = in_every_store


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(None, id="no bucket"),
        pytest.param({}, id="an empty one"),
        pytest.param({"registry/registry": b"another"}, id="another registry's"),
    ],
)
def test_where_the_whole_bucket_is_away_no_blob_is_lost(
    registry: Driver, bucket: Bucket, instead: Mapping[str, bytes] | None
) -> None:
    push_blob(registry, "app", SMALL)
    push_blob(registry, "app", b"others")
    with bucket.away(instead):
        found = scrubbed(registry)
        assert (found.blobs, found.condemned) == (0, ())
        assert {str(each) for each in found.unreadable} == {digest(SMALL), digest(b"others")}
        assert registry("HEAD", blob(SMALL)).status == 503
    assert registry("GET", blob(SMALL)).body == SMALL
    assert registry("GET", blob(b"others")).body == b"others"
    found = scrubbed(registry)
    assert (found.blobs, found.condemned, found.unreadable) == (2, (), ())


def test_a_bucket_is_one_registrys(tmp_path: Path, settings: Settings, bucket: Bucket) -> None:
    first = Registry.open(tmp_path / "first", settings)
    first.close()
    with pytest.raises(InvalidSettings, match="another registry's"):
        Registry.open(tmp_path / "second", settings)
    taken = bucket.store.new()
    bucket.store.overwrite(taken, "something", b"")
    with pytest.raises(InvalidSettings, match="no registry's"):
        Registry.open(tmp_path / "second", replace(settings, storage=f"s3://{taken}"))


def test_of_several_that_begin_at_once_with_an_empty_bucket_one_has_it(
    tmp_path: Path, settings: Settings, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "_SETTLING", 5.0)

    def begin(number: int, name: str) -> str:
        try:
            Registry.open(tmp_path / f"{name}-{number}", replace(settings, storage=f"s3://{name}/registry")).close()
        except InvalidSettings as error:
            return str(error)
        return "has it"

    names = [bucket.store.new() for _ in range(3)]
    with ThreadPoolExecutor(12) as threads:
        begun = {name: [threads.submit(begin, number, name) for number in range(4)] for name in names}
        for each in begun.values():
            found = [one.result() for one in each]
            assert found.count("has it") == 1
            assert all("another registry's" in one for one in found if one != "has it")


def test_a_store_that_cannot_put_where_nothing_is_will_do(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise StorageUnavailable(errno.EAGAIN, "501 Not Implemented")

    monkeypatch.setattr("boxship.server.storage.bucket.Bucket.create", refuse)
    Registry.open(tmp_path / "first", settings).close()
    Registry.open(tmp_path / "first", settings).close()
    with pytest.raises(InvalidSettings, match="another registry's"):
        Registry.open(tmp_path / "second", settings)


def test_nothing_is_swept_in_a_bucket_that_is_another_registrys_now(registry: Driver, bucket: Bucket) -> None:
    push_blob(registry, "app", SMALL)
    (key,) = bucket.keys
    theirs = "registry/blobs/theirs/0-1"
    with bucket.away({"registry/registry": b"another", key: SMALL, theirs: b"content"}):
        with pytest.raises(StorageUnavailable, match="not this registry's"):
            sweep_later(registry, 0, grace=-60, wait=0, orphan=-60)
        assert bucket.keys == [key, theirs]
    assert registry("GET", blob(SMALL)).body == SMALL


def test_content_is_looked_for_where_it_is(tmp_path: Path, settings: Settings) -> None:
    for one, other, why in (
        (settings, replace(settings, storage=""), "in an object store"),
        (replace(settings, storage=""), settings, "in files"),
    ):
        folder = tmp_path / why
        with Driver(folder, settings=one) as registry:
            push_blob(registry, "app", SMALL)
        with pytest.raises(InvalidSettings, match=why):
            Registry.open(folder, other)


def test_what_looks_at_files_says_so(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "registry"
    with Driver(folder, settings=settings) as registry:
        push_blob(registry, "app", SMALL)
    with pytest.raises(InvalidSettings, match="in an object store"):
        check(folder)


def test_a_cache_keeps_no_objects(tmp_path: Path, settings: Settings, bucket: Bucket) -> None:
    with pytest.raises(InvalidSettings, match="a cache keeps files"):
        Registry.open(tmp_path / "cache", replace(settings, proxy=(StandIn(),)))
    assert bucket.store.objects(bucket.name) == {}


def test_an_empty_bucket_is_not_the_one_that_has_the_content(
    tmp_path: Path, settings: Settings, bucket: Bucket
) -> None:
    folder, other = tmp_path / "registry", bucket.store.new()
    with Driver(folder, settings=settings) as registry:
        push_blob(registry, "app", SMALL)
    with pytest.raises(InvalidSettings, match="nothing of this registry is there"):
        Registry.open(folder, replace(settings, storage=f"s3://{other}/registry"))
    assert bucket.store.objects(other) == {}


def test_a_store_that_is_not_there_is_told_without_a_secret(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    missing = replace(settings, storage="s3://no-such-bucket-anywhere")
    with pytest.raises(BoxshipError) as refused:
        Registry.open(tmp_path / "registry", missing)
    assert "hush-hush" not in str(refused.value)
    assert "AWS_ACCESS_KEY_ID" in str(refused.value)
