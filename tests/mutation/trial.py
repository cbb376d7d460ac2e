"""One mutant before its tests, in a copy of the project."""

from __future__ import annotations

__all__ = ["Copy", "Verdict"]

import compileall
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Self

from tests.mutation.mutants import Mutant

_NO_START = "no start"
_NEEDED = ("src", "tests", "docs", "examples", "packaging")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[|$| )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a test noticed, and which."""

    killed: bool
    by: str


@dataclass(frozen=True, slots=True)
class Copy:
    """The project in a folder of its own, where its files may be wrong for a while."""

    folder: Path

    @classmethod
    def of(cls, root: Path, folder: Path) -> Self:
        """Copy what tests need, and compile it: a file of the same size and second must not pass for the old one."""
        for name in _NEEDED:
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in root.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """With which programs find this copy, and leave its compiled files alone."""
        return {**os.environ, "PYTHONPATH": os.fspath(self.folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def trial(self, module: str, mutant: Mutant, tests: list[str], longest: float) -> Verdict:
        """What these tests say to the mutant; to take longer than `longest` seconds is to notice it, too.

        `RuntimeError` where they no longer say anything without it either.
        """
        path = self.folder / module
        source = path.read_bytes()
        path.write_bytes(mutant.of(source))
        try:
            verdict = self._run(tests, longest)
        finally:
            path.write_bytes(source)
        if verdict.by == _NO_START and self._run(tests[:1], longest).by == _NO_START:
            raise RuntimeError(f"{tests[0]} cannot be run any more: has something been installed meanwhile?")
        return verdict

    def _run(self, tests: list[str], longest: float) -> Verdict:
        words = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                words,
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=longest,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict(killed=True, by="no end")
        if done.returncode == 0:
            return Verdict(killed=False, by="")
        found = _FAILED.search(done.stdout)
        return Verdict(killed=True, by=found[1] if found else _NO_START)
