"""The examples are programs: each is run, or used, by a test here or in the file that `ELSEWHERE` names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from boxship.digest import Digest
from boxship.testing import RunningRegistry, put_image

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
LONGEST = 40  # lines
ELSEWHERE = {
    "list_tags.py": "tests/network/test_behaviour_examples.py",
    "mounted_registry.py": "tests/test_examples.py",
    "fastapi_service.py": "tests/examples/test_services.py",
    "kopf_operator.py": "tests/examples/test_services.py",
}
PODS = "kind: Pod\nspec:\n  containers:\n  - image: {}\n"


@pytest.fixture(scope="module")
def digest(running: RunningRegistry) -> Digest:
    return put_image(running.address, "app", "v1")


def run(example: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an example as its first line says."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / example), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_an_example_is_short_and_run() -> None:
    names = {path.name: path.read_text() for path in EXAMPLES.glob("*.py")}
    assert {name: text.count("\n") for name, text in names.items() if text.count("\n") > LONGEST} == {}
    assert [name for name in names if f'"{name}"' not in (ROOT / ELSEWHERE.get(name, __file__)).read_text()] == []


def test_the_examples_are_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    assert [path.name for path in EXAMPLES.glob("*.py") if f"]({path.name})" not in listed] == []


def test_a_copy_shows_how_far_it_is(running: RunningRegistry, digest: Digest, tmp_path: Path) -> None:
    ended = run("copy_with_progress.py", f"{running.address}/app:v1", f"oci:{tmp_path}/layout:app")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"{digest}: ")
    come, size = ended.stderr.splitlines()[-1].removesuffix(" bytes").split(" of ")
    assert come == size != "0"


def test_a_copy_that_fails_says_so(running: RunningRegistry, tmp_path: Path) -> None:
    ended = run("copy_with_progress.py", f"{running.address}/none:v1", f"oci:{tmp_path}/layout:app")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "none" in ended.stderr


@pytest.mark.usefixtures("digest")
def test_many_are_asked_for_side_by_side(running: RunningRegistry) -> None:
    good, bad = f"{running.address}/app:v1", f"{running.address}/app:none"
    ended = run("newest_of_many.py", good, bad, good)
    lines = ended.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [good, bad, good]
    assert "none" in lines[1].partition(": ")[2]


def test_an_image_is_pinned_and_verified(running: RunningRegistry, digest: Digest) -> None:
    ended = run("pin_and_verify.py", f"{running.address}/app:v1")
    assert (ended.returncode, ended.stdout) == (0, f"{running.address}/app@{digest}\n"), ended.stderr


def test_a_build_fails_where_an_image_is_not_pinned(running: RunningRegistry, digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(PODS.format(f"{running.address}/app@{digest}"))
    (tmp_path / "bad.yaml").write_text(PODS.format(f"{running.address}/app:v1"))
    good = run("audit_in_ci.py", f"{tmp_path}/good.yaml")
    assert (good.returncode, good.stdout) == (0, ""), good.stderr
    bad = run("audit_in_ci.py", f"{tmp_path}/good.yaml", f"{tmp_path}/bad.yaml")
    assert bad.returncode == 1, bad.stderr
    assert f"{tmp_path}/bad.yaml:4: {running.address}/app:v1: warning: its tag may be moved" in bad.stdout


def test_a_test_has_a_registry_of_its_own(tmp_path: Path) -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(EXAMPLES / "test_release.py")]
    ended = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.splitlines()[-1].startswith("7 passed"), ended.stdout
