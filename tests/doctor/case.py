"""A case of the doctor's matrix: a network that is really there, how the doctor is asked in it, what it must say."""

from __future__ import annotations

__all__ = ["Asking", "Case", "Network", "Said", "alone", "complaints"]

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from tests.behaviour.scene import Scene
from tests.cli.running import COMMAND, boxship
from tests.doctor.looking import WHOLE

_LONGER = 30.0  # with a start on a busy machine
FINDINGS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the doctor said as JSON, and the status it ended with."""

    status: int
    report: Mapping[str, object]

    def ids(self, status: str) -> frozenset[str]:
        """The checks with that status."""
        return frozenset(check["id"] for check in self.checks if check["status"] == status)

    @property
    def checks(self) -> list[dict[str, str]]:
        """Every check."""
        checks = self.report["checks"]
        assert isinstance(checks, list)
        return checks

    @property
    def pasted(self) -> str:
        """All that is there to paste."""
        return json.dumps(self.report["remedies"]).replace('\\"', '"')


@dataclass(frozen=True, slots=True)
class Asking:
    """In which scene the doctor is asked, with which words and variables."""

    scene: Scene
    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    def said(self) -> Said:
        """What it says: JSON, whatever it finds."""
        words = [str(self.scene.root) if word == "@root" else word for word in self.words]
        status, output, errors = self._run("doctor", "-o", "json", *words)
        assert output, errors
        assert "Traceback" not in errors
        return Said(status=status, report=json.loads(output))

    def _run(self, verb: str, *words: str) -> tuple[int, str, str]:
        if (*self.scene.prefix, *self.scene.program) != COMMAND:
            played = self.scene.boxship(verb, *words, timeout=_LONGER, variables=self.variables)
            return played.status, played.stdout, played.stderr
        ended = boxship(verb, *self.scene.options, *words, env=self.scene.variables(self.variables))
        return ended.status, ended.output, ended.errors


# Builds a network, given a folder with certificates (`tests.behaviour.ports.certificates`), and takes it down again.
Network = Callable[[Path], AbstractContextManager[Asking]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network, and what must be said of it.

    `red` are checks that are errors, and in a healthy network none is; `amber` are warnings; `verdict` are words of
    the verdict; `pasted` is in what there is to paste.
    """

    network: Network
    verdict: tuple[str, ...]
    red: frozenset[str] = frozenset()
    amber: frozenset[str] = frozenset()
    pasted: str = ""

    def said(self, materials: Path) -> Said:
        """What the doctor says in it."""
        with self.network(materials) as asking:
            return asking.said()


def alone(folder: Path) -> Scene:
    """A scene without a host: the program on this machine, with the user of `tests.behaviour.scene`."""
    return Scene(program=COMMAND, dialled={}, records={}, folder=folder)


def complaints(case: Case, said: Said) -> Iterator[str]:
    """What is not as the case says."""
    red = said.ids("error")
    if case.red - red or bool(case.red) is not bool(red):
        yield f"errors should be {sorted(case.red)}, are {sorted(red)}"
    if case.amber - said.ids("warning"):
        yield f"warnings should be {sorted(case.amber)}, are {sorted(said.ids('warning'))}"
    if said.status != (FINDINGS if case.red else 0):
        yield f"the status is {said.status}"
    verdict = str(said.report["verdict"])
    yield from (f"the verdict lacks {words!r}: {verdict}" for words in case.verdict if words not in verdict)
    if (case.red or case.amber) and verdict.startswith("All is well"):
        yield f"the verdict calls it healthy: {verdict}"
    if case.pasted not in said.pasted:
        yield f"there is not to paste: {case.pasted}"
    if not float(str(said.report["seconds"])) < WHOLE:
        yield f"it took {said.report['seconds']} s"
    yield from (f"nothing is said by {check['id']}" for check in said.checks if not check["words"])
