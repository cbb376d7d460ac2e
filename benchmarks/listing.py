"""Programs that list tags, each in its own words, and what a run of one came to.

Each run has a user's home with a password for the host in docker's settings, which all of them read, and nothing else.
"""

from __future__ import annotations

__all__ = ["CUT_OFF", "LISTERS", "Lister", "Run", "played"]

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from measure import BOXSHIP
from networks import Site
from tests.behaviour.ports import PLAIN_TAG, TLS_TAG
from tests.behaviour.scene import Scene, environment

CUT_OFF = 90.0  # seconds; boxship gives a document that trickles 60

Ending = Literal["TLS", "plain HTTP", "error", "cut off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lister:
    """A program, its command for a repository (with plain HTTP permitted or not), and how often it is run in a row."""

    program: str
    command: Callable[[str, bool], Sequence[str]]
    times: int = 1


def _boxship(reference: str, permitted: bool) -> Sequence[str]:  # noqa: FBT001 -- a row's own word
    return [BOXSHIP, "ls", *(["--insecure"] if permitted else []), reference]


def _skopeo(reference: str, permitted: bool) -> Sequence[str]:  # noqa: FBT001 -- the same
    return ["skopeo", "list-tags", *(["--tls-verify=false"] if permitted else []), f"docker://{reference}"]


def _crane(reference: str, permitted: bool) -> Sequence[str]:  # noqa: FBT001 -- the same
    return ["crane", "ls", *(["--insecure"] if permitted else []), reference]


LISTERS = (
    # The second time it remembers the first.
    Lister(program="boxship", command=_boxship, times=2),
    Lister(program="skopeo", command=_skopeo),
    Lister(program="crane", command=_crane),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a program ended and after how many seconds, what it said, and whether a secret could be read on the way."""

    ending: Ending
    status: int | None
    seconds: float
    in_the_open: bool
    said: str

    @property
    def last_line(self) -> str:
        """What it said last, if it failed."""
        return next((line.strip() for line in reversed(self.said.splitlines()) if line.strip()), "")


def played(site: Site, scene: Scene, lister: Lister, *, cut_off: float = CUT_OFF) -> tuple[Run, ...]:
    """The program's runs at the site, one after the other, in one user's home, with its cache."""
    home = environment(scene.folder)
    # A proxy of this machine's knows nothing of the site.
    variables = {name: value for name, value in home.items() if not name.lower().endswith("_proxy")}
    argv = [*scene.prefix, *lister.command(site.reference, site.permitted)]
    return tuple(_run(scene, argv, variables, cut_off) for _ in range(lister.times))


def _run(scene: Scene, argv: Sequence[str], variables: Mapping[str, str], cut_off: float) -> Run:
    before, begun = _read_by_others(scene), time.monotonic()
    status, stdout, stderr = _ended(argv, variables, scene.folder, cut_off)
    seconds = time.monotonic() - begun
    ending = _ending(status, stdout)
    said = "" if ending in ("TLS", "plain HTTP") else stderr
    in_the_open = _read_by_others(scene) > before
    return Run(ending=ending, status=status, seconds=seconds, in_the_open=in_the_open, said=said)


def _ended(
    argv: Sequence[str], variables: Mapping[str, str], folder: Path, cut_off: float
) -> tuple[int | None, str, str]:
    """The status, or none where the program had to be ended, and what it printed until then."""
    with (folder / "stdout").open("w+b") as stdout, (folder / "stderr").open("w+b") as stderr:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=variables)
        try:
            status: int | None = process.wait(cut_off)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            process.kill()
            process.wait()
    printed, said = ((folder / name).read_text("utf-8", "replace") for name in ("stdout", "stderr"))
    return status, printed, said


def _ending(status: int | None, stdout: str) -> Ending:
    if status is None:
        return "cut off"
    if TLS_TAG in stdout:
        return "TLS"
    return "plain HTTP" if PLAIN_TAG in stdout else "error"


def _read_by_others(scene: Scene) -> int:
    """How many requests with a secret have come over plain HTTP so far."""
    return sum(request.secret and not request.tls for port in scene.records for request in scene.asked(port))
