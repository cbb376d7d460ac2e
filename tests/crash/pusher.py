"""The program that is killed: it takes the steps, and says on standard output how each was answered.

One thread does everything, so that the calls of two runs come in the same order and can be told by their number; the
code that runs, and the order of its calls, are the server's own. Lines are written with writev(2), which nothing else
uses: the number of a write(2) is then that of the registry's.
"""

from __future__ import annotations

import concurrent.futures
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxship.errors import BoxshipError

if TYPE_CHECKING:
    from tests.crash.steps import Step
    from tests.server.driver import Driver


class _InOneThread(concurrent.futures.ThreadPoolExecutor):
    """Work is done where it is handed in."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(work(*arguments, **named))
        except BaseException as error:  # noqa: BLE001 - handed on
            future.set_exception(error)
        return future


def main() -> None:
    concurrent.futures.ThreadPoolExecutor = _InOneThread  # type: ignore[misc]  # before anybody takes it
    from tests.crash.steps import steps_in
    from tests.server.driver import Driver

    # Opened by the first request, and again by the next where that failed.
    with Driver(Path(sys.argv[1]), allow_delete=True, lifespan=False) as registry:
        for step in steps_in("team"):
            os.writev(1, [b"%d\n" % _take(step, registry)])


def _take(step: Step, registry: Driver) -> int:
    try:
        return step.take(registry)
    except BoxshipError as error:
        sys.stderr.write(f"the folder cannot be had: {error}\n")
        return 0


if __name__ == "__main__":
    main()
