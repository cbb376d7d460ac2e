"""The fixtures that users' tests have, in a run of pytest of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

USED = """
import socket

import pytest

from boxship import Client
from boxship.errors import BoxshipError
from boxship.testing import Answer, put_image, serving

seen = {}


@pytest.mark.parametrize("tag", ["v1", "Ä/ü"])
def test_a_repository_is_clean(boxship_registry, boxship_repository, tag):
    address, _, name = boxship_repository.partition("/")
    assert address == boxship_registry.address
    put_image(address, name, "v1")
    with Client() as client:
        assert list(client.tags(boxship_repository)) == ["v1"]
        client.delete(f"{boxship_repository}:v1")
    seen.setdefault(address, []).append(name)


def test_the_registry_is_one_for_all(boxship_registry, boxship_empty_registry):
    (names,) = seen.values()
    assert len(set(names)) == 2
    with Client() as client:
        assert set(names) <= {*client.catalog(boxship_registry.address)}
        assert [*client.catalog(boxship_empty_registry.address)] == []


def test_what_is_open_is_closed(boxship_open):
    seen["server"] = boxship_open(serving(Answer(503)))


def test_it_was_closed():
    server = seen["server"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=5)


def test_a_network_fails(boxship_hostile):
    with Client(timeout=0.5) as client, pytest.raises(BoxshipError):
        client.ping(boxship_hostile.address)


def test_networks_by_name(boxship_black_hole, boxship_refused, boxship_mute):
    with pytest.raises(TimeoutError):
        socket.create_connection((boxship_black_hole.host, boxship_black_hole.port), timeout=0.1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((boxship_refused.host, boxship_refused.port), timeout=5)
    socket.create_connection((boxship_mute.host, boxship_mute.port), timeout=5).close()
    assert boxship_mute.connection().ending() == "closed"
"""


def test_tests_of_users_have_a_registry_and_networks_that_fail(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_used=USED)
    ran = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error")
    ran.assert_outcomes(passed=12)


def test_a_run_that_uses_none_of_it_loads_none_of_it() -> None:
    code = "import sys, pytest; before = {*sys.modules}; import boxship.pytest_plugin; print({*sys.modules} - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert {*eval(done.stdout)} == {"boxship", "boxship.pytest_plugin"}
