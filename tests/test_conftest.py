"""What a machine lacks is left out aloud, or fails in CI; and no test sees the user's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import isolate
from tests.network.namespace import network_obstacle

TEST = """
import pytest

@pytest.mark.peer("no-such-program")
def test_one(): pass

@pytest.mark.peer("python3", "no-such-program")
def test_two(): pass

def test_three(): pass
"""


def run_with(ci: str, folder: Path, *options: str) -> str:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = peer(name): needs a program\n")
    (folder / "test_peers.py").write_text(TEST)
    # Its own folder for what is temporary: otherwise it clears away what all earlier runs left.
    own = ["-c", f"{folder}/pytest.ini", f"--basetemp={folder}/temporary"]
    argv = [sys.executable, "-m", "pytest", "-p", "tests.conftest", *own, *options, str(folder)]
    env = {**os.environ, "CI": ci}
    cwd = Path(__file__).parents[1]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=env, cwd=cwd).stdout


@pytest.mark.parametrize("processes", ["0", "2"])
def test_tests_of_a_missing_program_are_left_out_aloud(tmp_path: Path, processes: str) -> None:
    printed = run_with("", tmp_path, f"--numprocesses={processes}")
    assert "1 passed, 2 skipped" in printed
    assert "TESTS LEFT OUT" in printed
    assert "2 tests did not run: no-such-program is not installed" in printed
    assert "make peers" in printed


def test_tests_of_a_missing_program_fail_in_ci(tmp_path: Path) -> None:
    printed = run_with("true", tmp_path)
    assert "1 passed, 2 errors" in printed
    assert "no-such-program is not installed, and CI leaves nothing out" in printed


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_tests_cost_is_told_with_their_programs(tmp_path: Path, processes: str) -> None:
    work = "[n * n for n in range(2_000_000)]"
    (tmp_path / "test_costly.py").write_text(
        f"import subprocess, sys\ndef test_work(): subprocess.run([sys.executable, '-c', {work!r}], check=True)\n"
    )
    printed = run_with("", tmp_path, f"--numprocesses={processes}", "--costs")
    (cost,) = (line.split()[0] for line in printed.splitlines() if line.endswith("::test_work"))
    (file,) = (line.split()[0] for line in printed.splitlines() if line.endswith("test_costly.py"))
    assert float(cost) == float(file) > 0.03


def test_namespaces_need_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert network_obstacle.__wrapped__() == "namespaces need root"


@pytest.mark.parametrize(
    "name",
    [
        "DOCKER_CONFIG",
        "DOCKER_AUTH_CONFIG",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "KUBECONFIG",
        "HTTP_PROXY",
        "https_proxy",
        "no_proxy",
        "ALL_PROXY",
        "CONTAINERS_CONF",
    ],
)
def test_the_users_settings_are_not_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv(name, "/the/users/own")
    isolate(monkeypatch, tmp_path)
    assert name not in os.environ


def test_home_is_the_tests_own_and_empty(home: Path) -> None:
    assert Path.home() == home
    assert list(home.iterdir()) == []
    assert Path(os.environ["XDG_CONFIG_HOME"]).parent == home
