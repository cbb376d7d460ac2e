"""What holds for every test: nothing of the user's is read, and what a machine lacks is said aloud.

`peer(name)` and `network` are left out where the program or the right is missing, and fail there when CI=true.
"""

from __future__ import annotations

__all__ = ["isolate", "obstacles"]

import gc
import itertools
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from boxship.settings import machine
from tests.cli.ready_registry import forked_registries
from tests.costs import Costs
from tests.network.namespace import network_obstacle
from tests.peers.postgresql import Cluster, cluster
from tests.peers.process import program
from tests.temporary import in_memory

# Variables that lead a client, or a program it runs, to the user's files, proxies or terminal.
NAMES = frozenset({"REGISTRY_AUTH_FILE", "KUBECONFIG", "NETRC", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"})
PREFIXES = ("BOXSHIP_", "CONTAINERS_", "DOCKER_", "SSL", "XDG_")
SUFFIXES = ("_PROXY", "_CA_BUNDLE")

# Laws are tried without a deadline, for machines are busy at times, and without a memory in the work tree; by hand with
# fewer examples than in CI. `pytest tests/property --hypothesis-profile=nightly` tries them for longer.
_IN_CI = os.environ.get("CI") == "true"
settings.register_profile(
    "laws",
    max_examples=100 if _IN_CI else 40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", settings.get_profile("laws"), max_examples=5000)
if settings.get_current_profile_name() != "nightly":
    settings.load_profile("laws")

# A shell that starts `make test &` has it ignore Ctrl-C, and so would every program that a test runs and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests make and drop small things: to look for cycles among the newest 700 again and again finds none.
gc.set_threshold(10_000)

# The programs that tests run and the processes that share the tests have it from here.
if "TMPDIR" not in os.environ and (memory := in_memory()):
    os.environ["TMPDIR"] = tempfile.tempdir = str(memory)

_numbers = itertools.count()
_LEFT_OUT = "left out for"  # a property of a test's report, which reaches the process that sums up


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Point the environment at an empty home, without any of the user's settings."""
    for name in list(os.environ):
        upper = name.upper()  # curl's and Go's proxy variables are lower case too
        if upper in NAMES or upper.startswith(PREFIXES) or upper.endswith(SUFFIXES):
            patch.delenv(name)
    patch.setenv("HOME", str(home))
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    patch.setattr(machine, "ROOT", home)


@pytest.fixture(scope="session", autouse=True)
def _isolated_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # Fixtures that outlive a test run programs too.
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, tmp_path_factory.mktemp("session-home"))
        yield


@pytest.fixture(scope="module", autouse=True)
def _registries() -> Iterator[None]:
    with forked_registries():
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL for all tests of a session; each makes databases of its own."""
    with cluster() as made:
        yield made


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def home(_homes: Path) -> Iterator[Path]:
    """The test's own HOME, empty at its start."""
    # It goes with its test: among thousands of them each new folder takes a look at all. What a program that is still
    # ending writes there goes with the session.
    folder = _homes / str(next(_numbers))
    folder.mkdir()
    # Not the `monkeypatch` fixture: a test that undoes its own patches keeps this one.
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, folder)
        yield folder
    try:
        folder.rmdir()  # most are empty
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--costs", action="store_true", help="say which tests cost how many seconds of processors")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--costs"):
        config.pluginmanager.register(Costs())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # Thousands of tests are a million objects that stay: nobody looks through them for cycles again and again.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def obstacles(item: pytest.Item) -> Iterator[str]:
    """Yield what the test needs and this machine lacks."""
    for mark in item.iter_markers("peer"):
        for name in mark.args:
            if program(name) is None:
                yield f"{name} is not installed"
    if item.get_closest_marker("network") and (obstacle := network_obstacle()):
        yield obstacle


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for obstacle in obstacles(item):
        if _IN_CI:
            pytest.fail(f"{obstacle}, and CI leaves nothing out", pytrace=False)
        item.user_properties.append((_LEFT_OUT, obstacle))
        pytest.skip(obstacle)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped: list[pytest.TestReport] = terminalreporter.getreports("skipped")
    left_out = Counter(why for report in skipped for name, why in report.user_properties if name == _LEFT_OUT)
    if not left_out:
        return
    terminalreporter.section("TESTS LEFT OUT", sep="!", red=True, bold=True)
    for obstacle, tests in sorted(left_out.items()):
        terminalreporter.line(f"{tests} tests did not run: {obstacle}", red=True)
    terminalreporter.line("`make peers` installs the programs; namespaces need root (sudo make test).")
