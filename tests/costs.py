"""What tests cost, in seconds of processors, their programs' included: `make test ARGS=--costs`.

Two cores give two of them in a second, however many tests wait meanwhile: this is what the whole run takes.
"""

from __future__ import annotations

__all__ = ["Costs"]

import heapq
import resource
from collections import defaultdict
from collections.abc import Generator

import pytest

from tests.cli.ready import Ready

_COST = "seconds of processors"  # a property of a test's last report, which reaches the process that sums up
_SHOWN = 25
_BEGAN = pytest.StashKey[float]()


def _spent() -> float:
    """Of this process, of those that it has waited for, and of commands that were forked off."""
    each = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in each) + Ready.spent


class Costs:
    """A plugin of pytest that sums them up, by file and by test."""

    def __init__(self) -> None:
        self._files, self._tests = defaultdict[str, float](float), defaultdict[str, float](float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        item.stash[_BEGAN] = _spent()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "teardown":
            item.user_properties.append((_COST, _spent() - item.stash[_BEGAN]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if report.when == "teardown" and name == _COST:
                self._files[report.nodeid.partition("::")[0]] += float(str(value))
                self._tests[report.nodeid] += float(str(value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"{sum(self._files.values()):.0f} seconds of processors")
        for costs in (self._files, self._tests):
            for name in heapq.nlargest(_SHOWN, costs, key=costs.__getitem__):
                terminalreporter.line(f"{costs[name]:7.2f} {name}")
