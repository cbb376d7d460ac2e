"""`boxship copy`: an image from anywhere to anywhere."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Mapping
from functools import partial

from boxship.cli import console, moving
from boxship.cli.sides import add_sides
from boxship.copy import Copied
from boxship.errors import BoxshipError, NameTaken

SUMMARY = "Copy an image between registries, folders and files, with all its platforms; its digest stays what it is."
EXAMPLE = "boxship copy --referrers --platform linux/amd64,linux/arm64 reg.corp/app:1 oci:backup:app"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument(
        "source",
        help="a reference, or oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE[:NAME], docker-daemon:NAME, "
        "dir:DIR, or - (an archive from standard input)",
    )
    parser.add_argument("target", help="the same; - is standard output")
    parser.add_argument("-a", "--all-tags", action="store_true", help="copy every tag of a repository")
    parser.add_argument("-n", "--no-clobber", action="store_true", help="leave a tag to what has it in the target")
    parser.add_argument("--referrers", action="store_true", help="bring what refers to the image, and cosign's tags")
    parser.add_argument(
        "--filter", action="store_true", help="of several platforms, make an index of those alone: its digest is new"
    )
    moving.add_nondistributable(parser)
    moving.add_moving(parser)
    add_sides(parser)


def run(chosen: argparse.Namespace) -> int:
    """Copy; of several tags, those that fail are said, and the rest goes on."""
    with moving.clients(chosen) as (client, target):
        copy = partial(
            client.copy_tags if chosen.all_tags else client.copy,
            chosen.source,
            chosen.target,
            to=target,
            platforms=moving.platforms(chosen),
            referrers=chosen.referrers,
            cosign=chosen.referrers,
            no_clobber=chosen.no_clobber,
            filtered=chosen.filter,
            nondistributable=chosen.nondistributable,
            jobs=chosen.jobs,
        )
        copied = copy()
    return _failures(copied, chosen) if isinstance(copied, Mapping) else 0


def _failures(copied: Mapping[str, Copied | BoxshipError], chosen: argparse.Namespace) -> int:
    status = 0
    for tag, outcome in copied.items():
        if isinstance(outcome, NameTaken):
            console.complain(console.one_line(f"boxship: {outcome}"))
        elif isinstance(outcome, BoxshipError):
            console.fail(outcome, chosen, f"{chosen.source}:{tag}")
            status = status or outcome.exit_status
    return status
