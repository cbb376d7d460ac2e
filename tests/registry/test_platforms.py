from __future__ import annotations

import json
from dataclasses import replace

import pytest

from boxship import Client, media_type
from boxship.digest import Digest
from boxship.errors import DigestMismatch, UnexpectedAnswer
from boxship.testing import (
    Answer,
    Image,
    Request,
    by_path,
    failure,
    serving,
    spoilt,
)
from tests.registry.images import AMD, ARM, GOOD, answer_of, index
from tests.transport.reaching import failing, repository


def both(request: Request) -> Answer:
    """An index `latest` of two images, and all that they consist of."""
    contents = {str(image.digest): (image.manifest, media_type.OCI_MANIFEST) for image in (ARM, AMD)}
    contents |= {str(digest): (content, "") for image in (ARM, AMD) for digest, content in image.blobs.items()}
    contents["latest"] = (index(ARM, AMD), media_type.OCI_INDEX)
    found = contents.get(request.path.rpartition("/")[2])
    return answer_of(*found) if found else failure(404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize(("platform", "image"), [("linux/arm64", ARM), ("linux/amd64", AMD)])
def test_the_configuration_for_a_platform(platform: str, image: Image) -> None:
    with serving(both) as server, Client() as client:
        assert client.config(f"{repository(server)}:latest", platform=platform).raw == image.config
        assert client.document(f"{repository(server)}:latest", platform=platform).raw == image.manifest


def test_a_platform_that_an_index_has_not_is_said_with_those_it_has() -> None:
    with serving(both) as server, Client() as client:
        error = failing(lambda: client.config(f"{repository(server)}:latest", platform="linux/s390x"))
    assert error.why == "its platforms are linux/arm64, linux/amd64"


def test_platforms_of_an_index_cannot_change_the_terminal() -> None:
    odd = index(ARM).replace(b'"linux"', b'"\\u001b[2J\\n"')
    with serving(answer_of(odd, media_type.OCI_INDEX)) as server, Client() as client:
        error = failing(lambda: client.config(f"{repository(server)}:latest", platform="linux/arm64"))
    assert "[2J" in error.why
    assert str(error).isprintable()


def test_an_index_that_lies_about_a_manifest_is_found_out() -> None:
    lying = by_path({f"/v2/app/manifests/{ARM.digest}": answer_of(AMD.manifest), "/": both})
    with serving(lying) as server, Client() as client:
        error = failing(lambda: client.config(f"{repository(server)}:latest", platform="linux/arm64"))
    assert isinstance(error, DigestMismatch)


def test_an_index_of_indexes_has_no_configuration() -> None:
    inner = replace(ARM, manifest=index(AMD), media_type=media_type.OCI_INDEX)
    outer = by_path(
        {
            f"/v2/app/manifests/{inner.digest}": answer_of(inner.manifest, media_type.OCI_INDEX),
            "/": answer_of(index(inner), media_type.OCI_INDEX),
        }
    )
    with serving(outer) as server, Client() as client:
        error = failing(lambda: client.config(f"{repository(server)}:latest", platform="linux/arm64"))
    assert "is an index of indexes" in error.what


@pytest.mark.parametrize("config", [b"{", b"[]", b'{"os": 7}', b'{"rootfs": {"diff_ids": "x"}}'])
def test_a_malformed_configuration_is_said_to_be_one(config: bytes) -> None:
    descriptor = {"mediaType": "c", "digest": str(Digest.of(config)), "size": len(config)}
    manifest = json.dumps({"schemaVersion": 2, "config": descriptor, "layers": []}).encode()
    answers = by_path({"/v2/app/blobs/": answer_of(config), "/": answer_of(manifest)})
    with serving(answers) as server, Client() as client:
        error = failing(lambda: client.config(f"{repository(server)}:v1"))
    assert isinstance(error, UnexpectedAnswer)
    assert "the configuration of" in error.what


def test_a_configuration_of_another_size_than_was_said_is_refused() -> None:
    longer = spoilt(GOOD, "/blobs/", lambda good: replace(good, body=bytes(good.body) + b" "))  # type: ignore[arg-type] # bytes
    with serving(longer) as server, Client() as client:
        assert failing(lambda: client.config(f"{repository(server)}:v1")).exit_status == 6
