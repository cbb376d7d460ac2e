"""`boxship registry serve`: the registry, until Ctrl-C."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import os
from pathlib import Path

from boxship.cli import console
from boxship.server import options
from boxship.server.database import telling
from boxship.server.plan import Plan
from boxship.server.serve import serve

SUMMARY = "Serve a folder, which is made if need be, until Ctrl-C."
EXAMPLE = "boxship registry serve --address 127.0.0.1:5000 --disk ./registry"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the action takes."""
    options.arguments(parser)


def run(chosen: argparse.Namespace) -> int:
    """Serve until interrupted."""
    plan = options.plan(chosen)
    with telling(Path(plan.folder)):
        serve(plan, announce=lambda url: _announce(url, plan))
    return 0


def _announce(url: str, plan: Plan) -> None:
    address = url.partition("://")[2]
    console.say(f"serving {url}")
    console.complain(
        f"  data: {os.path.abspath(plan.folder)}",  # noqa: PTH100 -- resolving links would show another path
        f"  next: boxship catalog {address}",
        f"        skopeo copy --dest-tls-verify=false docker://busybox docker://{address}/busybox",
        "  stop: Ctrl-C",
    )
