"""What a copy is called: digests that must hold, names that are not to be taken, and several at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship import Client
from boxship.copy import Options
from boxship.errors import DigestMismatch, NameTaken, NotFound
from boxship.formats.oci_layout import OCILayout
from boxship.testing import Answer, Request, put_image, registry, serving
from tests.copying.images import copied, repository

NO_CLOBBER = Options(no_clobber=True)


def test_what_is_named_by_its_digest_is_copied_to_a_tag_and_to_that_digest() -> None:
    with registry() as running, Client() as client:
        at = running.address
        digest = put_image(at, "app", "1", layers=[b"one"])
        with repository(client, f"{at}/app") as source, repository(client, f"{at}/other") as target:
            copied(source, str(digest), target, "1", str(digest))
        assert list(client.tags(f"{at}/other")) == ["1"]
        assert client.digest(f"{at}/other@{digest}") == digest


def test_a_digest_that_is_wanted_and_is_another_one_is_refused_before_anything_is_copied() -> None:
    with registry() as running, Client() as client:
        at = running.address
        put_image(at, "app", "1", layers=[b"one"])
        other = put_image(at, "app", "2", layers=[b"two"])
        with (
            repository(client, f"{at}/app") as source,
            repository(client, f"{at}/other") as target,
            pytest.raises(DigestMismatch, match=str(other)),
        ):
            copied(source, "1", target, "1", str(other))
        with pytest.raises(NotFound):
            list(client.tags(f"{at}/other"))


def test_a_name_that_something_else_has_is_left_to_it(tmp_path: Path) -> None:
    with registry() as running, Client() as client:
        at = running.address
        first, second = (put_image(at, "app", tag, layers=[tag.encode()]) for tag in ("1", "2"))
        layout = OCILayout(tmp_path / "layout")
        with repository(client, f"{at}/app") as source, repository(client, f"{at}/other") as target:
            for store in (target, layout):
                copied(source, "1", store, "a", options=NO_CLOBBER)
                with pytest.raises(NameTaken, match=f"it is {first}, and {second}"):
                    copied(source, "2", store, "b", "a", options=NO_CLOBBER)
                copied(source, "1", store, "a", options=NO_CLOBBER)  # it has the name already
                assert store.resolve("a").digest == first
                with pytest.raises(NotFound):
                    store.resolve("b")
                copied(source, "2", store, "a")
                assert store.resolve("a").digest == second


def test_a_repository_into_which_nobody_may_look_has_no_names() -> None:
    def reluctant(request: Request) -> Answer:
        digest = request.path.rpartition("/")[2]
        return Answer(403) if request.method == "GET" else Answer(201, headers={"Docker-Content-Digest": digest})

    with registry() as running, serving(reluctant) as server, Client() as client:
        put_image(running.address, "app", "1", layers=[b"one"])
        with (
            repository(client, f"{running.address}/app") as source,
            repository(client, f"{server.url}/app") as target,
        ):
            copied(source, "1", target, "1", options=NO_CLOBBER)
        assert [request.path for request in server.requests if request.method == "PUT"] == ["/v2/app/manifests/1"]


def test_a_target_written_with_a_digest_gets_nothing_else() -> None:
    with registry() as running, Client() as client:
        at = running.address
        digest = put_image(at, "app", "1", layers=[b"one"])
        other = put_image(at, "app", "2", layers=[b"two"])
        client.copy(f"{at}/app:1", f"{at}/other@{digest}")
        client.copy(f"{at}/app:1", f"{at}/other:1@{digest}")
        for target in (f"{at}/other@{other}", f"{at}/other:2@{other}"):
            with pytest.raises(DigestMismatch):
                client.copy(f"{at}/app:1", target)
        assert list(client.tags(f"{at}/other")) == ["1"]
        assert client.digest(f"{at}/other@{digest}") == digest
