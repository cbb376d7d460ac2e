"""`boxship audit check`: whether the images that files name are there, and what they should be."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator

from boxship.audit.examine import Wanted, audit
from boxship.audit.report import IDS, SCHEMA, Audited, Level, Report
from boxship.cli import auditing, console, options, shape
from boxship.cli.statuses import FINDINGS
from boxship.platform import Platform

SUMMARY = "See whether each image is there, for the platform, and as it was locked. What is wrong ends with 8."
EXAMPLE = "boxship audit k8s/ --platform linux/arm64 --lock images.lock --from-secret pull.yaml"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    auditing.add_files(parser)
    parser.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="OS/ARCH[/VARIANT],…",
        help="what each image has to be for; may be given several times",
    )
    parser.add_argument("--lock", metavar="FILE", help="what each image has to be (boxship audit lock writes it)")
    parser.add_argument("--strict", action="store_true", help="end with 8 for warnings, too")
    words = f"findings that are none: {', '.join(IDS)}"
    parser.add_argument("--ignore", action="append", default=[], type=options.some_of(IDS), metavar="ID,…", help=words)
    shape.add_shape(parser, items="images")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Audit, and print what was found."""
    found = auditing.uses(chosen)
    wanted = Wanted(
        tuple(Platform.parse(word) for text in chosen.platform for word in text.split(",")),
        auditing.read_lock(chosen.lock, "--lock") if chosen.lock else None,
        frozenset[str]().union(*chosen.ignore),
    )
    with options.client(chosen) as client:
        report = audit(client, found, wanted)
    shape.show(chosen, SCHEMA, report.document(), _table(report), items="images")
    console.complain(f"boxship: {report.summary}")
    is_fine = report.healthy and not (chosen.strict and report.counts.get(Level.WARNING))
    return 0 if is_fine else FINDINGS


def _table(report: Report) -> Iterator[str]:
    """What is wrong with each image, and below it where that is used; errors first."""
    for complaint in report.complaints:
        yield f"{complaint.at}: {complaint.words}"
    for image in sorted(report.images, key=lambda one: not one.is_wrong):
        if image.findings:
            yield from _image(image)


def _image(image: Audited) -> Iterator[str]:
    yield image.image
    for finding in image.findings:
        remedy = f" ({finding.remedy})" if finding.remedy else ""
        yield f"  {finding.level:7}  {finding.id}: {finding.words}{remedy}"
    yield from shape.columns((f"  {use.at}", use.what) for use in image.uses)
