"""The programs that other tests rely on start, answer and end."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.peers.certificates import Certificate
from tests.peers.image import push_image, write_layout
from tests.peers.nginx import HTML_PAGE, REDIRECT_TO_TLS, UNAVAILABLE, nginx, proxy_to
from tests.peers.process import NotListening, running, wait_until_listening
from tests.peers.programs import ALICE, Address, docker_registry, skopeo, skopeo_copy

REGISTRY = pytest.mark.peer("docker-registry")
NGINX = pytest.mark.peer("nginx")
SKOPEO = pytest.mark.peer("skopeo")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def get(
    address: Address, *, scheme: str = "http", tls: Certificate | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(tls.root)) if tls else None
    opener = urllib.request.build_opener(_Stay, urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(f"{scheme}://{address}/v2/", headers=dict(headers or {}))
    try:
        with opener.open(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location") or error.read().decode()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@REGISTRY
def test_docker_registry_answers_on_a_free_port(distribution: Address) -> None:
    assert get(distribution) == (200, "{}")


@REGISTRY
def test_docker_registry_listens_on_ipv6(tmp_path: Path) -> None:
    with docker_registry(tmp_path, host="::1") as address:
        assert get(address) == (200, "{}")


@REGISTRY
def test_docker_registry_asks_for_a_password(tmp_path: Path) -> None:
    with docker_registry(tmp_path, auth=ALICE) as address:
        assert get(address)[0] == 401
        assert get(address, headers=basic(ALICE.user, "wrong"))[0] == 401
        assert get(address, headers=basic(ALICE.user, ALICE.password))[0] == 200


@REGISTRY
def test_docker_registry_speaks_tls(tmp_path: Path, certificate: Certificate) -> None:
    with docker_registry(tmp_path / "registry", tls=certificate) as address:
        assert get(address, scheme="https", tls=certificate) == (200, "{}")


@REGISTRY
@NGINX
def test_nginx_speaks_tls_and_asks_for_a_password_before_a_registry(
    tmp_path: Path, certificate: Certificate, distribution: Address
) -> None:
    with nginx(tmp_path / "nginx", proxy_to(distribution), tls=certificate, login=ALICE) as address:
        assert get(address, scheme="https", tls=certificate)[0] == 401
        known = basic(ALICE.user, ALICE.password)
        assert get(address, scheme="https", tls=certificate, headers=known) == (200, "{}")


@NGINX
@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (REDIRECT_TO_TLS, 301, "https://127.0.0.1/v2/"),
        (UNAVAILABLE, 503, "503 Service Temporarily Unavailable"),
        (HTML_PAGE, 200, "Please log in"),
    ],
    ids=["redirect", "unavailable", "html"],
)
def test_nginx_answers_as_no_registry_would(tmp_path: Path, answer: str, status: int, said: str) -> None:
    with nginx(tmp_path, answer) as address:
        received = get(address)
    assert received[0] == status
    assert said in received[1]


@REGISTRY
@SKOPEO
def test_skopeo_pushes_the_hand_made_image(distribution: Address) -> None:
    image = push_image(distribution, "team/app", ["v1", "latest"])
    source = f"docker://{distribution}/team/app"
    assert json.loads(skopeo("list-tags", "--tls-verify=false", source))["Tags"] == ["latest", "v1"]
    assert json.loads(skopeo("inspect", "--tls-verify=false", f"{source}:v1"))["Digest"] == image.manifest


@REGISTRY
@SKOPEO
def test_skopeo_copies_between_repositories_with_a_password(tmp_path: Path) -> None:
    login = f"{ALICE.user}:{ALICE.password}"
    with docker_registry(tmp_path, auth=ALICE) as address:
        push_image(address, "one", ["v1"], f"--dest-creds={login}")
        creds = (f"--src-creds={login}", f"--dest-creds={login}")
        skopeo_copy(f"docker://{address}/one:v1", f"docker://{address}/two:v1", *creds)
        source = f"docker://{address}/two"
        assert "v1" in skopeo("list-tags", "--tls-verify=false", f"--creds={login}", source)


@SKOPEO
def test_a_failure_of_skopeo_says_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        skopeo_copy(f"oci:{tmp_path}/nothing", f"oci:{tmp_path}/nowhere")
    assert "nothing" in failed.value.stderr


def test_the_hand_made_image_is_the_same_every_time(tmp_path: Path) -> None:
    one, other = write_layout(tmp_path / "one"), write_layout(tmp_path / "other")
    assert one.manifest == other.manifest
    assert (one.folder / "blobs" / one.layer.replace(":", "/")).is_file()


def test_a_program_ends_within_a_second_when_the_test_fails(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    with suppress(ZeroDivisionError), running([sys.executable, "-c", stubborn], log=log) as process:
        while not log.read_text():
            time.sleep(0.01)
        begun = time.monotonic()
        _ = 1 / 0
    assert time.monotonic() - begun < 1
    assert process.returncode == -9


def test_a_program_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    source = (
        "import os, sys; from pathlib import Path; from tests.peers.process import running\n"
        "with running(['sleep', '600'], log=Path(sys.argv[1])) as process:\n"
        "    print(process.pid, flush=True)\n"
        "    while b'sleep' not in Path(f'/proc/{process.pid}/cmdline').read_bytes().split(b'\\0')[0]: pass\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    argv = [sys.executable, "-c", source, str(tmp_path / "log")]
    killed = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    status = Path("/proc", killed.stdout.strip(), "stat")
    deadline = time.monotonic() + 1
    while status.exists() and status.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        running([sys.executable, "-c", "raise SystemExit('no such setting')"], log=log) as process,
        pytest.raises(NotListening, match="no such setting"),
    ):
        wait_until_listening(process, log=log)
