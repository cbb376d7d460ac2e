"""What actions on a registry's folder have in common: how it is given, and what findings end with."""

from __future__ import annotations

__all__ = ["FINDINGS", "add_folder"]

import argparse

FINDINGS = 8  # the exit status where something is wrong with what the folder holds


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which folder."""
    parser.add_argument("--disk", default="registry", metavar="DIR", help="the registry's folder (default: ./registry)")
