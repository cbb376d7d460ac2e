"""What is wrong with this machine or its user, and with no network: settings, references, limits."""

from __future__ import annotations

__all__ = ["BROKEN"]

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from boxship.testing import ScriptedRegistry, serving
from tests.doctor.case import Asking, Case, Network, alone

_CROWDED = Path(__file__).parents[1] / "crowded.py"


def _asked(*words: str, variables: Mapping[str, str] | None = None) -> Network:
    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        yield Asking(alone(folder), words, variables or {})

    return network


@contextmanager
def _damaged_settings(folder: Path) -> Iterator[Asking]:
    damaged = folder / "damaged"
    damaged.mkdir(exist_ok=True)
    (damaged / "config.json").write_text('{"auths": {')
    yield Asking(alone(folder), ("reg.test/app",), {"DOCKER_CONFIG": str(damaged)})


def _few_files(left: int) -> Network:
    """A registry that is well, and a process that may open so many files more."""

    @contextmanager
    def network(folder: Path) -> Iterator[Asking]:
        scene = replace(alone(folder), program=(sys.executable, str(_CROWDED), str(left)))
        with serving(ScriptedRegistry()) as server:
            yield Asking(scene, (f"{server.address}/app:v1",))

    return network


_FULL = ("as many files open as it may", "ulimit -n")
BROKEN: Mapping[str, Case] = {
    "no reference": Case(
        network=_asked("reg.test/UPPER"), verdict=("no reference", "UPPER"), red=frozenset({"reference"})
    ),
    "no host": Case(network=_asked("/app"), verdict=("no reference",), red=frozenset({"reference"})),
    "settings that are damaged": Case(
        network=_damaged_settings, verdict=("settings are wrong", "config.json"), red=frozenset({"settings"})
    ),
    "a host without a registry": Case(
        network=_asked("nobody.invalid/app"),
        verdict=("nobody.invalid", "could not be resolved"),
        red=frozenset({"names"}),
    ),
    "no room for a file": Case(
        network=_few_files(0), verdict=("settings are wrong", "Too many open files"), red=frozenset({"settings"})
    ),
    "room for one file": Case(network=_few_files(1), verdict=_FULL, red=frozenset({"reach"})),
    "room for two files": Case(network=_few_files(2), verdict=_FULL, red=frozenset({"reach"})),
}
