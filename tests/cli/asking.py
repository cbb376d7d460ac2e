"""`boxship` for shells: `python -IS asking.py DESCRIPTOR VERB …` has it forked off, and ends as it does.

The descriptor is that of `Ready`, which whoever started the shell has. It takes a tenth of what a start takes.
"""

from __future__ import annotations

import json
import os
import socket
import sys


def main(control: str, *words: str) -> int:
    """The command's exit status, as a shell tells it."""
    ours, theirs = socket.socketpair()
    with socket.socket(fileno=int(control)) as ready, theirs:
        socket.send_fds(ready, [b"."], [0, 1, 2, theirs.fileno()])
    folder = os.getcwd()  # noqa: PTH109 -- to import `pathlib` takes as long as all of this
    ours.sendall(json.dumps(["boxship", words, dict(os.environ), folder, ""]).encode())
    ours.shutdown(socket.SHUT_WR)
    with ours, ours.makefile() as told:
        _, ended = told
    status = int(ended.split()[0])
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
