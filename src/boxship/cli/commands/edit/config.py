"""`boxship edit config`: an image's configuration."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import moving
from boxship.cli.changing import add_result, result_of, tell
from boxship.cli.editor import edited

SUMMARY = "Edit an image's configuration, or replace it with what standard input has."
EXAMPLE = "boxship edit config reg.corp/app:1 -t reg.corp/app:2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    parser.add_argument("image")
    add_result(parser)


def run(chosen: argparse.Namespace) -> int:
    """Edit."""
    target = result_of(chosen.image, chosen.tag, chosen.output)
    platforms = moving.platforms(chosen)
    with moving.client(chosen) as client:
        content = edited(lambda: client.config(chosen.image, platform=next(iter(platforms or ()), None)).raw)
        copied = client.replace_config(chosen.image, target, content=content, platforms=platforms, jobs=chosen.jobs)
    tell(target, copied)
    return 0
