"""Questions to somebody at a terminal."""

from __future__ import annotations

__all__ = ["confirmed"]

import sys

from boxship.cli.console import STATUS, complain, one_line


def confirmed(what: str, *, sure: bool) -> bool:
    """Whether that is to be done: somebody at a terminal is asked, unless they are sure; elsewhere it is only said."""
    asked = not sure and sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()
    if not asked:
        complain(one_line(f"boxship: {what}"))
        return True
    with STATUS:
        sys.stderr.write(one_line(f"boxship: {what}? [y/N] "))
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
