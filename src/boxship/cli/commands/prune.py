"""`boxship prune`: what of repositories may go, as a plan, and the plan done."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import os
import time
from collections.abc import Iterable, Iterator

from boxship.audit.sources import Reading, read_files, uses_in
from boxship.audit.use import Complaint, Text, Use, Uses
from boxship.cli import console, named, options
from boxship.errors import InvalidInput, InvalidReference, InvalidSettings, PlanOutdated
from boxship.prune.applying import apply_plan
from boxship.prune.plan import Plan, parse_plan
from boxship.prune.planning import InUse, make_part
from boxship.prune.rules import Rules, parse_age
from boxship.reference import Reference
from boxship.sync.semver import Range

SUMMARY = (
    "Print a plan of what may go of repositories; --apply does exactly that, or ends with 8 where it holds no more."
)
EXAMPLE = "boxship prune reg.corp/app --keep 5 --keep-semver '>=2' > plan.json && boxship prune --apply plan.json"


_IMAGES = ("*.image", "*Image", "*.imageName", "*.imageID")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("repositories", nargs="*", metavar="repository")
    parser.add_argument("--apply", metavar="PLAN|-", help="do what this plan says; nothing is decided anew")
    rules = parser.add_argument_group("what is kept: a tag by any of these")
    rules.add_argument(
        "--keep", type=options.number(0), metavar="N", help="the N newest, by when their images were made"
    )
    rules.add_argument("--keep-semver", metavar="RANGE", help="versions in a range: '>=2', '1.2 - 1.4 || ~3.1'")
    rules.add_argument("--keep-within", metavar="AGE", help="what is younger: 30d, 2w, 12h")
    looked = parser.add_argument_group("what is looked at")
    for name, words in (
        ("match", "only these tags; alone, all of them go"),
        ("exclude", "not these tags"),
        ("immutable", "never these tags, nor what they stand for"),
    ):
        looked.add_argument(f"--{name}", action="append", default=[], metavar="GLOB|@FILE", help=words)
    looked.add_argument(
        "--untagged", action="store_true", help="manifests without a tag, where the registry lists them"
    )
    looked.add_argument("--untagged-after", metavar="AGE", default="1h", help="but for those that were pushed since")
    words = "images that are in use, by tag or digest: YAML, lists and lock files, as boxship audit reads them"
    looked.add_argument("--in-use", action="append", type=_in_use, default=[], metavar="FILE|DIR|-", help=words)
    options.add_common(parser)


def _in_use(text: str) -> str:
    return named.anything(text) if text not in ("", "-") else text


def run(chosen: argparse.Namespace) -> int:
    """Print the plan, or do it."""
    if bool(chosen.apply) == bool(chosen.repositories):
        raise InvalidInput("prune takes repositories, or --apply and a plan", why="one of them", remedy=EXAMPLE)
    return _apply(chosen) if chosen.apply else _plan(chosen)


def _plan(chosen: argparse.Namespace) -> int:
    rules, uses, now = _rules(chosen), _uses(chosen.in_use), time.time()
    repositories = dict.fromkeys(map(_repository, chosen.repositories))
    with options.client(chosen) as client:
        parts = [make_part(client, one, rules, InUse.of(uses, one), now) for one in repositories]
    for part in parts:
        console.complain(*(console.one_line(f"boxship: {line}") for line in (part.summary, *part.notes)))
    console.write(Plan(now, tuple(parts)).text().encode())
    return 0


def _rules(chosen: argparse.Namespace) -> Rules:
    return Rules(
        newest=chosen.keep,
        semver=None if chosen.keep_semver is None else Range.parse(chosen.keep_semver),
        within=None if chosen.keep_within is None else parse_age(chosen.keep_within),
        match=_globs("--match", chosen.match),
        exclude=_globs("--exclude", chosen.exclude),
        immutable=_globs("--immutable", chosen.immutable),
        untagged=chosen.untagged,
        grace=parse_age(chosen.untagged_after),
    )


def _globs(option: str, words: Iterable[str]) -> tuple[str, ...]:
    """The globs; `@FILE` has one a line, and `#` begins a comment. A word that has none was a variable, perhaps."""
    found = list[str]()
    for word in words:
        globs = _lines(word[1:], f"{option} {word}") if word.startswith("@") else [word] if word else []
        if not globs:
            raise InvalidSettings(f"{option} {word}".rstrip(), why="there is no pattern in it")
        found += globs
    return tuple(found)


def _lines(file: str, told: str) -> list[str]:
    lines = (
        line.partition("#")[0].strip() for line in console.read(file, told).decode("utf-8", "replace").splitlines()
    )
    return [line for line in lines if line]


def _repository(text: str) -> Reference:
    reference = Reference.parse(text)
    if reference.tag or reference.digest:
        raise InvalidInput(f"{text} is an image", why="a plan is made of a whole repository")
    return reference


def _uses(names: Iterable[str]) -> tuple[Use, ...]:
    """The images in use; a file that cannot be read, or is empty, could have named any."""
    found = list[Use]()
    for name in dict.fromkeys(names):
        texts = read_files([name], console.read("-") if name == "-" else b"") if name else ()
        used = [use for text in texts for use in _uses_of(text)]
        if not used:
            why = "it names no image: what is in use is not known"
            raise InvalidSettings(f"--in-use {name}".rstrip(), why=why, remedy="leave it out where nothing is")
        found += used
    return tuple(found)


def _uses_of(text: Text | Complaint) -> Iterator[Use]:
    uses = Uses((), (text,)) if isinstance(text, Complaint) else uses_in(text, Reading(_IMAGES, os.environ))
    for complaint in uses.complaints:
        raise InvalidSettings(complaint.file, complaint.line, why=complaint.words)
    for use in uses.uses:
        if use.what == "list":  # other fields may be something else
            _check_line(use)
        yield use


def _check_line(use: Use) -> None:
    try:
        Reference.parse(use.image)
    except InvalidReference as error:
        raise InvalidSettings(use.file, use.line, why=f"{use.image} is no image: {error.why}") from error


def _apply(chosen: argparse.Namespace) -> int:
    plan = parse_plan(console.read(chosen.apply, f"--apply {chosen.apply}"), chosen.apply)
    with options.client(chosen) as client:
        try:
            for name in apply_plan(client, plan):
                console.say(name)
        except PlanOutdated as error:
            console.complain(*(console.one_line(f"boxship: {line}") for line in error.changes))
            raise
    return 0
