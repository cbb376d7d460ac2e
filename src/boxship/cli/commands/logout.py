"""`boxship logout`: what is kept of log-ins is forgotten."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import os

from boxship.cli import console, options
from boxship.errors import InvalidSettings
from boxship.reference import DOCKER_HUB, Registry

SUMMARY = "Log out: forget what files and helpers keep for a registry, wherever boxship would find it."
EXAMPLE = "boxship logout reg.corp"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("registry", nargs="?", help="by default, Docker Hub")
    parser.add_argument("--all", action="store_true", help="forget all registries")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Forget, and say what."""
    if chosen.all and chosen.registry:
        raise InvalidSettings(f"--all and {chosen.registry}", why="one of them says what is forgotten")
    registry = None if chosen.all else Registry.parse(chosen.registry or DOCKER_HUB)
    with options.client(chosen) as client:
        gone = client.logout(registry)
    console.say(*(f"forgotten: {words}" for words in gone))
    if not gone:
        console.complain(f"boxship: nothing was kept for {registry or 'any registry'}")
    if os.environ.get("DOCKER_AUTH_CONFIG"):
        console.complain("boxship: DOCKER_AUTH_CONFIG is set, and stays as it is")
    return 0
