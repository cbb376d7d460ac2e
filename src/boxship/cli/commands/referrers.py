"""`boxship referrers`: what refers to an image, as a tree."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
from collections.abc import Iterator

from boxship.artifact.referrers import Referrers
from boxship.cli import moving, options, shape
from boxship.cli.tally import bytes_of
from boxship.cli.words import listed
from boxship.formats.ends import end_of
from boxship.reference import Reference

SUMMARY = "Print what refers to an image (signatures, attestations, bills of materials), and to that in turn."
EXAMPLE = "boxship referrers reg.corp/app:1 --artifact-type application/spdx+json -o name"

_CREATED = "org.opencontainers.image.created"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image", help="a reference or a local place (oci:DIR:TAG, …)")
    parser.add_argument(
        "--artifact-type", action="append", default=[], metavar="TYPE,…", help="only these, and what leads to them"
    )
    words = "how deep (default: all that there is)"
    parser.add_argument("--depth", type=options.number(1), default=0, metavar="N", help=words)
    shape.add_shape(parser, names=True)
    options.add_platform(parser)
    moving.add_jobs(parser, "manifests asked about")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the tree."""
    kinds = listed(chosen.artifact_type)
    with options.client(chosen) as client:
        found = client.referrers(
            chosen.image,
            artifact_types=kinds,
            depth=chosen.depth,
            platform=chosen.platform,
            jobs=chosen.jobs,
        )
    told = (one for one in found.each() if not kinds or one.artifact_type in kinds)
    names = dict.fromkeys(_name(chosen.image, one) for one in told)
    table = [_name(chosen.image, found), *_lines(found, "")]
    shape.show(chosen, "boxship.referrers/1", found.document(), table, names=names)
    return 0


def _name(image: str, one: Referrers) -> str:
    """What it can be asked for by."""
    end = end_of(image)
    if isinstance(end, Reference):
        return f"{end.registry}/{end.repository}@{one.digest}"
    return f"{end.kind.value}:{end.path}:{one.digest}"


def _lines(found: Referrers, before: str) -> Iterator[str]:
    for number, one in enumerate(found.referrers, 1):
        is_last = number == len(found.referrers)
        kind, branch = one.artifact_type or one.media_type, "└── " if is_last else "├── "
        told = filter(None, (bytes_of(one.size), one.annotations.get(_CREATED, ""), one.name))
        yield f"{before}{branch}{kind}  {one.digest}  ({', '.join(told)})"
        yield from _lines(one, before + ("    " if is_last else "│   "))
