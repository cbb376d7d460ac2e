"""The network that other tests rely on does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.network.namespace import CLIENT, SERVER, SERVER6, Finished, Network
from tests.network.system import LOGS, NAMES, NAMESPACES
from tests.peers.programs import docker_registry

pytestmark = pytest.mark.network

AT_ONCE = 2.0  # seconds, on a machine that has other work: who waits has 5
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])).close()
except OSError as error:
    sys.exit(type(error).__name__ + f" {error.errno}")
"""
GET = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=10) as answer:
    print(answer.status)
"""
RESOLVE = "import socket, sys; print(*(a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80, type=socket.SOCK_STREAM)))"


def connect(network: Network, port: int, *, host: str = SERVER, seconds: float = 5.0) -> Finished:
    return network.python(CONNECT, host, str(port), str(seconds))


@pytest.mark.parametrize("host", [SERVER, SERVER6])
def test_an_open_port_is_connected_to_at_once(network: Network, host: str) -> None:
    network.listen("mute", 443)
    done = connect(network, 443, host=host)
    assert (done.status, done.stderr) == (0, "")
    assert done.seconds < AT_ONCE


@pytest.mark.parametrize("host", [SERVER, SERVER6])
def test_a_dropped_port_is_silent(network: Network, host: str) -> None:
    network.listen("mute", 443)
    network.firewall.drop(443)
    done = connect(network, 443, host=host, seconds=0.5)
    assert "TimeoutError" in done.stderr
    assert done.seconds > 0.5


@pytest.mark.parametrize("host", [SERVER, SERVER6])
def test_a_refused_port_refuses_at_once_though_something_listens(network: Network, host: str) -> None:
    network.listen("mute", 443)
    network.firewall.refuse(443)
    done = connect(network, 443, host=host)
    assert "ConnectionRefusedError" in done.stderr
    assert done.seconds < AT_ONCE


def test_an_unreachable_port_is_said_to_be_so(network: Network) -> None:
    network.firewall.unreachable(443)
    done = connect(network, 443)
    assert "OSError 113" in done.stderr
    assert done.seconds < AT_ONCE


def test_one_of_three_addresses_is_dropped() -> None:
    addresses = ("10.99.0.1", "10.99.0.2", "10.99.0.3")
    with Network(addresses=addresses) as network:
        network.listen("mute", 443)
        network.firewall.drop(address="10.99.0.1")
        outcomes = [connect(network, 443, host=address, seconds=0.3).status for address in addresses]
        assert outcomes == [1, 0, 0]
        assert [network.firewall.syns(443, address=address) for address in addresses] == [1, 1, 1]


@pytest.mark.parametrize("host", [SERVER, SERVER6])
def test_only_the_first_syn_is_lost(network: Network, host: str) -> None:
    network.listen("mute", 443)
    network.firewall.lose_first_syn(443)
    first, second = connect(network, 443, host=host), connect(network, 443, host=host)
    assert (first.status, second.status) == (0, 0)
    assert 1.0 <= first.seconds < 1.0 + AT_ONCE
    assert second.seconds < first.seconds
    assert network.firewall.syns(443) == 3


def test_a_connection_that_is_established_is_cut_by_a_drop(network: Network) -> None:
    network.listen("late", 80, "0.5", "81")
    network.listen("registry", 81, host="127.0.0.1")
    source = "import socket; s = socket.create_connection(('10.99.0.1', 80)); s.send(b'GET / HTTP/1.0\\r\\n\\r\\n'); "
    source += "print('sent', flush=True); s.settimeout(1.5); s.recv(1)"
    client = subprocess.Popen(
        ["ip", "netns", "exec", network.client, sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert client.stdout is not None
    client.stdout.readline()
    network.firewall.drop(80)
    _, errors = client.communicate(timeout=10)
    assert b"TimeoutError" in errors


def test_an_opened_firewall_lets_through_and_still_counts(network: Network) -> None:
    network.listen("mute", 443)
    network.firewall.drop(443)
    connect(network, 443, seconds=0.2)
    network.firewall.open()
    assert connect(network, 443).status == 0
    assert network.firewall.syns(443) == 2


def test_syns_are_counted_per_port_and_never_for_loopback(network: Network) -> None:
    network.listen("mute", 443)
    network.firewall.drop(80)
    connect(network, 443)
    connect(network, 443, host=SERVER6)
    connect(network, 80, seconds=0.2)
    assert {port: network.firewall.syns(port) for port in (443, 80, 81)} == {443: 2, 80: 1, 81: 0}
    assert network.firewall.syns(443, address=SERVER) == 1


def test_names_resolve_by_the_hosts_file_of_the_namespace(network: Network) -> None:
    network.name("three.test", "10.99.0.1", "10.99.0.2")
    assert network.python(RESOLVE, "registry.test").stdout.split() == [SERVER]
    assert set(network.python(RESOLVE, "both.test").stdout.split()) == {SERVER, SERVER6}
    assert set(network.python(RESOLVE, "three.test").stdout.split()) == {"10.99.0.1", "10.99.0.2"}


def test_an_unknown_name_fails_at_once_and_slowly_when_the_name_server_is_dropped(network: Network) -> None:
    at_once = network.python(RESOLVE, "unknown.test")
    assert "gaierror" in at_once.stderr
    assert at_once.seconds < AT_ONCE
    network.firewall.drop(53)
    with pytest.raises(subprocess.TimeoutExpired):
        network.python(RESOLVE, "unknown.test", timeout=1.5)


@pytest.mark.peer("docker-registry")
def test_a_registry_serves_port_80_behind_a_dropped_443(network: Network, tmp_path: Path) -> None:
    network.firewall.drop(443)
    with docker_registry(tmp_path, host=SERVER, port=80, namespace=network.server):
        answer = network.python(GET, "http://registry.test/v2/")
    assert answer.stdout == "200\n"
    assert network.firewall.syns(443) == 0


def test_what_a_listener_is_sent_can_be_read(network: Network) -> None:
    registry = network.listen("registry", 80)
    assert network.python(GET, "http://registry.test/v2/").stdout == "200\n"
    assert "GET /v2/ HTTP/1.1" in registry.printed
    assert "Host: registry.test" in registry.printed
    assert "Authorization" not in registry.printed


@pytest.mark.parametrize(("behaviour", "said"), [("challenge", "401"), ("unavailable", "503"), ("reset", "reset")])
def test_a_listener_behaves_as_it_is_called(network: Network, behaviour: str, said: str) -> None:
    network.listen(behaviour, 80)
    assert said in network.python(GET, "http://registry.test/v2/").stderr


def test_a_stalled_body_never_ends(network: Network) -> None:
    network.listen("stall", 80, "1000", "10")
    source = "import urllib.request as u; u.urlopen('http://registry.test/', timeout=0.5).read()"
    assert "TimeoutError" in network.python(source).stderr


@pytest.mark.parametrize("delay", [0.05, 0.2])
def test_a_delay_is_one_way(delay: float) -> None:
    source = "import socket, time; b = time.monotonic(); "
    source += f"socket.create_connection(('{SERVER}', 443)).close(); print(time.monotonic() - b)"
    with Network(delay=delay) as network:
        network.listen("mute", 443)
        seconds = float(network.python(source).stdout)
    assert 2 * delay <= seconds < 2 * delay + 0.1


def test_a_network_is_set_up_quickly_and_leaves_nothing() -> None:
    begun = time.monotonic()
    with Network() as network:
        sleeper = network.start(["sleep", "600"])
        assert f"inet {CLIENT}/24" in network.run(["ip", "address", "show", "wire"]).stdout
    assert time.monotonic() - begun < 5
    for namespace in (network.client, network.server):
        assert not (NAMESPACES / namespace).exists()
        assert not (NAMES / namespace).exists()
        assert not (LOGS / namespace).exists()
    assert not Path(f"/proc/{sleeper.pid}").exists()


def test_what_a_killed_run_left_is_cleared_by_the_next() -> None:
    source = (
        "from tests.network.namespace import Network; import os; n = Network().__enter__(); n.start(['sleep', '600']); "
    )
    source += "print(n.client, flush=True); os.kill(os.getpid(), 9)"
    killed = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    left = killed.stdout.strip()
    assert (NAMESPACES / left).exists()
    with Network():
        assert not (NAMESPACES / left).exists()
        assert not (NAMES / left).exists()
        assert not (LOGS / left).exists()


def test_networks_stand_side_by_side() -> None:
    with Network() as one, Network() as other:
        one.listen("mute", 443)
        assert connect(one, 443).status == 0
        assert "ConnectionRefused" in connect(other, 443).stderr
    assert str(os.getpid()) in one.client
