"""Finds the verb, parses its arguments, runs it, and turns what it raises into an exit status.

Only the module of the verb that is asked for is imported: the others' start-up time is not paid.
"""

from __future__ import annotations

__all__ = ["main", "run"]

import sys
from collections.abc import Sequence
from typing import NoReturn

from boxship import __version__
from boxship.cli import console, options
from boxship.cli.leaving import leave
from boxship.cli.parsers import command_of
from boxship.cli.statuses import BROKEN_PIPE, INTERRUPTED, USAGE
from boxship.cli.verbs import ALIASES, VERBS
from boxship.errors import BoxshipError


def run() -> NoReturn:
    """Be the process of a command line: it ends with the verb."""
    try:
        status = main()
    except SystemExit:  # of SIGTERM alone: argparse's stay with the verb
        from boxship.cli.termination import end  # noqa: PLC0415 -- seldom

        end()
    leave(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = options.verb_first(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(words)
        console.flush()
        return status
    except BoxshipError as error:  # of what is told without a verb's options
        console.fail(error)
        return error.exit_status
    except BrokenPipeError:
        console.leave_output()  # the reader has what it wanted
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: list[str]) -> int:
    if len(words) > 1 and words[0] == "help":  # as git, docker and kubectl have it
        words = [*words[1:], "--help"]
    verb = words[0] if words else ""
    verb = ALIASES.get(verb, verb)
    if verb in ("", "-h", "--help", "help"):
        console.say(_overview())
        return 0 if verb else USAGE
    if verb == "--version":
        verb = "version"
    if verb not in VERBS:
        console.complain(f"boxship: there is no verb {verb!r}", f"  do: {_instead_of(verb)}")
        return USAGE
    command = command_of(verb)
    try:
        chosen = command.parser.parse_args(options.spelled_out(words[1:]))
    except SystemExit as end:  # argparse has printed help or what is wrong
        return end.code if isinstance(end.code, int) else USAGE
    chosen.verb = verb
    try:
        return command.run(chosen)
    except BoxshipError as error:
        console.fail(error, chosen)
        return error.exit_status


def _instead_of(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 -- only where somebody mistyped

    if word.startswith("-"):
        return "write the verb first, then its options"
    alike = get_close_matches(word, (*VERBS, *ALIASES), n=1)
    return f"did you mean {alike[0]}? boxship --help lists all verbs" if alike else "boxship --help lists them"


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
    run()
