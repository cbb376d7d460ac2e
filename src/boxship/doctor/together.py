"""Looking at several things together, in threads that nobody has to wait for.

Not an executor of `concurrent.futures`: the interpreter joins its threads at exit, and Ctrl-C would wait for all of
them.
"""

from __future__ import annotations

__all__ = ["Together"]

from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from boxship.connect.crew import Crew

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Together:
    """At most `size` looks at a time. Its block ends when all of them have, or at once with an error."""

    def __init__(self, size: int, name: str) -> None:
        self._crew = Crew(size, name)
        self._looks: list[Future[object]] = []

    def submit(
        self, look: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Begin to look; the future has what comes of it."""
        future: Future[Result] = Future()
        self._looks.append(future)  # type: ignore[arg-type] # it is only waited for
        self._crew.submit(partial(_settle, future, partial(look, *args, **kwargs)))
        return future

    def close(self) -> None:
        """Wait for all that was begun, and let the threads end."""
        wait(self._looks)
        self._crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._crew.close()


def _settle(future: Future[Result], look: Callable[[], Result]) -> None:
    try:
        future.set_result(look())
    except BaseException as error:  # noqa: BLE001 -- it is raised again in the thread that waits for the result
        future.set_exception(error)
