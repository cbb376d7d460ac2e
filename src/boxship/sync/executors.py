"""Where tasks are done: in threads of this process, or by the workers of a dask cluster (`cluster`)."""

from __future__ import annotations

__all__ = ["threads"]

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from boxship.sync.clients import Clients
from boxship.sync.running import Submit


@contextmanager
def threads(jobs: int, clients: Clients) -> Iterator[Submit]:
    """So many threads, with the clients; where the context is left early, what is under way ends at once."""
    executor = ThreadPoolExecutor(jobs, "boxship-sync")
    try:
        yield lambda task: executor.submit(task.run, clients)
    except BaseException:
        clients.close()  # the interpreter waits for such threads
        raise
    finally:
        executor.shutdown(cancel_futures=True)
