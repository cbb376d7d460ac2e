"""Finds the verb, parses its arguments, runs it, and turns what it raises into an exit status.

Only the module of the verb that is asked for is imported: the others' start-up time is not paid.
"""

from __future__ import annotations

__all__ = ["VERBS", "main"]

import argparse
import atexit
import gc
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import NoReturn

from boxship import __version__
from boxship.cli import console, options
from boxship.cli.statuses import BROKEN_PIPE, INTERRUPTED, USAGE
from boxship.errors import BoxshipError

# Every verb with what it does, for `boxship --help`; the module has the same name.
VERBS = {
    "ls": "list the tags of a repository",
    "catalog": "list the repositories of a registry",
    "digest": "print the digests that references stand for",
    "manifest": "print a manifest, byte for byte",
    "config": "print an image's configuration, byte for byte",
    "blob": "print a blob, verified",
    "ping": "see whether and how a registry answers",
    "api": "send a request of your own, with boxship's credentials and rules",
    "doctor": "say where it is stuck on the way to a registry, and what to do",
    "explain": "print every effective setting, who says so, and what lost to it",
    "auth": "credentials: which one is sent, and why (auth why)",
    "registry": "run a registry (registry serve)",
    "demo": "see it work: a registry, and a firewall in its way",
    "version": "print the version",
}
_ALIASES = {"list-tags": "ls", "tags": "ls"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        # The process ends with the verb: looking through all that it imported for garbage is a tenth of its time.
        atexit.register(gc.freeze)
    try:
        return _run(words)
    except BoxshipError as error:  # of the help
        console.fail(error)
        return error.exit_status
    except BrokenPipeError:
        console.leave_output()  # the reader has what it wanted
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: list[str]) -> int:
    verb = words[0] if words else ""
    verb = _ALIASES.get(verb, verb)
    if verb in ("", "-h", "--help", "help"):
        console.say(_overview())
        return 0 if verb else USAGE
    if verb == "--version":
        verb = "version"
    if verb not in VERBS:
        console.complain(f"boxship: there is no verb {verb!r}", "boxship --help lists them")
        return USAGE
    command = import_module(f"boxship.cli.commands.{verb}")
    parser = _Parser(verb, command.SUMMARY, command.EXAMPLE)
    command.arguments(parser)
    try:
        chosen = parser.parse_args(options.spelled_out(words[1:]))
    except SystemExit as end:  # argparse has printed help or what is wrong
        return end.code if isinstance(end.code, int) else USAGE
    try:
        status: int = command.run(chosen)
        console.flush()
    except BoxshipError as error:
        console.fail(error, chosen)
        return error.exit_status
    return status


class _Parser(argparse.ArgumentParser):
    """A verb's arguments; its help begins with an example."""

    def __init__(self, verb: str, summary: str, example: str) -> None:
        # A formatter is made for each argument, to check it; without a width it imports shutil to ask the terminal.
        narrow = partial(argparse.HelpFormatter, width=80)
        super().__init__(prog=f"boxship {verb}", description=summary, allow_abbrev=False, formatter_class=narrow)
        self._example = example

    def format_usage(self) -> str:
        """The usage in a line: so many options stand in the help, each with its words, and hide an error."""
        self.formatter_class = argparse.HelpFormatter
        formatter = self._get_formatter()
        formatter.add_usage(None, self._get_positional_actions(), ())
        return formatter.format_help().replace(self.prog, f"{self.prog} [options]", 1)

    def format_help(self) -> str:
        """The help: an example, then the usage and the options."""
        self.usage = self.format_usage().removeprefix("usage: ").strip()
        return f"example: {self._example}\n\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the words, and where the right ones stand; then end."""
        super().error(f"{message} ({self.prog} --help lists the options)")


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = (f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    return "\n".join(
        (
            f"boxship {__version__}: container registries, without the hang",
            "",
            "usage: boxship VERB [options] REFERENCE …",
            "",
            *lines,
            "",
            "boxship VERB --help shows an example and the options.",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
