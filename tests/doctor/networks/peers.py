"""Registries of others that are well: CNCF distribution, for everybody, and for those whom its htpasswd file knows."""

from __future__ import annotations

__all__ = ["WELL"]

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from boxship.testing import put_image
from tests.doctor.case import Asking, Case, alone
from tests.peers.programs import ALICE, docker_registry

_ALL_IS_WELL = ("All is well",)


@contextmanager
def _for_everybody(folder: Path) -> Iterator[Asking]:
    with TemporaryDirectory() as name, docker_registry(Path(name)) as address:
        put_image(str(address), "app", "v1")
        yield Asking(alone(folder), (f"{address}/app:v1",))


@contextmanager
def _for_alice(folder: Path) -> Iterator[Asking]:
    with TemporaryDirectory() as name:
        with docker_registry(Path(name)) as open_to_all:
            put_image(str(open_to_all), "app", "v1")
        with docker_registry(Path(name), auth=ALICE) as address:
            yield Asking(alone(folder), ("--username", ALICE.user, "--password", ALICE.password, f"{address}/app:v1"))


WELL: Mapping[str, Case] = {
    "docker-registry": Case(network=_for_everybody, verdict=_ALL_IS_WELL),
    "docker-registry with htpasswd": Case(network=_for_alice, verdict=_ALL_IS_WELL),
}
