"""`python -m boxship.server --address 127.0.0.1:0 --disk DIR`: the registry without the rest of the command line."""

from __future__ import annotations

__all__: list[str] = []

import argparse
import sys

from boxship.errors import BoxshipError
from boxship.server.serve import serve


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m boxship.server", description="Serve a registry.")
    parser.add_argument("--address", default="127.0.0.1:5000", metavar="HOST:PORT", help="port 0 takes a free one")
    parser.add_argument("--disk", required=True, metavar="DIR", help="the registry's folder")
    parser.add_argument("--allow-delete", action="store_true", help="let manifests, tags and blobs be deleted")
    parser.add_argument("--host-name", action="append", default=[], metavar="N", help="a name it is reached by")
    parser.add_argument("--insecure-http", action="store_true", help="serve to others, over plain HTTP")
    parser.add_argument("--access-log", action="store_true", help="log each request to standard error")
    given = parser.parse_args()
    try:
        serve(
            given.address,
            given.disk,
            allow_delete=given.allow_delete,
            host_names=given.host_name,
            insecure_http=given.insecure_http,
            announce=_announce,
            access_log=given.access_log,
        )
    except BoxshipError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_status
    return 0


def _announce(address: str) -> None:
    sys.stdout.write(f"serving http://{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
