"""`boxship registry serve`: the embedded registry."""

from __future__ import annotations

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]

import argparse
import os

from boxship.cli import console
from boxship.server.serve import serve

SUMMARY = "Run a registry: one folder, no set-up."
EXAMPLE = "boxship registry serve --address 127.0.0.1:5000 --disk ./registry"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("action", choices=("serve",))
    parser.add_argument(
        "--address", default=f"127.0.0.1:{os.environ.get('PORT', '5000')}", help="HOST:PORT; port 0 picks a free one"
    )
    parser.add_argument("--disk", default="registry", metavar="DIR", help="where the data is (default: ./registry)")
    parser.add_argument("--allow-delete", action="store_true", help="let clients delete")
    parser.add_argument("--host-name", action="append", default=[], metavar="NAME", help="a name that it is reached by")
    parser.add_argument("--insecure-http", action="store_true", help="serve others than this machine, over plain HTTP")
    parser.add_argument("--access-log", action="store_true", help="log requests to stderr")


def run(chosen: argparse.Namespace) -> int:
    """Serve until interrupted."""
    serve(
        chosen.address,
        chosen.disk,
        allow_delete=chosen.allow_delete,
        host_names=chosen.host_name,
        insecure_http=chosen.insecure_http,
        access_log=chosen.access_log,
        announce=lambda address: _announce(address, chosen.disk),
    )
    return 0


def _announce(address: str, disk: str) -> None:
    console.say(f"serving http://{address}")
    console.complain(
        f"  data: {os.path.abspath(disk)}",  # noqa: PTH100 -- resolving links would show another path than was given
        f"  next: boxship catalog {address}",
        f"        skopeo copy --dest-tls-verify=false docker://busybox docker://{address}/busybox",
        "  stop: Ctrl-C",
    )
