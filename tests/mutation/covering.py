"""Which tests run a line of the source: what coverage.py saw in one run of them, and how long each took."""

from __future__ import annotations

__all__ = ["Covering", "measure"]

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import coverage

_SETTINGS = """
[run]
source = src/boxship
dynamic_context = test_function
data_file = covered
"""


@dataclass(frozen=True, slots=True)
class Covering:
    """The tests, as `file::function`, that run each line of each module, and the seconds of each test."""

    lines: dict[str, dict[int, frozenset[str]]]
    seconds: dict[str, float]

    def of(self, module: str, line: int, most: float) -> list[str]:
        """The tests of a line, the quickest first, of `most` seconds in all.

        A line that runs when its module is imported, or for a fixture, has all tests of its module.
        """
        of_module = self.lines.get(module, {})
        known = of_module.get(line) or frozenset[str]().union(*of_module.values())
        chosen, left = list[str](), most
        for test in sorted(known, key=lambda test: (self.seconds[test], test)):
            left -= self.seconds[test]
            if left < 0 and chosen:
                break
            chosen.append(test)
        return chosen


def measure(folder: Path, tests: list[str], environment: dict[str, str]) -> Covering:
    """Run these tests in a copy of the project; those that fail there say nothing about changes, and are left out."""
    (folder / "coveragerc").write_text(_SETTINGS)
    words = [sys.executable, "-m", "coverage", "run", "--rcfile=coveragerc", "-m", "pytest", "-q", "--junitxml=times"]
    subprocess.run([*words, *tests], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False)
    seconds = _seconds(folder / "times")
    data = coverage.CoverageData(os.fspath(folder / "covered"))
    data.read()
    lines = {}
    for file in data.measured_files():
        by_line = data.contexts_by_lineno(file)
        module = Path(file).relative_to(folder).as_posix()
        lines[module] = {line: frozenset(map(_test, found)) & seconds.keys() for line, found in by_line.items()}
    return Covering(lines, seconds)


def _seconds(report: Path) -> dict[str, float]:
    seconds, failed = defaultdict[str, float](float), set[str]()
    for case in ET.parse(report).iter("testcase"):
        test = _test(f"{case.get('classname')}.{(case.get('name') or '').partition('[')[0]}")
        seconds[test] += float(case.get("time") or 0)
        if len(case) and case[0].tag != "system-out":  # failed, an error, or left out
            failed.add(test)
    return {test: took for test, took in seconds.items() if test not in failed}


def _test(context: str) -> str:
    """`tests.auth.test_scope.test_name` as pytest is asked for it."""
    module, _, name = context.rpartition(".")
    return f"{module.replace('.', '/')}.py::{name}"
