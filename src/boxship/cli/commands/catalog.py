"""`boxship catalog`: the repositories of a registry."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.cli.commands.ls import add_paging
from boxship.reference import Registry

SUMMARY = "List the repositories of a registry (many hosted registries do not tell)."
EXAMPLE = "boxship catalog 127.0.0.1:5000"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("registry", help="for example reg.corp:5000")
    parser.add_argument("--full-ref", action="store_true", help="print the registry before each repository")
    add_paging(parser, "repository", "repositories")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """List the repositories."""
    registry = Registry.parse(chosen.registry)
    prefix = f"{registry}/" if chosen.full_ref else ""
    left = chosen.limit
    with options.client(chosen) as client:
        for page in client.catalog(registry, after=chosen.last, page_size=chosen.page_size).pages():
            kept = [f"{prefix}{name}" for name in page][:left]
            console.say(*kept)
            left = left and left - len(kept)
            if left == 0:
                break
    return 0
