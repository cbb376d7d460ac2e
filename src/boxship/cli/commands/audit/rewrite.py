"""`boxship audit rewrite`: other registries and digests in files."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import difflib
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from boxship.audit.rewrite import Rewriting, collisions, replace_uses
from boxship.audit.use import Complaint, Text, Use
from boxship.cli import auditing, console
from boxship.cli.statuses import FINDINGS
from boxship.errors import InvalidInput, InvalidReference
from boxship.formats.written import in_words, write_file
from boxship.reference import Reference

SUMMARY = (
    "Name other registries in files, and digests; comments and every other letter stay. What has to stay ends with 8."
)
EXAMPLE = "boxship audit rewrite --to mirror.corp k8s/"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    auditing.add_files(parser)
    parser.add_argument(
        "--to",
        default="",
        metavar="HOST[/PATH]",
        help="where images are named instead: mirror.corp, or mirror.corp/{registry}/{repository}",
    )
    parser.add_argument("--pin", metavar="LOCK", help="put the digests of a lock file behind them")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, and print what would be changed")


def run(chosen: argparse.Namespace) -> int:
    """Rewrite files where they are; what comes from standard input goes to standard output."""
    if not (chosen.to or chosen.pin):
        raise InvalidInput("nothing is to be rewritten", why="neither --to nor --pin is given", remedy=EXAMPLE)
    rewriting = Rewriting(chosen.to, auditing.read_lock(chosen.pin, "--pin") if chosen.pin else None)
    texts = list(auditing.texts(chosen))
    found = auditing.uses(chosen, texts)
    _check(found.uses, rewriting)
    complaints = list[Complaint](found.complaints)
    for text in texts:
        if isinstance(text, Text):
            mine = [use for use in found.uses if use.file == text.file]
            new, kept = replace_uses(text, mine, rewriting)
            complaints += kept
            _put(text, new, dry_run=chosen.dry_run)
    return FINDINGS if auditing.tell(complaints) else 0


def _check(uses: Sequence[Use], rewriting: Rewriting) -> None:
    images = list[Reference]()
    for use in uses:
        with suppress(InvalidReference):  # said where it is replaced
            images.append(Reference.parse(use.image))
    for name, olds in collisions(images, rewriting).items():
        why = f"it would be the name of {' and of '.join(sorted(olds))}"
        raise InvalidInput(f"{name} is no name for both", why=why, remedy="write --to HOST/{registry}/{repository}")


def _put(text: Text, new: str, *, dry_run: bool) -> None:
    if dry_run:
        console.write("".join(_difference(text, new)).encode())
    elif text.file == "-":
        console.write(new.encode())
    elif new != text.text:
        with in_words(f"{text.file} cannot be written"):
            place = Path(text.file).resolve()  # a link stays one
            write_file(place, new.encode(), mode=stat.S_IMODE(place.stat().st_mode))
        console.complain(console.one_line(f"boxship: {text.file} is rewritten"))


def _difference(text: Text, new: str) -> Iterator[str]:
    """As `patch` reads it; lines end where they do in the file."""
    old_lines, new_lines = (_lines(one) for one in (text.text, new))
    for line in difflib.unified_diff(old_lines, new_lines, f"a/{text.file}", f"b/{text.file}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *filter(None, (last,))]
