"""`python -m boxship.server --address 127.0.0.1:0 --disk DIR`: the registry without the rest of the command line."""

from __future__ import annotations

__all__: list[str] = []

import argparse
import sys
from pathlib import Path

from boxship.errors import BoxshipError
from boxship.server import options
from boxship.server.database.sqlite import telling
from boxship.server.running.serve import serve


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m boxship.server", description="Serve a registry.")
    options.arguments(parser)
    try:
        chosen = parser.parse_args()
        options.look_for_files(chosen)
        plan = options.plan(chosen)
        with telling(Path(plan.folder)):
            serve(plan, announce=_announce)
    except BoxshipError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_status
    return 0


def _announce(url: str) -> None:
    if sys.stdout:  # None where it was closed: then nobody asks
        sys.stdout.write(f"serving {url}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
