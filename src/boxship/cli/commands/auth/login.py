"""`boxship auth login`: crane's name for `boxship login`."""

from __future__ import annotations

from boxship.cli.commands.login import EXAMPLE, SUMMARY, arguments, run

__all__ = ["EXAMPLE", "SUMMARY", "arguments", "run"]
