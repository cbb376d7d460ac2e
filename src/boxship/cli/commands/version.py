"""`boxship version`."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship import __version__
from boxship.cli import console

SUMMARY = "Print the version."
EXAMPLE = "boxship version"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing: the verb takes no argument."""


def run(_chosen: argparse.Namespace) -> int:
    """Print the version."""
    console.say(__version__)
    return 0
