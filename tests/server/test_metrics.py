"""What Prometheus is told: every request of every process, and what the registry holds."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.docs_blocks import ROOT
from tests.peers.boxship_registry import START
from tests.peers.process import NotListening, running
from tests.server.content import digest
from tests.server.running import CONTENT, ask

_METRICS = re.compile(r"metrics: (http://\S+)$", re.MULTILINE)
_SERVES = re.compile(r"^serving http://(\S+)$", re.MULTILINE)


@contextmanager
def told(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """A registry that runs: its address, and where its metrics are."""
    log = folder / "log"
    words = ["registry", "serve", "--address", "127.0.0.1:0", "--metrics", "127.0.0.1:0", *options]
    argv = [sys.executable, "-m", "boxship", *words, "--disk", str(folder / "registry")]
    with running(argv, log=log) as process:
        deadline = time.monotonic() + START
        while not (found := (_SERVES.search(log.read_text()), _METRICS.search(log.read_text())))[0]:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotListening(log.read_text())
            time.sleep(0.01)
        serves, metrics = found
        assert serves
        assert metrics
        yield serves[1], metrics[1]


def scraped(url: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """The samples by their names, each by its labels."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for sample in samples:
        found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def settled(url: str, requests: int) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """The samples once so many requests have been counted, and none is running: a moment after they are answered."""
    until = time.monotonic() + 20
    while True:
        found = scraped(url)
        counted = sum(found.get("boxship_http_requests_total", {}).values())
        if counted >= requests and found.get("boxship_http_running") == {labelled(): 0}:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.01)


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_a_file_that_a_process_makes_just_now_is_waited_for(tmp_path: Path) -> None:
    program = (
        "import pathlib, threading, time\n"
        "from boxship.server.metrics import _Counted\n"
        "from prometheus_client import CollectorRegistry, Counter\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "Counter('kept', 'x', registry=CollectorRegistry()).inc()\n"
        "new = folder / 'counter_1.db'\n"
        "new.touch()\n"
        "threading.Timer(0.03, lambda: new.write_bytes(bytes(4096))).start()\n"
        "print([metric.name for metric in _Counted().collect()])\n"
    )
    told = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=told, capture_output=True, text=True, check=False)
    assert "'kept'" in done.stdout, done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_of_all_processes_are_counted_once(tmp_path: Path, workers: str) -> None:
    blob = f"/v2/team/app/blobs/{digest(CONTENT)}"
    with told(tmp_path, "--workers", workers) as (address, url):
        assert ask(address, "POST", f"/v2/team/app/blobs/uploads/?digest={digest(CONTENT)}", CONTENT)[0] == 201
        for _ in range(20):  # connections are shared out among the processes
            assert ask(address, "GET", blob)[0] == 200
        assert ask(address, "GET", "/v2/team/app/tags/list")[0] == 200
        assert ask(address, "GET", "/nothing/here")[0] == 404
        assert ask(address, "FROBNICATE", "/v2/")[0] in (400, 405)
        found = settled(url, requests=23)  # and perhaps the one of no method
    requests = found["boxship_http_requests_total"]
    route = "/v2/<name>/blobs/<digest>"
    assert requests[labelled(method="GET", route=route, status="200")] == 20
    assert requests[labelled(method="POST", route="/v2/<name>/blobs/uploads/", status="201")] == 1
    assert requests[labelled(method="GET", route="other", status="404")] == 1
    assert "FROBNICATE" not in str(requests)
    assert found["boxship_http_sent_bytes_total"][labelled(route=route)] == 20 * len(CONTENT)
    assert found["boxship_http_seconds_count"][labelled(route=route)] == 20
    held = {name: found[f"boxship_{name}"][labelled()] for name in ("repositories", "tags", "blobs", "blob_bytes")}
    assert held == {"repositories": 1, "tags": 0, "blobs": 1, "blob_bytes": len(CONTENT)}
    assert found["boxship_disk_free_bytes"][labelled()] > 0


def test_no_name_of_a_repository_and_no_credential_is_told(tmp_path: Path) -> None:
    with told(tmp_path) as (address, url):
        ask(address, "GET", "/v2/secret/name/manifests/v1?token=s3cret", authorization="Basic c2VjcmV0OnMzY3JldA==")
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
    assert "secret" not in text
    assert "s3cret" not in text


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        words = [sys.executable, "-m", "boxship", "registry", "serve", "--address", "127.0.0.1:0", "--metrics", where]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert where in done.stderr
    assert "Traceback" not in done.stderr


def test_the_dashboard_shows_what_is_told_and_nothing_else(tmp_path: Path) -> None:
    dashboard = (ROOT / "examples/grafana.json").read_text()
    shown = set(re.findall(r"boxship_[a-z_]+", dashboard)) - {"boxship_cache_answers_total"}
    with told(tmp_path) as (address, url):
        ask(address, "GET", "/v2/")
        until = time.monotonic() + 20
        while not shown <= set(scraped(url)):  # an answer counts when it is sent: perhaps a moment later
            assert time.monotonic() < until, shown - set(scraped(url))
    panels = json.loads(dashboard)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
