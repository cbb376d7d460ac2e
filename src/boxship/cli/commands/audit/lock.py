"""`boxship audit lock`: what the images that files name stand for."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.audit.examine import Wanted, audit
from boxship.audit.lock import write_lock
from boxship.cli import auditing, console, options
from boxship.cli.statuses import FINDINGS
from boxship.reference import Reference

SUMMARY = "Write what each image that the files name stands for, a line each. One that is not to be had ends with 8."
EXAMPLE = "boxship audit lock k8s/ > images.lock"

# What says nothing of what an image is.
_HABITS = frozenset({"plain-http", "latest", "unpinned"})


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    auditing.add_files(parser)
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Ask for each image, and print the lock."""
    with options.client(chosen) as client:
        report = audit(client, auditing.uses(chosen), Wanted(ignored=_HABITS))
    known = ((Reference.parse(one.image), digest) for one in report.images if (digest := one.known.digest))
    console.write(write_lock(known).encode())
    auditing.tell(report.complaints)
    for image in report.images:
        for finding in image.findings:
            console.complain(console.one_line(f"boxship: {image.uses[0].at}: {image.image}: {finding.words}"))
    return 0 if report.healthy else FINDINGS
