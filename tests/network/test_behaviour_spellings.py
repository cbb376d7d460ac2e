"""Hosts in all their spellings, where names and packets are real: what is dialled, and what others are told of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.ports import PASSWORD, PLAIN_TAG, TLS_TAG, USER, record_of
from tests.behaviour.record import Asked, asked
from tests.behaviour.scene import HOST, Scene
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, SERVER6, Network, Started

pytestmark = pytest.mark.network

UNREACHABLE = 5
LINK = "fe80::99"
OF_LINK = "[::]"  # a server is told no zones
LOCAL = "registry.localhost"
TRUST = ("--ca-file", "root.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How the registry is written, with flags; the one place and what it is, what is listed, what Host says.

    `secret`: whether the credential for the host is sent.
    """

    written: str
    flags: tuple[str, ...] = ()
    place: str
    what: str
    host: str
    secret: bool = True


ROWS = {
    "a zone": Row(
        written=f"[{LINK}%wire]",
        flags=("--insecure", "--username", USER, "--password", PASSWORD),
        place=f"{OF_LINK}:443",
        what="TLS",
        host=f"[{LINK}]",
    ),
    "a zone and a port": Row(
        written=f"http://[{LINK.upper()}%wire]:5000",
        place=f"{OF_LINK}:5000",
        what="open",
        host=f"[{LINK}]:5000",
        secret=False,
    ),
    "mapped IPv4": Row(written=f"[::ffff:{SERVER}]", place=f"{SERVER}:80", what="open", host=SERVER, secret=False),
    "mapped IPv4 over TLS": Row(
        written=f"[::FFFF:{SERVER}]", flags=TRUST, place=f"{SERVER}:443", what="TLS", host=SERVER
    ),
    "a trailing dot": Row(written=f"{HOST}.", flags=TRUST, place=f"{SERVER}:443", what="TLS", host=HOST),
    "a trailing dot and a port": Row(
        written=f"http://{HOST}.:5000", place=f"{SERVER}:5000", what="basic", host=f"{HOST}:5000"
    ),
    "upper case": Row(written=HOST.upper(), flags=TRUST, place=f"{SERVER}:443", what="TLS", host=HOST.upper()),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_host_is_dialled_verified_and_named_as_others_know_it(row: Row, materials: Path) -> None:
    # The hosts file is asked for a name with its dot, and does not know it by the one without.
    # SERVER6: in its first second, the client speaks to link-local addresses from its other one, and is answered there.
    names = {HOST: [SERVER], f"{HOST}.": [SERVER]}
    with (
        Network(addresses=[SERVER, SERVER6, LINK], names=names) as network,
        placed(network, materials, {row.place: row.what}, forks=True) as scene,
    ):
        flags = [str(scene.root) if flag == "root.pem" else flag for flag in row.flags]
        played = scene.boxship("ls", *flags, f"{row.written}/app")
        assert (played.status, played.tags) == (0, [TLS_TAG if row.what == "TLS" else PLAIN_TAG]), played.stderr
        requests = asked(scene.folder / record_of(row.place))
        assert {request.headers["host"] for request in requests} == {row.host}
        assert any(request.secret for request in requests) is row.secret


@contextmanager
def lied_to(materials: Path, *addresses: str) -> Iterator[tuple[Scene, Started, Network]]:
    """A client whose name server says that `registry.localhost` is the server, and its hosts file has `addresses`."""
    with (
        Network(names={LOCAL: addresses}) as network,
        placed(network, materials, {f"{SERVER}:443": "refused", f"{SERVER}:80": "basic"}, forks=True) as scene,
    ):
        script = Path(__file__).with_name("name_server.py")
        names = network.start([sys.executable, str(script), SERVER, LOCAL, SERVER, "empty"], ports=[53])
        yield scene, names, network


def requests_at_port_80(scene: Scene) -> tuple[Asked, ...]:
    return asked(scene.folder / record_of(f"{SERVER}:80"))


def test_localhost_is_here_whatever_a_name_server_says(materials: Path) -> None:
    with lied_to(materials) as (scene, names, network):
        played = scene.boxship("ls", "-v", f"{LOCAL}/app")
        assert played.status == UNREACHABLE
        assert "127.0.0.1:80" in played.stderr
        assert "[::1]:80" in played.stderr
        assert (network.firewall.syns(443), network.firewall.syns(80), requests_at_port_80(scene)) == (0, 0, ())
        assert names.printed == ""


def test_localhost_is_elsewhere_where_the_hosts_file_says_so_and_then_permits_nothing(materials: Path) -> None:
    with lied_to(materials, SERVER) as (scene, names, _):
        played = scene.boxship("ls", "--username", USER, "--password", PASSWORD, f"{LOCAL}/app")
        assert played.status == UNREACHABLE
        # Nothing but the question for a registry, which lets the error say that there is one.
        requests = requests_at_port_80(scene)
        assert {request.target for request in requests} <= {"/v2/"}
        assert not any(request.secret for request in requests)
        assert names.printed == ""


def test_a_name_server_is_asked_for_names_that_only_look_like_localhost(materials: Path) -> None:
    with lied_to(materials) as (scene, names, _):
        scene.boxship("ls", f"{LOCAL}.test/app")
        assert f"{LOCAL}.test" in names.printed
