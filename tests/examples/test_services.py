"""The examples that run for long: in a web service, and in an operator with a cluster that is none."""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from boxship.digest import Digest
from boxship.testing import RunningRegistry, put_image, refused, serving
from tests.examples.cluster import Cluster
from tests.transport.reaching import settled, traces

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def digest(running: RunningRegistry) -> Digest:
    return put_image(running.address, "team/app", "v1")


def get(app: FastAPI, *paths: str) -> list[httpx.Response]:
    """What a service answers, from its start to its end."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://here") as client,
        ):
            return list(await asyncio.gather(*map(client.get, paths)))

    return asyncio.run(ask())


@pytest.mark.usefixtures("digest")
def test_a_web_service_asks_registries(running: RunningRegistry) -> None:
    app = runpy.run_path(str(EXAMPLES / "fastapi_service.py"))["app"]
    before = traces()
    with refused() as nobody:
        names = f"{running.address}/team/app", f"{running.address}/none", f"{nobody.address}/app", "Not/A Name"
        good, missing, away, wrong = get(app, *(f"/tags/{name}" for name in names))
    assert good.json() == ["v1"]
    assert [answer.status_code for answer in (good, missing, away, wrong)] == [200, 404, 502, 400]
    assert away.json().keys() == {"what", "why", "remedy"}
    assert settled(before)


@contextmanager
def operating(cluster: Cluster, folder: Path) -> Iterator[None]:
    """The operator at work; it has to end when it is told to, without a complaint."""
    with serving(cluster) as api:
        config = {
            "clusters": [{"name": "c", "cluster": {"server": api.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        context = {"contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "current-context": "c"}
        (folder / "kubeconfig").write_text(json.dumps({**config, **context}))
        words = ["-m", "kopf", "run", "-A", "--standalone", str(EXAMPLES / "kopf_operator.py")]
        process = subprocess.Popen(
            [sys.executable, *words],
            env={**os.environ, "KUBECONFIG": str(folder / "kubeconfig")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield
        finally:
            process.terminate()
            cluster.close()
            said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said


def test_an_operator_pins_what_an_object_names(running: RunningRegistry, digest: Digest, tmp_path: Path) -> None:
    cluster = Cluster(f"{running.address}/team/app:v1")
    with operating(cluster, tmp_path):
        assert cluster.wait_for_status("digest") == str(digest)


def test_an_operator_says_what_will_not_help_to_ask_again(running: RunningRegistry, tmp_path: Path) -> None:
    cluster = Cluster(f"{running.address}/team/app:none")
    with operating(cluster, tmp_path):
        assert "none" in cluster.wait_for_status("error")
