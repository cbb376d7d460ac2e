"""`boxship append`: layers on an image."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, moving
from boxship.cli.changing import result_of, tell
from boxship.cli.words import listed

SUMMARY = "Put tars and folders on an image as layers, without building it."
EXAMPLE = "boxship append -b alpine -f app.tar -t reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("-b", "--base", metavar="IMAGE", help="the image that they go on (default: nothing)")
    parser.add_argument(
        "-f",
        "--new_layer",
        "--new-layer",
        action="append",
        required=True,
        metavar="PATH,…",
        help="a tar, compressed or not, a folder, or - for standard input; may be given several times",
    )
    parser.add_argument(
        "-t", "--new_tag", "--new-tag", "--tag", required=True, metavar="IMAGE", help="what the result is called"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write it to a docker archive instead")
    parser.add_argument(
        "--set-base-image-annotations", action="store_true", help="say in its annotations which base it is on"
    )
    parser.add_argument(
        "--docker-empty-base", action="store_true", help="without a base, use Docker's media types and not OCI's"
    )
    # crane's word for what is so here, anyway.
    parser.add_argument("--oci-empty-base", action="store_true", help=argparse.SUPPRESS)
    moving.add_moving(parser)


def run(chosen: argparse.Namespace) -> int:
    """Append."""
    target = result_of(chosen.new_tag, None, chosen.output)
    if not chosen.base:
        console.complain("boxship: no base is given: the image has these layers alone")
    with moving.client(chosen) as client:
        copied = client.append(
            listed(chosen.new_layer),
            target,
            base=chosen.base,
            oci=not chosen.docker_empty_base,
            annotate=chosen.set_base_image_annotations,
            platforms=moving.platforms(chosen),
            jobs=chosen.jobs,
        )
    tell(target, copied)
    return 0
