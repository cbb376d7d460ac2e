"""`boxship completion` in bash, zsh and fish themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.cli.commands.completion import SHELLS, script
from boxship.testing import put_tags, registry
from tests.cli.terminal import watch

BASH = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
read -ra parts <<< "$2"
COMP_WORDS=("${parts[@]}")
compopt() { echo "compopt $*"; }
_boxship
printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh completes in its line editor only, on a terminal.
ZSHRC = """
PS1='READY '
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -u -D
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where `boxship` is on the PATH, as this interpreter's."""
    program = tmp_path / "bin/boxship"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m boxship.cli.main "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "SHELL": ""}


@pytest.fixture
def address() -> Iterator[str]:
    with registry() as running:
        put_tags(running.address, "team/app", ["release-a", "release-b"])
        yield running.address


def run(words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for shell, name in SHELLS.items():
        (folder / name).write_text(script(shell))
    return folder


def test_bash(environment: dict[str, str], scripts: Path, address: str) -> None:
    def found(line: str) -> list[str]:
        return run(["bash", "--norc", "-c", BASH, "bash", str(scripts / "boxship.bash"), line], environment).split(
            "\n"
        )[:-1]

    assert found("boxship dig") == ["digest"]
    assert found("boxship copy oci-") == ["compopt -o nospace", "oci-archive:"]
    assert found(f"boxship digest {address}/team/app:r") == ["release-a", "release-b"]
    assert found(f"boxship ls {address}/t") == [f"{address.partition(':')[2]}/team/app"]
    assert found("boxship push fil") == [""]


@pytest.mark.peer("fish")
def test_fish(environment: dict[str, str], scripts: Path, address: str) -> None:
    def found(line: str) -> list[str]:
        words = ["fish", "--no-config", "-c", f"source {scripts / 'boxship.fish'}; complete -C '{line}'"]
        return [each.partition("\t")[0] for each in run(words, environment).splitlines()]

    assert found("boxship dig") == ["digest"]
    assert found(f"boxship digest {address}/team/app:r") == [f"{address}/team/app:release-{n}" for n in "ab"]
    assert found(f"boxship push {scripts}/boxship.b") == [f"{scripts}/boxship.bash"]


@pytest.mark.peer("zsh")
@pytest.mark.parametrize(("line", "rest"), [("boxship dig", "est"), ("boxship digest {address}/team/app:r", "elease-")])
def test_zsh(environment: dict[str, str], scripts: Path, address: str, line: str, rest: str) -> None:
    (scripts / ".zshrc").write_text(ZSHRC.format(folder=scripts))
    typed = line.format(address=address)
    # What was completed is seen, taken away again (^U), and the shell left.
    answers = {"READY ": f"{typed}\t", rest: "\x15exit\n"}
    seen = watch(env={**environment, "ZDOTDIR": str(scripts)}, all_of_it=True, answers=answers, command=("zsh", "-i"))
    assert rest in seen.written
