"""A test with a registry of its own, and one with networks that fail: pytest test_release.py."""

import pytest

from boxship import BoxshipError, Client
from boxship.testing import Place, RunningRegistry, put_image


def release(client: Client, repository: str, version: str) -> None:
    """What is tested: a candidate gets its version, and is latest."""
    client.copy(f"{repository}:{version}-rc", f"{repository}:{version}")
    client.copy(f"{repository}:{version}-rc", f"{repository}:latest")


def test_a_release_is_the_candidate(boxship_registry: RunningRegistry, boxship_repository: str) -> None:
    _, _, name = boxship_repository.partition("/")
    candidate = put_image(boxship_registry.address, name, "1.2-rc")
    with Client() as client:
        release(client, boxship_repository, "1.2")
        assert list(client.tags(boxship_repository)) == ["1.2", "1.2-rc", "latest"]
        assert client.digest(f"{boxship_repository}:1.2") == candidate


def test_a_release_fails_in_time(boxship_hostile: Place) -> None:
    with Client(timeout=1) as client, pytest.raises(BoxshipError):
        release(client, f"{boxship_hostile.address}/app", "1.2")
