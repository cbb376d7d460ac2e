"""`boxship index append`: images added to an index."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, moving
from boxship.cli.changing import result_of, tell
from boxship.cli.local import layout_at, wheres
from boxship.cli.words import listed, pairs, several
from boxship.errors import InvalidInput

SUMMARY = "Add images to an index, or make one of them; each is copied to where that is."
EXAMPLE = "boxship index append reg.corp/app:1 -m other.corp/app:riscv64 -t reg.corp/app:1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument(
        "base",
        nargs="?",
        metavar="image",
        help="the index that they are added to, or the folder of a layout (default: none)",
    )
    parser.add_argument("more", nargs="*", metavar="manifest", help="the same as --manifest")
    add_making(parser)


def add_making(parser: argparse.ArgumentParser) -> None:
    """Add what indexes are made with."""
    parser.add_argument(
        "-m", "--manifest", action="append", default=[], metavar="IMAGE,…", help="what is to stand in it"
    )
    parser.add_argument("-t", "--tag", metavar="IMAGE", help="what the result is called (default: the base)")
    parser.add_argument("-a", "--annotation", action="append", default=[], metavar="NAME=VALUE", help="of the index")
    parser.add_argument(
        "--docker-empty-base", action="store_true", help="without a base, use Docker's media type and not OCI's"
    )
    parser.add_argument(
        "--flatten",
        choices=("true", "false"),
        default="true",
        help="of an index, take what stands in it (default), and not the index",
    )
    moving.add_moving(parser, platforms=False)


def run(chosen: argparse.Namespace) -> int:
    """Append."""
    if not (chosen.base or chosen.tag):
        raise InvalidInput("an index without a name", why="neither an index nor --tag is given")
    manifests = list(wheres([*listed(chosen.manifest), *chosen.more]))
    flatten = chosen.flatten == "true"
    folder = layout_at(chosen.base) if chosen.base else None
    if folder:
        with moving.client(chosen) as client:
            client.list_in_layout(manifests, folder, flatten=flatten, jobs=chosen.jobs)
        return 0
    if not chosen.base:
        console.complain("boxship: no index is given: what is made has these manifests alone")
    target = result_of(chosen.base or chosen.tag, chosen.tag)
    with moving.client(chosen) as client:
        copied = client.make_index(
            manifests,
            target,
            base=chosen.base,
            docker=chosen.docker_empty_base,
            flatten=flatten,
            annotations={
                name: value or "" for name, value in pairs(several(chosen.annotation), "--annotation").items()
            },
            jobs=chosen.jobs,
        )
    tell(target, copied)
    return 0
