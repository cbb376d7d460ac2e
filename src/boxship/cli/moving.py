"""The options that verbs which move images have in common, and the clients that they describe."""

from __future__ import annotations

__all__ = ["add_jobs", "add_moving", "add_nondistributable", "add_platforms", "client", "clients", "platforms"]

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from boxship.cli import options
from boxship.cli.progress import FORMS, Progress, progress_of
from boxship.cli.sides import side
from boxship.cli.termination import end_on_sigterm
from boxship.cli.tracer import Tracer
from boxship.client import Client
from boxship.platform import Platform
from boxship.verbs.moving import JOBS

_ALL = "all"


def add_moving(
    parser: argparse.ArgumentParser, *, user: bool = True, platforms: bool = True, jobs: str = "blobs"
) -> None:
    """Add the options of verbs that move images; `-u` where that is who asks, `--platform` where it chooses."""
    if platforms:
        add_platforms(parser)
    add_jobs(parser, jobs)
    parser.add_argument(
        "--progress",
        choices=FORMS,
        default=FORMS[0],
        metavar="|".join(FORMS),
        help="how far it is, on stderr (default: bars on a terminal, lines elsewhere)",
    )
    options.add_common(parser, user=user)


def add_jobs(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--jobs`."""
    words = f"{what} at a time (default: {JOBS})"
    parser.add_argument("-j", "--jobs", type=options.number(1, 64), default=JOBS, metavar="N", help=words)


def add_platforms(parser: argparse.ArgumentParser) -> None:
    """Add `--platform`, several times or with commas, or `all`."""
    parser.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="OS/ARCH[/VARIANT],…|all",
        help="of an index, these alone; may be given several times (default: all; for docker, this machine's)",
    )


def add_nondistributable(parser: argparse.ArgumentParser) -> None:
    """Add what brings layers along that copies leave where their URLs say."""
    parser.add_argument(
        "--allow-nondistributable-artifacts",
        dest="nondistributable",
        action="store_true",
        help="bring layers, too, that may not be distributed, where the source has them (of Windows, for example)",
    )


def platforms(chosen: argparse.Namespace) -> tuple[Platform, ...] | None:
    """The platforms that were chosen: none for `all`, and None where nothing was said."""
    words = [word for text in chosen.platform for word in text.split(",")]
    return () if _ALL in words else tuple(map(Platform.parse, words)) or None


@contextmanager
def client(chosen: argparse.Namespace) -> Iterator[Client]:
    """The client that the options describe; how far it is is shown."""
    end_on_sigterm()
    with options.client(chosen, progress=_progress(chosen)) as made:
        yield made


@contextmanager
def clients(chosen: argparse.Namespace) -> Iterator[tuple[Client, Client]]:
    """The clients of the source and of the target: one where neither has options of its own."""
    end_on_sigterm()
    one, other = side(chosen, "from"), side(chosen, "to")
    with (
        Tracer(chosen.verbose, chosen.trace, quiet=chosen.quiet, progress=_progress(chosen)) as tracer,
        options.made(one, tracer) as source,
        nullcontext(source) if other is one else options.made(other, tracer) as target,
    ):
        yield source, target


def _progress(chosen: argparse.Namespace) -> Progress | None:
    return progress_of(chosen.progress, verbose=chosen.verbose > 0, quiet=chosen.quiet)
