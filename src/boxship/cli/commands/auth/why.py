"""`boxship auth why`: which credential would be sent, from where, and what other programs would send."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import options
from boxship.cli.settings_table import add_place, show
from boxship.cli.statuses import FINDINGS
from boxship.explain import why

SUMMARY = "Say which credential would be sent, from where, why not another one, and what other programs would send."
EXAMPLE = "boxship auth why reg.corp/team/app"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    add_place(parser)


def run(chosen: argparse.Namespace) -> int:
    """Ask the helper, if there is one; print what was found."""
    with options.client(chosen) as client:
        explanation = why(chosen.place, client)
    show(explanation, chosen.output)
    return FINDINGS if explanation.findings else 0
