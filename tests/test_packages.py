"""What is published: a wheel and an sdist, which install where there is nothing, with each extra by itself.

By hand one extra is tried; `.ci/run` tries all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest

from boxship.cli.manual import pages
from boxship.testing import put_tags, registry
from tests.server.conftest import ASKED

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = tuple(extra for extra in PROJECT["optional-dependencies"] if extra != "dev") if ASKED == "all" else ("server",)
LARGEST = 20_000_000  # bytes of a core installation
RICH = ("rich", "markdown-it-py", "mdurl", "pygments")
USED = """
def test_used(boxship_registry, boxship_repository):
    assert boxship_repository.startswith(boxship_registry.address)
"""
_PIP = Path(pip.__file__).parent
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, slots=True)
class Installed:
    """boxship in an environment of its own, and what came with it."""

    folder: Path
    size: int

    def run(self, *words: str) -> str:
        return _run(str(self.folder / "bin" / words[0]), *words[1:])

    def pip(self, *words: str) -> str:
        return _pip(self.folder, *words)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _pip(folder: Path, *words: str) -> str:
    """What this environment's pip says of another one, which needs none of its own: to make it is half of the time.

    The other's interpreter runs it: `pip --python` starts here, and then once more there.
    """
    return _run(str(folder / "bin/python"), str(folder / "alone/pip"), "--disable-pip-version-check", *words)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("published")
    _run(sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT))
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def installed(published: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Installed]]:
    wanted = {"": str(published["wheel"]), "sdist": str(published["sdist"])}
    wanted |= {extra: f"{published['wheel']}[{extra}]" for extra in EXTRAS}
    folder = tmp_path_factory.mktemp("environments")
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda item: _install(folder / (item[0] or "core"), item[1]), wanted.items())
        yield dict(zip(wanted, made, strict=True))


def _install(folder: Path, what: str) -> Installed:
    venv.create(folder, with_pip=False)
    (folder / "alone").mkdir()
    (folder / "alone/pip").symlink_to(_PIP)  # where it is, pip finds what else is installed there
    before = _size(folder)
    _pip(folder, "install", "--quiet", "--no-compile", what)
    return Installed(folder, _size(folder) - before)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.parametrize("kind", ["", "sdist"])
def test_the_core_alone_lists_tags(installed: dict[str, Installed], kind: str) -> None:
    with registry() as running:
        put_tags(running.address, "app", ["v1", "v2"])
        assert installed[kind].run("boxship", "ls", f"{running.address}/app").split() == ["v1", "v2"]


def test_the_core_is_small(installed: dict[str, Installed]) -> None:
    assert installed[""].size < LARGEST


def test_the_core_brings_its_own_dependencies_alone(installed: dict[str, Installed]) -> None:
    there = {each["name"].lower() for each in json.loads(installed[""].pip("list", "--format=json"))}
    assert there - {"pip", "setuptools"} <= {"boxship", "isal", "backports.zstd", *RICH}


def test_what_an_extra_is_for_says_where_it_is_missing(installed: dict[str, Installed], tmp_path: Path) -> None:
    words = (str(installed[""].folder / "bin/boxship"), "registry", "serve", "--disk", str(tmp_path))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install 'boxship[server]'" in done.stderr


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_installs_alone(installed: dict[str, Installed], extra: str) -> None:
    installed[extra].pip("check")
    assert installed[extra].run("boxship", "version")


def test_pytest_finds_the_fixtures(installed: dict[str, Installed], tmp_path: Path) -> None:
    installed["server"].pip("install", "--quiet", "--no-compile", "pytest")
    (tmp_path / "test_used.py").write_text(USED)
    assert "1 passed" in installed["server"].run("pytest", "-q", str(tmp_path))


def test_the_wheel_brings_manual_pages_and_completions(installed: dict[str, Installed]) -> None:
    share = installed[""].folder / "share"
    assert {path.name for path in (share / "man/man1").iterdir()} == {name for name, _ in pages()}
    for place in ("bash-completion/completions/boxship", "zsh/site-functions/_boxship"):
        assert (share / place).is_file()
    assert (share / "fish/vendor_completions.d/boxship.fish").is_file()


def test_the_wheel_is_typed_and_has_nothing_that_was_made_here(published: dict[str, Path]) -> None:
    names = zipfile.ZipFile(published["wheel"]).namelist()
    assert "boxship/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_what_is_published_brings_the_page(published: dict[str, Path]) -> None:
    folder = ROOT / "src/boxship/web/page"
    page = {path.relative_to(ROOT / "src").as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"boxship/web/page/index.html", "boxship/web/page/start.js"} <= page
    assert page <= set(zipfile.ZipFile(published["wheel"]).namelist())
    with tarfile.open(published["sdist"]) as archive:
        assert page <= {name.partition("/src/")[2] for name in archive.getnames()}


def test_the_sdist_has_what_the_tests_need(published: dict[str, Path]) -> None:
    with tarfile.open(published["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/test_packages.py", "docs/registry.md", "Makefile", "examples/list_tags.py", "README.md"} <= names
