"""Other people's programs on real ports: docker-registry on 80, nginx with TLS on 443, and packets that are dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.scene import HOST, Played, Scene, in_time, limit
from tests.behaviour.stages import placed
from tests.network.namespace import SERVER, Network
from tests.peers.certificates import Certificate
from tests.peers.nginx import REDIRECT_TO_TLS, nginx, proxy_to
from tests.peers.programs import ALICE, Address, Login, docker_registry

pytestmark = [pytest.mark.network, pytest.mark.peer("docker-registry")]

REPOSITORY = f"{HOST}/app"
RATIO = 2.5  # times as long as where `http://` was written, at most
TAGS_FROM_PYTHON = """
import time
from boxship import Client
begun = time.monotonic()
with Client(plain_http="auto") as client:
    print(*client.tags("reg.test/app"))
print(time.monotonic() - begun)
"""


@dataclass(frozen=True, slots=True)
class Lab:
    """A network, and other people's programs on its server."""

    network: Network
    materials: Path
    stocked: Path
    folder: Path

    @contextmanager
    def distribution(self, *, port: int = 80, auth: Login | None = None) -> Iterator[Address]:
        """A docker-registry that has `app:v1`."""
        folder = self.folder / "registry"
        folder.mkdir()
        (folder / "storage").symlink_to(self.stocked)
        with docker_registry(folder, host=SERVER, port=port, namespace=self.network.server, auth=auth) as address:
            yield address

    @contextmanager
    def behind(self, at_443: str, *, auth: Login | None = None) -> Iterator[Scene]:
        """That on port 80, and something on 443."""
        places = {f"{SERVER}:443": at_443}
        with self.distribution(auth=auth), placed(self.network, self.materials, places) as scene:
            yield scene

    @contextmanager
    def with_tls(self, *, late: float = 0.0) -> Iterator[Scene]:
        """That behind nginx with TLS on 443, which is `late` by so many seconds."""
        host, port = ("127.0.0.1", 8443) if late else (SERVER, 443)
        with self.distribution(port=5000) as upstream, self._nginx("tls", proxy_to(upstream), host, port, tls=True):
            if late:
                self.network.listen("late", 443, str(late), str(port))
            with placed(self.network, self.materials, {}) as scene:
                yield scene

    @contextmanager
    def redirecting(self) -> Iterator[Path]:
        """nginx on port 80, sending everybody to TLS; its access log."""
        with self._nginx("redirect", REDIRECT_TO_TLS, SERVER, 80):
            yield self.folder / "redirect" / "access.log"

    def _nginx(
        self, name: str, answer: str, host: str, port: int, *, tls: bool = False
    ) -> AbstractContextManager[Address]:
        good = self.materials / "good"
        certificate = Certificate(chain=good / "chain.pem", key=good / "key.pem", root=self.materials / "root.pem")
        return nginx(
            self.folder / name,
            answer,
            host=host,
            port=port,
            namespace=self.network.server,
            tls=certificate if tls else None,
        )


@pytest.fixture
def lab(materials: Path, stocked: Path, tmp_path: Path) -> Iterator[Lab]:
    with Network(names={HOST: [SERVER]}) as network:
        yield Lab(network, materials, stocked, tmp_path)


@pytest.mark.parametrize("at_443", ["dropped", "refused", "open", "mute"])
def test_a_registry_on_port_80_is_listed_at_once(lab: Lab, at_443: str) -> None:
    with lab.behind(at_443) as scene:
        played = in_time(0.15, lambda: scene.boxship("ls", "--insecure", REPOSITORY))
        assert (played.status, played.tags, played.stderr) == (0, ["v1"], "")
        assert lab.network.firewall.syns(443) >= 1


@pytest.mark.parametrize(("at_443", "wait"), [("dropped", 1.5), ("refused", 0.25)])
def test_a_password_goes_out_when_the_absence_of_tls_is_confirmed(lab: Lab, at_443: str, wait: float) -> None:
    with lab.behind(at_443, auth=ALICE) as scene:
        played = in_time(wait + 0.15, lambda: scene.boxship("ls", "--insecure", REPOSITORY))
        assert (played.status, played.tags) == (0, ["v1"])
        assert played.seconds >= wait
        assert "over plain HTTP" in played.stderr
        assert lab.network.firewall.syns(443) >= 2


@pytest.mark.parametrize("at_443", ["dropped", "refused"])
def test_it_costs_little_more_than_saying_http(lab: Lab, at_443: str) -> None:
    with lab.behind(at_443) as scene:
        assert any(ratio(scene) <= RATIO for _ in range(4))


def ratio(scene: Scene) -> float:
    """How many times longer the best of 5 takes than where `http://` was written, the two in turn."""
    found, told = [], []
    for _ in range(5):
        found.append(scene.boxship("ls", "--insecure", REPOSITORY).seconds)
        told.append(scene.boxship("ls", "--insecure", f"http://{REPOSITORY}").seconds)
    return min(found) / min(told)


def test_python_lists_it_as_well(lab: Lab) -> None:
    with lab.behind("dropped"):
        ran = [lab.network.python(TAGS_FROM_PYTHON).stdout.splitlines() for _ in range(3)]
    assert [tag for tag, _ in ran] == ["v1"] * 3
    assert min(float(seconds) for _, seconds in ran) <= limit(0.15)


@pytest.mark.peer("nginx")
@pytest.mark.parametrize("late", [0.0, 1.0])
def test_tls_wins_over_a_port_80_that_challenges(lab: Lab, late: float) -> None:
    port_80 = lab.network.listen("challenge", 80, host=SERVER)
    with lab.with_tls(late=late) as scene:
        played = in_time(late or 0.15, over_tls(scene))
        assert (played.status, played.tags) == (0, ["v1"])
        assert "Authorization" not in port_80.printed


@pytest.mark.peer("nginx")
def test_the_redirect_of_nginx_from_plain_to_tls_is_obeyed(lab: Lab) -> None:
    with lab.redirecting() as log, lab.with_tls(late=1.0) as scene:
        played = over_tls(scene)()
        assert (played.status, played.tags) == (0, ["v1"])
        assert played.seconds <= limit(2.0)
        (asked,) = log.read_text().splitlines()
        assert '"GET /v2/ HTTP/1.1" 301' in asked


def over_tls(scene: Scene) -> Callable[[], Played]:
    return lambda: scene.boxship("ls", "--plain-http=auto", "--ca-file", str(scene.root), REPOSITORY)
