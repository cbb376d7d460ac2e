"""`boxship mutate`: what an image says of itself, and how it runs."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import add_result, result_of, tell
from boxship.cli.words import listed, pairs, several
from boxship.errors import InvalidInput
from boxship.image.changes import FIELDS, Changes, Healthcheck
from boxship.image.convert import Conversion
from boxship.platform import Platform

SUMMARY = "Change an image's labels, environment, entrypoint and so on, where it is."
EXAMPLE = "boxship mutate -l team=a --entrypoint /app reg.corp/app:1 -t reg.corp/app:2"

_SETS = {"label": "labels", "annotation": "annotations", "env": "env"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("image")
    add_result(parser, user=False)  # crane's short flags win: -u is the user that it runs as
    for short, name, words in (
        ("-a", "annotation", "of its manifest"),
        ("-l", "label", "of its configuration"),
        ("-e", "env", "a variable"),
    ):
        parser.add_argument(short, f"--{name}", action="append", default=[], metavar="NAME=VALUE", help=words)
    for name, words in (
        ("entrypoint", "what is started; takes the old command away"),
        ("cmd", "its arguments, or what is started without one"),
        ("exposed-ports", "ports"),
        ("volume", "folders that are volumes"),
        ("append", "tars and folders that are put on it as layers"),
    ):
        parser.add_argument(f"--{name}", action="append", default=[], metavar="WORD,…", help=words)
    parser.add_argument("-u", "--user", default="", metavar="USER", help="who it runs as")
    parser.add_argument("-w", "--workdir", default="", metavar="DIR", help="where it runs")
    parser.add_argument("--stop-signal", default="", metavar="SIGNAL", help="what ends it")
    parser.add_argument("--healthcheck", metavar="COMMAND", help="a shell command that says whether it is well")
    parser.add_argument("--created", default="", metavar="TIME", help="when it was made (RFC 3339)")
    parser.add_argument("--set-platform", metavar="OS/ARCH[/VARIANT]", help="what it is for")
    parser.add_argument(
        "--remove",
        action="append",
        default=[],
        metavar="WHAT",
        help=f"take away label=NAME, annotation=NAME, env=NAME, port=PORT, volume=DIR, or all of {', '.join(FIELDS)}",
    )
    parser.add_argument("--compress", choices=("gzip", "zstd", "none"), default="", help="compress its layers so")
    types = parser.add_mutually_exclusive_group()
    for name, whose in (("oci", "OCI's"), ("docker", "Docker's")):
        words = f"give it {whose} media types"
        types.add_argument(f"--to-{name}", dest="types", action="store_const", const=name, default="", help=words)
    parser.add_argument(
        "--strip", action="append", default=[], metavar="PATH", help="take a file or folder out of its layers"
    )
    parser.add_argument("--repo", metavar="REPOSITORY", help="put it there, by its digest")


def run(chosen: argparse.Namespace) -> int:
    """Mutate."""
    target = result_of(chosen.image, chosen.tag, chosen.output, chosen.repo)
    changes = _changes(chosen)
    with moving.client(chosen) as client:
        copied = client.mutate(
            chosen.image,
            target,
            changes=changes,
            append=listed(chosen.append),
            conversion=Conversion(types=chosen.types, compression=chosen.compress, strip=tuple(chosen.strip)),
            platforms=moving.platforms(chosen),
            jobs=chosen.jobs,
        )
    tell(target, copied)
    return 0


def _changes(chosen: argparse.Namespace) -> Changes:
    told = {"label": several(chosen.label), "annotation": several(chosen.annotation), "env": chosen.env}
    texts = {name: pairs(told[name], f"--{name}") for name in _SETS}
    removed: dict[str, list[str]] = {name: [] for name in ("port", "volume", *_SETS)}
    fields = set[str]()
    for text in chosen.remove:
        kind, equal, name = text.partition("=")
        if equal and kind in removed:
            removed[kind].append(name)
        elif not equal and kind in FIELDS:
            fields.add(kind)
        else:
            raise InvalidInput(f"--remove {text}", why=f"it is none of {', '.join([*removed, *FIELDS])}")
    every = {_SETS[name]: {**dict.fromkeys(removed[name]), **texts[name]} for name in _SETS}
    return Changes(
        **every,
        entrypoint=listed(chosen.entrypoint),
        cmd=listed(chosen.cmd),
        user=chosen.user,
        workdir=chosen.workdir,
        ports=listed(chosen.exposed_ports),
        volumes=listed(chosen.volume),
        remove_ports=tuple(removed["port"]),
        remove_volumes=tuple(removed["volume"]),
        stop_signal=chosen.stop_signal,
        healthcheck=Healthcheck(test=("CMD-SHELL", chosen.healthcheck)) if chosen.healthcheck else None,
        platform=Platform.parse(chosen.set_platform) if chosen.set_platform else None,
        created=chosen.created,
        remove=frozenset(fields),
    )
