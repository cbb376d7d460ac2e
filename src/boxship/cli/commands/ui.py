"""`boxship ui`: a page to look at a registry, for whoever started it."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse

from boxship.cli import console, options
from boxship.cli.access import read_once
from boxship.cli.tracer import Tracer
from boxship.client import Client
from boxship.event import Event, Listener
from boxship.reference import Registry

SUMMARY = "Show a registry on a page in a browser of this machine, with your credentials and settings, until Ctrl-C."
EXAMPLE = "boxship ui --registry reg.corp"

_ADDRESS = "127.0.0.1:0"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("--registry", required=True, metavar="HOST", help="for example reg.corp:5000, or docker.io")
    words = f"where the page is: an address of loopback; port 0 takes a free one (default: {_ADDRESS})"
    parser.add_argument("--address", default=_ADDRESS, metavar="HOST:PORT", help=words)
    parser.add_argument("--read-only", action="store_true", help="let the page look, and delete nothing")
    options.add_common(parser)


def run(chosen: argparse.Namespace) -> int:
    """Serve the page until interrupted."""
    from boxship.server.running.alone import serve_alone  # noqa: PLC0415 -- the wrong words are told sooner without it
    from boxship.ui.any_registry import AnyRegistry  # noqa: PLC0415
    from boxship.ui.page import page_of  # noqa: PLC0415

    registry, once = Registry.parse(chosen.registry), read_once(chosen)
    with Tracer(chosen.verbose, chosen.trace, quiet=True) as tracer:

        def opened(listener: Listener | None) -> Client:
            return options.made(once, _both(tracer, listener) if listener else tracer)

        base, page = page_of(AnyRegistry(registry, opened, changes=not chosen.read_only))
        try:
            serve_alone(page, chosen.address, lambda address: _announce(f"http://{address}{base}/"))
        finally:
            page.close()
    return 0


def _both(one: Listener, other: Listener) -> Listener:
    """Who hears what two hear."""

    def hear(event: Event) -> None:
        one(event)
        other(event)

    return hear


def _announce(url: str) -> None:
    console.say(f"serving {url}")
    console.complain("  open it in a browser: whoever knows this address asks as you", "  stop: Ctrl-C")
