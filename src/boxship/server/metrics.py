"""What Prometheus is told of a registry: the requests of all its processes, and what it holds.

Each process counts in files of its own (prometheus_client, "Multiprocess Mode"), which are added up when somebody asks;
what the registry holds is read from its database then. It is told at an address of its own: who may see that is not who
may pull.
"""

from __future__ import annotations

__all__ = ["Counting", "forget", "telling_metrics"]

import os
import shutil
import sqlite3
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server.asgi import Application, Message, Receive, Scope, Send
from boxship.server.opening import open_database
from boxship.server.routes import name_of
from boxship.server.running.address import Address

if TYPE_CHECKING:
    from threading import Thread
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.core import Metric

# What clients write is no label: each would be kept for ever.
_METHODS = {name: name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own word, which has to be there when it is imported
# Most answers take a millisecond, layers take what the client's line does.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


_TRIES, _MOMENT = 10, 0.01  # seconds


class Counting:
    """The application `app`, with its requests counted."""

    def __init__(self, app: Application) -> None:
        # An extra, and to be imported where its folder is told already.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415

        self._app = app
        own = CollectorRegistry()  # what is told is read from the files
        labels = ("method", "route", "status")
        self._requests = Counter(
            "boxship_http_requests", "Requests, by what was asked and answered.", labels, registry=own
        )
        self._seconds = Histogram(
            "boxship_http_seconds", "Until an answer was sent.", ("route",), buckets=_SECONDS, registry=own
        )
        self._sent = Counter("boxship_http_sent_bytes", "Bytes of answers' bodies.", ("route",), registry=own)
        self._cache = Counter(
            "boxship_cache_answers", "Answers of a cache: HIT, MISS or STALE.", ("route", "cache"), registry=own
        )
        self._running = Gauge(
            "boxship_http_running", "Requests in progress.", multiprocess_mode="livesum", registry=own
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        began, status, sent, cache = time.perf_counter(), 0, 0, ""

        async def send_and_note(message: Message) -> None:
            nonlocal status, sent, cache
            if message["type"] == "http.response.start":
                status = message["status"]
                cache = next((value.decode() for name, value in message["headers"] if name == b"x-cache"), "")
            else:
                sent += len(message["body"])
            await send(message)

        self._running.inc()
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._running.dec()
            route = name_of(scope["path"])
            self._requests.labels(_METHODS.get(scope["method"], "other"), route, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began)
            self._sent.labels(route).inc(sent)
            if cache:
                self._cache.labels(route, cache).inc()


class _Counted:
    """What all processes have counted. A file that a process makes just now is empty for a moment, and read again."""

    def __init__(self) -> None:
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - an extra

        self._files = MultiProcessCollector(None)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        for _ in range(_TRIES):
            with suppress(struct.error):
                return self._added_up()
            time.sleep(_MOMENT)
        return self._added_up()

    def _added_up(self) -> Iterable[Metric]:
        found: Iterable[Metric] = self._files.collect()  # type: ignore[no-untyped-call]
        return found


class _Held:
    """What the registry in a folder holds, as of when it is asked."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

        path = self._folder / "registry.db"
        if not (self._url or path.is_file()):  # it begins just now
            return
        for name, help_, value in self._held(path):
            yield GaugeMetricFamily(f"boxship_{name}", help_, value=value)
        free = shutil.disk_usage(self._folder).free
        yield GaugeMetricFamily("boxship_disk_free_bytes", "Bytes of the disk that are free.", value=free)

    def _held(self, path: Path) -> Iterator[tuple[str, str, int]]:
        if self._url:
            with closing(open_database(path, self._url)) as database:
                yield from ((name, help_, database.read_now(query).fetchone()[0]) for name, help_, query in _HELD)
            return
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as read:
            yield from ((name, help_, read.execute(query).fetchone()[0]) for name, help_, query in _HELD)


_HELD = (
    ("repositories", "Repositories.", "SELECT count(*) FROM repo"),
    ("tags", "Tags.", "SELECT coalesce(sum(tags), 0) FROM repo"),
    ("blobs", "Blobs.", "SELECT count(*) FROM blob"),
    ("blob_bytes", "Bytes of all blobs, each once.", "SELECT coalesce(sum(size), 0) FROM blob"),
    ("uploads", "Uploads that are open.", "SELECT count(*) FROM upload"),
)


@contextmanager
def telling_metrics(where: Address, folder: Path, url: str = "") -> Iterator[Address]:
    """Tell what the processes count that are started while the block runs, at `http://ADDRESS/metrics`.

    Raises `InvalidSettings` for an address that cannot be had, `MissingExtra`.
    """
    with tempfile.TemporaryDirectory(prefix="boxship-metrics-", ignore_cleanup_errors=True) as shared:
        os.environ[_FOLDER] = shared
        try:
            server, thread = _started(where, folder, url)
            try:
                yield Address(where.host, server.server_port)
            finally:
                server.shutdown()
                server.server_close()
                thread.join()
        finally:
            del os.environ[_FOLDER]


def _started(where: Address, folder: Path, url: str) -> tuple[WSGIServer, Thread]:
    try:
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtra("metrics", "metrics for Prometheus") from error
    registry = CollectorRegistry()
    registry.register(_Counted())
    registry.register(_Held(folder, url))
    try:
        return start_http_server(where.port, where.host, registry)
    except OSError as error:
        why = error.strerror or str(error)
        raise InvalidSettings(f"--metrics {where}", why=why, remedy="choose another port") from error


def forget(pid: int) -> None:
    """Count no longer what a process that ended had in progress."""
    if _FOLDER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - an extra

        mark_process_dead(pid)  # type: ignore[no-untyped-call]
