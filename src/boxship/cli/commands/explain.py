"""`boxship explain`: every effective setting of a place, with who says so and what lost to it."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import options
from boxship.cli.settings_table import add_place, show
from boxship.explain import explain

SUMMARY = "Print every effective setting of a registry or repository, who says so, and what lost to it."
EXAMPLE = "boxship explain reg.corp/team/app"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    add_place(parser)


def run(chosen: argparse.Namespace) -> int:
    """Print the settings; nothing is dialled."""
    with options.client(chosen) as client:
        show(explain(chosen.place, client), chosen.output)
    return 0
