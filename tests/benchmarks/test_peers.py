"""The table of peers says what came of a run: whether it ended, over what, and whether others could read a secret."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from listing import LISTERS, Lister, Run, played
from networks import NETWORKS, Site, laid

from peers import cell
from tests.behaviour.scene import Scene
from tests.network.conftest import materials
from tests.network.namespace import ROOT
from tests.peers.process import program

__all__ = ["materials"]

TLS_TOO = Site(name="443 answers TLS, late", at_443="slow TLS", at_80="basic")
PLAIN_ALONE = Site(name="443 dropped", at_443="dropped", at_80="basic")
CONFIRMATION = 1.2  # seconds that the absence of TLS takes to be certain, the first time
(BOXSHIP,) = (lister for lister in LISTERS if lister.program == "boxship")
ASKS = """
import sys, urllib.request
headers = {"Authorization": "Basic YWxpY2U6c2VjcmV0"} if "secret" in sys.argv else {}
print(urllib.request.urlopen(urllib.request.Request("http://reg.test/v2/app/tags/list", headers=headers)).read())
"""


def run(seconds: float = 0.1, **fields: object) -> Run:
    said = {"ending": "plain HTTP", "status": 0, "in_the_open": False, "said": ""}
    return Run(**{**said, "seconds": seconds, **fields})  # type: ignore[arg-type]  # a row's own words


def test_of_runs_that_agree_the_quickest_counts() -> None:
    assert cell(PLAIN_ALONE, [run(0.3), run(0.12), run(0.2)]) == "0.12 s, plain"


def test_runs_that_do_not_agree_are_all_told() -> None:
    runs = [run(0.3), run(2.0, ending="error", status=5), run(0.2)]
    assert cell(PLAIN_ALONE, runs) == "0.20 s, plain or error after 2.00 s"


def test_a_password_in_the_open_is_in_bold_where_tls_was_to_be_had() -> None:
    assert "**" in cell(TLS_TOO, [run(), run(in_the_open=True)])
    assert cell(PLAIN_ALONE, [run(in_the_open=True)]) == "0.10 s, plain, with the password"
    assert "**" in cell(Site(name="", at_443="TLS, first SYN lost", at_80="basic"), [run(in_the_open=True)])


@pytest.mark.parametrize(("said", "words"), [("", "> 90 s, silent"), ("retrying\n", "> 90 s")])
def test_a_program_that_had_to_be_ended_was_silent_or_not(said: str, words: str) -> None:
    assert cell(PLAIN_ALONE, [run(90.0, ending="cut off", status=None, said=said)]) == words


def test_the_last_line_is_the_last_that_has_words() -> None:
    assert run(said="why: dropped\n  do: open it \n\n").last_line == "do: open it"
    assert run(said="").last_line == ""


def test_every_network_has_a_name_of_its_own() -> None:
    assert len({site.name for site in NETWORKS}) == len(NETWORKS)


@contextmanager
def asking(word: str, folder: Path, site: Site = PLAIN_ALONE) -> Iterator[tuple[Scene, Lister]]:
    with laid(site, folder) as scene:
        yield scene, Lister(program="asks", command=lambda *_: [sys.executable, "-c", ASKS, word], times=2)


@pytest.mark.network
def test_a_secret_that_comes_to_port_80_is_seen_in_each_run(materials: Path) -> None:
    with asking("secret", materials) as (scene, lister):
        runs = played(PLAIN_ALONE, scene, lister)
    assert [(each.ending, each.in_the_open) for each in runs] == [("plain HTTP", True)] * 2


@pytest.mark.network
def test_a_program_that_is_turned_away_has_said_why_and_sent_nothing(materials: Path) -> None:
    with asking("nothing", materials) as (scene, lister):
        (first, _) = played(PLAIN_ALONE, scene, lister)
    assert (first.ending, first.status, first.in_the_open) == ("error", 1, False)
    assert "401" in first.last_line


@pytest.mark.network
def test_a_program_that_goes_on_is_ended(materials: Path) -> None:
    sleeper = Lister(program="sleep", command=lambda *_: ["sleep", "60"])
    with laid(PLAIN_ALONE, materials) as scene:
        (ended,) = played(PLAIN_ALONE, scene, sleeper, cut_off=0.2)
    assert (ended.ending, ended.status) == ("cut off", None)
    assert 0.2 <= ended.seconds < 5


@pytest.mark.network
def test_what_boxship_lists_over_tls_is_over_tls_and_no_secret_is_in_the_open(materials: Path) -> None:
    with laid(TLS_TOO, materials) as scene:
        runs = played(TLS_TOO, scene, BOXSHIP)
    assert [(each.ending, each.in_the_open) for each in runs] == [("TLS", False)] * 2


@pytest.mark.network
def test_when_boxship_is_run_again_it_remembers(materials: Path) -> None:
    with laid(PLAIN_ALONE, materials) as scene:
        first, again = played(PLAIN_ALONE, scene, BOXSHIP)
    assert [(each.ending, each.in_the_open) for each in (first, again)] == [("plain HTTP", True)] * 2
    assert first.seconds > CONFIRMATION > again.seconds


def compare(path: str) -> subprocess.CompletedProcess[str]:
    """What `make compare` runs, for one network, with the programs of a PATH."""
    argv = [sys.executable, str(ROOT / "benchmarks" / "peers.py"), "--dry", "speaks plain HTTP"]
    variables = {"PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.network
def test_a_dry_run_prints_a_table_without_those_who_are_not_there(tmp_path: Path) -> None:
    for name in ("setpriv", "env", "ip"):
        (tmp_path / name).symlink_to(program(name) or name)
    ended = compare(str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    (row,) = [line for line in ended.stdout.splitlines() if line.startswith("| 443")]
    assert row.count("s, plain") == 2
    assert "skopeo is not on PATH" in ended.stdout


def test_where_no_network_can_be_made_it_says_why(tmp_path: Path) -> None:
    ended = compare(str(tmp_path))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "packets cannot be dropped here: " in ended.stderr
