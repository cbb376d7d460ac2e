"""`boxship auth logout`: crane's name for `boxship logout`."""

from __future__ import annotations

from boxship.cli.commands.logout import EXAMPLE, SUMMARY, arguments, run

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]
