"""`boxship completion`: words that a shell completes, repositories and tags among them."""

from __future__ import annotations

__all__ = ["EXAMPLE", "FOLDERS", "SHELLS", "SUMMARY", "arguments", "run", "script"]

import argparse
from pathlib import Path

from boxship.cli import console
from boxship.cli.completion import completions, shown, words_of
from boxship.cli.known_names import KnownNames

SUMMARY = "Print a script with which a shell completes verbs, options, hosts, repositories and tags."
EXAMPLE = 'eval "$(boxship completion bash)"'
SHELLS = {"bash": "boxship.bash", "zsh": "_boxship", "fish": "boxship.fish"}
# Where each shell looks for the scripts of programs, below `share/`.
FOLDERS = {"bash": "bash-completion/completions", "zsh": "zsh/site-functions", "fish": "fish/vendor_completions.d"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("shell", choices=SHELLS)
    parser.add_argument("--line", metavar="TEXT", help="print what the last word of this line may become")
    parser.add_argument(
        "--breaks", default="", metavar="LETTERS", help="where the shell ends words; only what follows is printed"
    )


def run(chosen: argparse.Namespace) -> int:
    """Print the script, or what completes the line."""
    if chosen.line is None:
        console.say(script(chosen.shell).rstrip())
        return 0
    words = words_of(chosen.line)
    console.say(*shown(completions(words, KnownNames(words)), words[-1], chosen.breaks))
    return 0


def script(shell: str) -> str:
    """The shell's script."""
    return (Path(__file__).parents[1] / "shells" / SHELLS[shell]).read_text()
