"""`boxship auth`: credentials; a file for each action."""

from __future__ import annotations

__all__ = ["ACTIONS", "EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli.actions import add_actions, run_action

SUMMARY = "Credentials: which one is sent where."
EXAMPLE = "boxship auth why reg.corp/team/app"

# Every action with what it does; the module has the same name.
ACTIONS = {
    "why": "say which credential would be sent, from where, and what other programs would send",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    add_actions(parser, __name__, ACTIONS)


def run(chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    return run_action(__name__, chosen)
