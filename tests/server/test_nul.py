"""A NUL, which PostgreSQL's text cannot have, is the client's mistake wherever names are kept, not a disk's fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.credential import Secret
from boxship.media_type import OCI_INDEX, OCI_MANIFEST
from boxship.server.access.rights import Grant, Right
from boxship.server.access.users import User, opened
from boxship.server.registry import Settings
from tests.server.content import descriptor, digest, image, index, push_blob, push_image
from tests.server.driver import Driver

NAMES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgres")))
REFERRERS = f"/v2/app/referrers/{digest(image(b'layer'))}"
ODD = {"a NUL": "text/a\0b", "an end of line": "text/a\nb", "an escape": "text/\x1b[2J"}


@pytest.fixture(params=NAMES)
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("postgresql").new() if request.param == "postgresql" else ""


@pytest.fixture
def registry(url: str, tmp_path: Path) -> Iterator[Driver]:
    with Driver(tmp_path / "registry", settings=Settings(database=url)) as driver:
        push_image(driver, "app", "v1")
        yield driver


@pytest.mark.parametrize(
    "target",
    [
        "/v2/app/tags/list?last=%00",
        "/v2/app/tags/list?n=1&last=a%00b",
        "/v2/_catalog?last=%00",
        f"{REFERRERS}?artifactType=%00",
        f"{REFERRERS}?last=%00",
    ],
)
def test_a_query_with_a_nul_is_refused(registry: Driver, target: str) -> None:
    assert registry("GET", target).refusal == (400, "UNSUPPORTED")


def test_a_percent_sign_before_two_zeros_is_no_nul(registry: Driver) -> None:
    assert registry("GET", f"{REFERRERS}?artifactType=%2500").status == 200
    assert registry("GET", "/v2/_catalog?last=%2500").status == 200


def test_a_push_by_a_tag_with_a_nul_is_refused(registry: Driver) -> None:
    target = f"/v2/app/manifests/{digest(image(b'layer'))}?tag=a%00b"
    assert registry("PUT", target, image(b"layer"), {"content-type": OCI_MANIFEST}).status == 400


@pytest.mark.parametrize("kind", ODD.values(), ids=ODD)
def test_a_type_that_cannot_be_printed_is_refused(registry: Driver, kind: str) -> None:
    of_config = json.dumps({**json.loads(image()), "config": descriptor(b"{}", kind)}).encode()
    pushes = (
        (image(artifactType=kind), OCI_MANIFEST),
        (of_config, OCI_MANIFEST),
        (index(artifactType=kind), OCI_INDEX),
    )
    for body, media_type in pushes:
        reply = registry("PUT", "/v2/app/manifests/odd", body, {"content-type": media_type})
        assert reply.refusal == (400, "MANIFEST_INVALID")


def test_other_texts_may_have_anything_and_come_back_as_they_were(registry: Driver) -> None:
    subject = descriptor(image(b"layer"), OCI_MANIFEST)
    push_blob(registry, "app", b"{}")
    # Half a surrogate pair in a type is read as U+FFFD, as Go reads it.
    body = image(subject=subject, artifactType="text/\ud800", annotations={"nul": "a\0b", "half": "\ud800"})
    assert registry("PUT", "/v2/app/manifests/odd", body, {"content-type": OCI_MANIFEST}).status == 201
    assert registry("GET", "/v2/app/manifests/odd").body == body
    (told,) = registry("GET", REFERRERS).json()["manifests"]
    assert (told["artifactType"], told["annotations"]["nul"]) == ("text/\ufffd", "a\0b")


def test_a_users_name_with_a_nul_is_nobodys(tmp_path: Path, url: str, registry: Driver) -> None:
    with opened(tmp_path / "registry", url=url) as users:
        asyncio.run(users.put(User.of("alice", Secret("secret"), [Grant.of("*", Right.PULL)], cost=4)))
    reply = registry("GET", "/v2/", headers={"authorization": "Basic YQBiOng="})  # a\0b:x
    assert reply.refusal == (401, "UNAUTHORIZED")
