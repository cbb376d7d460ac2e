"""A dask cluster whose workers do the tasks: `dask.distributed`, the extra `cluster`.

What is sent to a worker is a task, and how its clients are made, which holds no credential: each worker finds those
where it is, in its own files and variables. The tasks of a worker that is lost are done by another.
"""

from __future__ import annotations

__all__ = ["PATIENCE", "cluster"]

import logging
import pickle
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from functools import partial
from typing import Protocol, cast

from boxship.errors import BoxshipError, Cancelled, InvalidSettings, MissingExtra, Unreachable
from boxship.sync.clients import Clients
from boxship.sync.running import Submit
from boxship.sync.tasks import Task
from boxship.value import dataclass, field

PATIENCE = 30.0
"""Seconds for the scheduler to answer, and for a first worker."""
_AHEAD = 4  # images on their way for each thread of the workers
_RETRIES = 3  # workers that may be lost under a task

_IDLE = 600.0  # seconds: then a run is over, or waits for its largest blob elsewhere, and makes clients again


class _Cluster(Protocol):
    """What is used of `distributed.Client`."""

    def wait_for_workers(self, n_workers: int, timeout: float) -> None: ...
    def nthreads(self) -> dict[str, int]: ...
    def get_executor(self, *, pure: bool, retries: int) -> Executor: ...
    def close(self) -> None: ...


@contextmanager
def cluster(address: str, make: Callable[[], Clients], *, patience: float = PATIENCE) -> Iterator[tuple[Submit, int]]:
    """What has the workers of the scheduler do tasks, and how many images are on their way at a time.

    `make` makes a worker's clients; it is sent there.
    """
    client = _connected(address, patience)
    try:
        made = pickle.dumps((uuid.uuid4().hex, make))  # another run finds credentials anew
        with client.get_executor(pure=False, retries=_RETRIES) as executor:
            yield partial(_submit, executor, made), _AHEAD * max(1, sum(client.nthreads().values()))
    finally:
        client.close()


def _connected(address: str, patience: float) -> _Cluster:
    try:
        import distributed  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("cluster", f"--scheduler {address}") from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is raised
    try:
        client = cast("_Cluster", distributed.Client(address, timeout=patience, set_as_default=False))
    except ValueError as error:
        raise InvalidSettings(f"--scheduler {address}", why=str(error), remedy="for example tcp://host:8786") from error
    except OSError as error:
        raise Unreachable(f"the scheduler {address} does not answer", why=str(error)) from error
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError as error:
        client.close()
        raise Unreachable(f"the scheduler {address} has no worker", remedy=f"dask worker {address}") from error
    return client


def _submit(executor: Executor, made: bytes, task: Task[object]) -> Future[object]:
    outcome: Future[object] = Future()
    executor.submit(_run, task, made).add_done_callback(partial(_pass_on, outcome))
    return outcome


@dataclass(slots=True)
class _Kept:
    """The clients of a run, how many tasks have them now, and when the last one had."""

    clients: Clients
    tasks: int = 0
    used: float = field(default_factory=time.monotonic)


_lock = threading.Lock()
_kept = dict[bytes, _Kept]()


def _run(task: Task[object], made: bytes) -> object:
    """In a worker: do the task with the worker's own clients, which it keeps for the run."""
    with _clients_of(made) as clients:
        return task.run(clients)


@contextmanager
def _clients_of(made: bytes) -> Iterator[Clients]:
    with _lock:
        if made not in _kept:
            _let_go()
            _, make = pickle.loads(made)  # noqa: S301 -- as dask does with all that it is sent
            _kept[made] = _Kept(make())
        kept = _kept[made]
        kept.tasks += 1
    try:
        yield kept.clients
    finally:
        with _lock:
            kept.tasks, kept.used = kept.tasks - 1, time.monotonic()


def _let_go() -> None:
    """Close the clients of runs that are over."""
    for made, kept in tuple(_kept.items()):
        if not kept.tasks and time.monotonic() - kept.used > _IDLE:
            _kept.pop(made).clients.close()


def _pass_on(outcome: Future[object], ended: Future[object]) -> None:
    """What ended there, with the cluster's own troubles in our words."""
    try:
        outcome.set_result(ended.result())
    except BoxshipError as error:
        outcome.set_exception(error)
    except CancelledError:
        outcome.set_exception(Cancelled("the cluster has given it up"))
    except Exception as error:  # noqa: BLE001 -- a worker's are of any kind
        outcome.set_exception(BoxshipError("a worker of the cluster failed", why=f"{type(error).__name__}: {error}"))
