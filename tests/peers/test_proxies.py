"""Real proxies in the way: tinyproxy, Squid and microsocks, whose answers are told as theirs, or as the target's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG, certificates
from tests.behaviour.scene import HOST, Played, Scene
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, Network
from tests.peers.programs import ALICE, Address
from tests.peers.proxies import DENIED, PROGRAMS, proxy

pytestmark = [pytest.mark.network, *(pytest.mark.peer(name) for name in PROGRAMS)]

NOWHERE = "nowhere.test"  # its address is in a network to which there is no way
AT = {name: Address(SERVER, port) for name, port in zip(PROGRAMS, (8888, 3128, 1080), strict=True)}
GOOD, WRONG, NONE = f"{ALICE.user}:{ALICE.password}@", f"{ALICE.user}:wrong@", ""
WRITE = "special characters as %40 for @"
LOG_IN = {
    WRONG: "does not accept the log-in that was sent",
    NONE: "asks for a log-in, and none was sent",
}
AROUND = f"add {HOST} to NO_PROXY"


@dataclass(frozen=True, slots=True)
class Row:
    """A proxy and its log-in, what is listed through it, and what is said of that."""

    proxy: str
    listed: str
    log_in: str = GOOD
    why: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.proxy}, {self.listed}, {self.log_in or 'no log-in'}"

    @property
    def url(self) -> str:
        """As a variable has it."""
        scheme = "socks5" if self.proxy == "microsocks" else "http"
        return f"{scheme}://{self.log_in}{AT[self.proxy]}"


def _rows() -> Iterator[Row]:
    for name in PROGRAMS:
        for scheme in ("https", "http"):
            yield Row(name, f"{scheme}://{HOST}")
            for log_in, why in LOG_IN.items():
                yield Row(name, f"{scheme}://{HOST}", log_in, why, WRITE)
    yield Row("microsocks", f"https://{HOST}:444", why="the connection was refused", remedy=AROUND)
    yield Row("microsocks", f"http://{HOST}:444", why="the connection was refused", remedy=AROUND)
    yield Row("microsocks", f"https://{NOWHERE}", why="the network is unreachable")
    # Where a read may be plain, it is tried after TLS, as what was refused was the target's.
    yield Row("microsocks", f"--plain-http=auto {HOST}:444", why="the connection was refused", remedy=AROUND)
    yield Row("squid", f"https://{HOST}:444", why=f"{HOST}:444 was refused by the proxy", remedy=AROUND)
    yield Row("squid", f"http://{HOST}:444", why="(ERR_CONNECT_FAIL 111) for reg.test:444", remedy=AROUND)
    yield Row("squid", f"https://{NOWHERE}", why=f"{NOWHERE}:443 was not reached by the proxy")
    yield Row("squid", f"http://{NOWHERE}", why=f"(ERR_CONNECT_FAIL 101) for {NOWHERE}")
    yield Row("squid", f"https://{DENIED}", why=f"refuses to connect to {DENIED}:443: 403 Forbidden")
    yield Row("squid", f"http://{DENIED}", why=f"answers 403 Forbidden (ERR_ACCESS_DENIED 0) for {DENIED}")
    # tinyproxy says the same of all that it cannot connect to.
    trouble = "the target cannot be reached from there, or the proxy is in trouble"
    for host, port in ((HOST, 444), (NOWHERE, 443), ("unknown.test", 443)):
        why = f"did not connect to {host}:{port}: 500 Unable to connect"
        yield Row("tinyproxy", f"https://{host}:{port}", why=why, remedy=trouble)
        yield Row("tinyproxy", f"--plain-http=auto {host}:{port}", why=why, remedy=trouble)
    yield Row("tinyproxy", f"http://{HOST}:444", why="answers 500 Unable to connect for reg.test:444", remedy=AROUND)
    yield Row("tinyproxy", f"https://{DENIED}", why=f"refuses to connect to {DENIED}:443: 403 Filtered")
    yield Row("tinyproxy", f"http://{DENIED}", why=f"answers 403 Filtered for {DENIED}")


ROWS = tuple(_rows())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    materials: Path = tmp_path_factory.mktemp("certificates")
    certificates(materials, HOST, SERVER)
    names = {HOST: [SERVER], DENIED: [SERVER], NOWHERE: ["203.0.113.1"]}
    with Network(names=names) as network, ExitStack() as stack:
        for name, address in AT.items():
            stack.enter_context(proxy(name, network.server, address))
        ports = {f"{SERVER}:443": "TLS", f"{SERVER}:80": "open"}
        yield stack.enter_context(placed(network, materials, ports, forks=True))


@pytest.fixture(scope="module")
def played(scene: Scene) -> Iterator[Callable[[Row], Played]]:
    """What each row comes to; a few run at a time."""

    def play(row: Row) -> Played:
        *options, place = row.listed.split()
        variables = {"HTTPS_PROXY": row.url, "HTTP_PROXY": row.url}
        return scene.boxship("ls", "-vv", "--ca-file", str(scene.root), *options, f"{place}/app", variables=variables)

    with ThreadPoolExecutor(4) as pool:
        begun: dict[Row, Future[Played]] = {row: pool.submit(play, row) for row in ROWS}
        yield lambda row: begun[row].result()


@pytest.mark.parametrize("row", [row for row in ROWS if not row.why], ids=str)
def test_a_registry_is_listed_through_a_proxy_with_its_log_in(row: Row, played: Callable[[Row], Played]) -> None:
    outcome = played(row)
    assert (outcome.status, outcome.tags) == (0, [TLS_TAG if row.listed.startswith("https") else PLAIN_TAG])


@pytest.mark.parametrize("row", [row for row in ROWS if row.why], ids=str)
def test_what_a_proxy_does_not_do_is_said_once_and_as_it_is(row: Row, played: Callable[[Row], Played]) -> None:
    outcome = played(row)
    said = outcome.stderr.splitlines()
    assert (outcome.status, outcome.stdout) == (5, "")
    assert [line for line in said if line.startswith("  why: ") and row.why in line], outcome.stderr
    assert [line for line in said if line.startswith("  do: ") and row.remedy in line], outcome.stderr
    assert [line for line in said if "Retry" in line] == []


def test_no_log_in_is_shown_and_none_reaches_the_registry(scene: Scene, played: Callable[[Row], Played]) -> None:
    assert [row for row in ROWS if "wrong" in played(row).stderr or ALICE.password in played(row).stderr] == []
    asked = scene.asked(80)
    assert asked
    assert [request for request in asked if "proxy-authorization" in request.headers] == []


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_mirror_is_reached_through_a_proxy(name: str, scheme: str, scene: Scene, tmp_path: Path) -> None:
    tag, insecure = (TLS_TAG, "false") if scheme == "https" else (PLAIN_TAG, "true")
    place = f"{HOST}:80" if scheme == "http" else HOST
    conf = tmp_path / "registries.conf"
    mirror = f'[[registry.mirror]]\nlocation = "{place}/{name}"\ninsecure = {insecure}\n'
    conf.write_text(f'[[registry]]\nlocation = "{NOWHERE}"\n{mirror}')
    port, path = (443 if scheme == "https" else 80), f"/v2/{name}/app/manifests/{tag}"
    found = {}
    for log_in in (GOOD, WRONG):
        url = Row(name, "", log_in).url
        variables = {"HTTPS_PROXY": url, "HTTP_PROXY": url, "CONTAINERS_REGISTRIES_CONF": str(conf)}
        found[log_in] = scene.boxship(
            "digest",
            "--connect-timeout",
            "3",
            "--ca-file",
            str(scene.root),
            f"{NOWHERE}/app:{tag}",
            variables=variables,
        )
    assert (found[GOOD].status, found[GOOD].stdout[:7]) == (0, "sha256:"), found[GOOD].stderr
    assert {request.target for request in scene.asked(port) if name in request.target} == {path}
    assert (found[WRONG].status, found[WRONG].stdout) == (5, "")
