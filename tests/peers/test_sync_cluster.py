"""`boxship sync --scheduler`: dask's real scheduler and workers, docker-registry as source, ours as target."""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import re
import tarfile
import threading
from collections import Counter
from pathlib import Path

import pytest

from boxship import Client
from boxship.testing import Answer, Image, Request, put_image, registry
from tests.cli.front import front
from tests.cli.running import begin, boxship
from tests.peers.dask import dask_cluster, recorded
from tests.peers.programs import Address, docker_registry
from tests.server.conftest import ASKED

pytestmark = pytest.mark.peer("docker-registry")
USER, PASSWORD = "robot", "never-on-the-wire-7f3a"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
IMAGES, THREADS = 24, 2
WORKERS = 3 if ASKED == "all" else 2
_COMMIT = re.compile(r"PUT .*[?&]digest=(sha256(?::|%3A)[0-9a-f]+)")


def layer(seed: int, size: int = 20_000) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(f"file-{seed}")
        member.size = size
        archive.addfile(member, io.BytesIO(random.Random(seed).randbytes(size)))
    return gzip.compress(packed.getvalue(), 1, mtime=0)


def fill(address: Address, images: int = IMAGES) -> None:
    """Images of a base that all share, a layer that four share, and one of their own."""
    base = [layer(number) for number in range(2)]
    for number in range(images):
        image = Image.of([*base, layer(100 + number // 4), layer(1000 + number)])
        put_image(str(address), f"team/app{number % 5}", f"v{number}", image)


def commits(requests: tuple[Request, ...]) -> Counter[str]:
    """How often each blob was sent whole."""
    found = (_COMMIT.match(f"{one.method} {one.target}") for one in requests)
    return Counter(match[1].replace("%3A", ":") for match in found if match)


def credentials(folder: Path, *places: str) -> dict[str, str]:
    """The variables of a process that keeps this password."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {place: {"auth": BASIC} for place in places}}))
    return {"DOCKER_CONFIG": str(folder)}


def asked_for_a_password(request: Request) -> Answer | None:
    if request.headers.get("authorization") == f"Basic {BASIC}":
        return None
    return Answer(401, b"", headers=[("WWW-Authenticate", 'Basic realm="there"'), ("Content-Length", "0")])


def test_a_worker_is_killed_in_the_middle_and_no_credential_is_sent(distribution: Address, tmp_path: Path) -> None:
    fill(distribution)
    begun = threading.Event()

    def target_asked(request: Request) -> Answer | None:
        if len(commits((*there.requests, request))) > 20:
            begun.set()
        return asked_for_a_password(request)

    with (
        front(str(distribution), asked_for_a_password) as here,
        registry() as target,
        front(target.address, target_asked) as there,
    ):
        env = credentials(tmp_path / "login", here.address, there.address)
        with (
            dask_cluster(tmp_path / "dask", WORKERS, threads=THREADS, env=env) as cluster,
            recorded(cluster.address) as between,
        ):
            words = ("sync", here.address, f"http://{there.address}/m/{{repository}}", "--scheduler", between.address)
            with begin(*words, "-o", "json", env=env) as process:
                assert begun.wait(60)
                cluster.workers[0].kill()
                output, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors.decode()
        report = json.loads(output)
        assert (report["copied"], report["failed"]) == (IMAGES, 0)
        sent = commits(there.requests)
        assert len(sent) == 2 + IMAGES // 4 + 2 * IMAGES
        assert sent.total() - len(sent) <= THREADS  # what the killed worker was about
        assert PASSWORD.encode() not in between.content
        assert BASIC.encode() not in between.content
        assert b"team/app0" in between.content  # it is what was said
        with Client() as client:
            for number in range(IMAGES):
                name = f"team/app{number % 5}:v{number}"
                assert client.digest(f"{distribution}/{name}") == client.digest(f"{target.address}/m/{name}")
            assert client.validate(f"{target.address}/m/team/app0:v0").findings == ()


def test_a_password_among_the_words_is_not_sent_to_workers(tmp_path: Path) -> None:
    words = ("sync", "a.invalid/b:1", "c.invalid/d", "--scheduler", "tcp://127.0.0.1:1")
    told = boxship(*words, "--username", "u", "--password-stdin", given=b"secret")
    assert (told.status, "no credential is sent" in told.errors) == (2, True)
    header = boxship(*words, "--header", "X-Key: secret")
    assert (header.status, "no credential is sent" in header.errors) == (2, True)


def test_what_is_wrong_with_a_cluster_is_said(distribution: Address, tmp_path: Path) -> None:
    put_image(str(distribution), "app", "1")
    with registry() as target:
        words = ("sync", f"{distribution}/app", f"{target.address}/app", "--scheduler")
        wrong = boxship(*words, "nowhere://x")
        assert (wrong.status, "--scheduler nowhere://x" in wrong.errors) == (2, True)
        silent = boxship(*words, "tcp://127.0.0.1:1", "--scheduler-timeout", "2")
        assert (silent.status, "does not answer" in silent.errors) == (5, True)
        with dask_cluster(tmp_path / "dask", 0) as cluster:
            idle = boxship(*words, cluster.address, "--scheduler-timeout", "1")
        assert (idle.status, "has no worker" in idle.errors) == (5, True)


def test_an_error_of_a_worker_is_the_errors_own(tmp_path: Path, distribution: Address) -> None:
    put_image(str(distribution), "app", "1")
    with docker_registry(tmp_path / "read-only") as target, dask_cluster(tmp_path / "dask", 1) as cluster:
        refused = Answer(403, b"{}", headers=[("Content-Type", "application/json"), ("Content-Length", "2")])
        with front(str(target), lambda request: refused if request.method == "POST" else None) as there:
            done = boxship("sync", f"{distribution}/app", f"{there.url}/app", "--scheduler", cluster.address)
    assert (done.status, "403" in done.errors) == (4, True)
