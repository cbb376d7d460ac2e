"""`boxship ping`: whether and how a registry answers."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options

SUMMARY = "See whether a registry answers, from where, and how fast."
EXAMPLE = "boxship ping --limits docker.io"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("registry", help="for example reg.corp:5000")
    parser.add_argument("--limits", action="store_true", help="say how often it may be asked, and how much is left")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Say in a line how the registry answered."""
    with options.client(chosen) as client:
        if chosen.limits:
            limits = client.limits(chosen.registry)
            console.say(f"{chosen.registry}: {limits or 'it says nothing of limits'}")
            return 0
        pong = client.ping(chosen.registry)
    version = f", {pong.api_version}" if pong.api_version else ""
    console.say(f"{pong.origin} at {pong.address}: {pong.status} in {pong.seconds * 1000:.1f} ms{version}")
    return 0
