"""Every flag of crane's stands in a row, so that none is forgotten, and on the page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.cli.options import spelled_out, verb_first
from boxship.cli.parsers import command_of
from tests.crane.flags import ANYWHERE, FLAGS, told_by
from tests.crane.rows import ROWS
from tests.crane.stage import Stage

HERE = Path(__file__)
PAGE = (HERE.parents[2] / "docs" / "crane.md").read_text()
REFUSED = ("rebase", "--original")  # by crane itself
# A value for each flag that takes one, where not any word will do.
VALUES = {"--jobs": "2", "-j": "2", "--platform": "linux/arm64", "--format": "legacy"}
_ALONE = (
    "--oci-empty-base --set-base-image-annotations --password-stdin -H --header --push --full-ref -a --all-tags -n"
    " --no-clobber --docker-empty-base --flatten -O --omit-digest-tags --annotate-ref --index --fast"
    " --insecure -v --verbose --allow-nondistributable-artifacts"
)
ALONE = frozenset(_ALONE.split())
NEEDED = {
    "append": "-f x -t y",
    "auth login": "x",
    "auth token": "x",
    "edit fs": "x -f y",
    "copy": "x y",
    "index filter": "x --platform linux",
    "pull": "x y",
    "push": "x y",
    "tag": "x y",
}


def every_flag() -> Iterator[tuple[str, str]]:
    for verb, flags in FLAGS.items():
        for flag in (*flags.split(), *ANYWHERE.split()):
            if (verb, flag) != REFUSED and verb not in ("version", "layout gc", "registry serve"):
                yield verb, flag


@pytest.mark.parametrize("verb", FLAGS)
def test_crane_has_these_flags(stage: Stage, verb: str) -> None:
    if stage.name == "crane":
        assert told_by(stage.program, verb) == FLAGS[verb]


@pytest.mark.parametrize(("verb", "flag"), list(every_flag()))
def test_boxship_takes_it(verb: str, flag: str) -> None:
    alone = flag in ALONE and (verb, flag) not in {("mutate", "-a"), ("index append", "-a")}
    given = flag if alone else f"{flag} {VALUES.get(flag, 'a=b')}"
    name, *rest = verb_first(shlex.split(f"{verb} {NEEDED.get(verb, 'x')} {given}"))
    command_of(name).parser.parse_args(spelled_out(rest))


@pytest.mark.parametrize("verb", FLAGS)
def test_it_stands_on_the_page(verb: str) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| ") and f"`{verb}`" in line.split("|")[1])
    missing = [flag for flag in FLAGS[verb].split() if f"`{flag}`" not in row and (verb, flag) != REFUSED]
    assert missing == []


# Verbs whose flags stand in no row, and where they are tried.
ELSEWHERE = {
    "auth login": HERE.with_name("test_access.py"),
    "auth token": HERE.with_name("test_access.py"),
    "edit config": HERE.with_name("test_edit.py"),
    "edit fs": HERE.with_name("test_edit.py"),
    "edit manifest": HERE.with_name("test_edit.py"),
    "registry serve": HERE.parents[1] / "cli" / "test_registry.py",
}


def _tried(verb: str) -> set[str]:
    if verb in ELSEWHERE:
        return set(re.findall(r"(?<![\w-])--?\w[\w-]*", ELSEWHERE[verb].read_text()))
    lines = [line.partition(" <<< ")[0] for row in ROWS.values() for line in row.lines]
    own = (line for line in lines if line.startswith((f"{verb} ", "cp ") if verb == "copy" else f"{verb} "))
    return {word.partition("=")[0] for line in own for word in line.split()}


@pytest.mark.parametrize("verb", FLAGS)
def test_each_flag_is_tried(verb: str) -> None:
    assert {flag for flag in FLAGS[verb].split() if (verb, flag) != REFUSED} <= _tried(verb)
