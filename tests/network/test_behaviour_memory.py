"""What is remembered of a host from one run to the next: it is quicker the second time, and never less careful."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.behaviour.ports import PLAIN_TAG, TLS_TAG
from tests.behaviour.scene import HOST, Played, Scene, in_time
from tests.behaviour.stages import placed
from tests.network.namespace import CLIENT, SERVER, SERVER6, Network

pytestmark = pytest.mark.network

UNREACHABLE = 5
ELSEWHERE = "10.99.0.101"
SHORT = "registry"  # each network may have another host of such a name
CONFIRMATION = 1.5  # seconds that the absence of TLS takes to be certain, the first time


@dataclass(frozen=True, slots=True)
class Place:
    """A host in a network, with a cache that lasts from run to run."""

    network: Network
    scene: Scene
    cache: Path

    def ls(self, *words: str, host: str = HOST) -> Played:
        """A run of `boxship ls`."""
        return self.scene.boxship("ls", f"{host}/app", *words, variables={"XDG_CACHE_HOME": str(self.cache)})

    def syns(self, port: int) -> int:
        """How many SYNs have come to a port."""
        return self.network.firewall.syns(port)

    @property
    def files(self) -> list[Path]:
        """What is remembered."""
        return sorted(self.cache.glob("boxship/hosts/*"))

    def age(self, seconds: float) -> None:
        """Let what is remembered be so much older."""
        for file in self.files:
            fields = json.loads(file.read_text())
            file.write_text(json.dumps({**fields, "at": fields["at"] - seconds}, indent=1) + "\n")


@contextmanager
def place(materials: Path, cache: Path, at_443: str, at_80: str) -> Iterator[Place]:
    places = {f"{SERVER}:443": at_443, f"{SERVER}:80": at_80}
    with Network(names={HOST: [SERVER]}) as network, placed(network, materials, places, forks=True) as scene:
        yield Place(network, scene, cache)


def test_the_second_time_nothing_is_tried_on_443_before_the_answer(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "open") as there:
        assert there.ls("--insecure").tags == [PLAIN_TAG]
        before = there.syns(443)
        second = there.ls("--insecure", "-v")
        assert (second.status, second.tags) == (0, [PLAIN_TAG])
        assert there.syns(443) == before
        assert "Remembered" in second.stderr


def test_an_older_memory_lets_a_syn_go_along_and_waits_for_nothing(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "open") as there:
        there.ls("--insecure")
        there.age(3600)
        before = there.syns(443)
        assert there.ls("--insecure").tags == [PLAIN_TAG]
        assert there.syns(443) > before


def test_beyond_a_day_nothing_is_remembered(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "open") as there:
        there.ls("--insecure")
        there.age(25 * 3600)
        assert "Remembered" not in there.ls("--insecure", "-v").stderr


def test_refresh_finds_out_anew(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "open") as there:
        there.ls("--insecure")
        before = there.syns(443)
        assert there.ls("--insecure", "--refresh").tags == [PLAIN_TAG]
        assert there.syns(443) > before


def test_a_confirmed_absence_is_not_waited_for_again(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "basic") as there:
        first, second = there.ls("--insecure"), there.ls("--insecure")
        assert first.tags == second.tags == [PLAIN_TAG]
        assert first.seconds > CONFIRMATION > second.seconds
        assert "warning" in second.stderr
        there.age(3600)
        assert there.ls("--insecure").seconds < CONFIRMATION


def test_the_memory_permits_nothing(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "basic") as there:
        there.ls("--insecure")
        asked = len(there.scene.asked(80))
        played = there.ls()
        assert played.status == UNREACHABLE
        assert all(not request.secret for request in there.scene.asked(80)[asked:])


def test_a_host_that_spoke_tls_gets_no_plain_http_when_443_is_blocked(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "TLS", "open") as there:
        assert there.ls("--ca-file", str(there.scene.root)).tags == [TLS_TAG]
        there.network.firewall.drop(443)
        played = there.ls("--insecure")
        assert (played.status, played.tags) == (UNREACHABLE, [])
        today = time.strftime("%Y-%m-%d")
        assert f"this host spoke TLS on {today} from here" in played.stderr
        assert "plain-http" not in played.stderr
        assert there.scene.asked(80) == ()
        assert there.ls("--insecure", "--refresh").tags == [PLAIN_TAG]


def test_without_permission_a_host_that_spoke_tls_is_not_asked_on_80(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "TLS", "open") as there:
        there.ls("--ca-file", str(there.scene.root))
        there.network.firewall.drop(443)
        assert "spoke TLS" in there.ls().stderr
        assert there.scene.asked(80) == ()


def test_where_80_is_dropped_now_and_443_serves_tls_is_reached_within_half_a_second(
    materials: Path, tmp_path: Path
) -> None:
    with place(materials, tmp_path, "TLS", "open") as there:

        def twice() -> Played:
            there.network.firewall.open()
            there.network.firewall.drop(443)
            assert there.ls("--insecure").tags == [PLAIN_TAG]
            there.network.firewall.open()
            there.network.firewall.drop(80)
            played = there.ls("--insecure")
            assert played.tags == [TLS_TAG]
            for file in there.files:  # what was remembered
                file.unlink()
            return played

        in_time(0.5, twice)


@pytest.mark.parametrize("plant", ["garbage", "a link", "a FIFO", "another's", "the future"])
def test_what_was_planted_is_ignored(plant: str, materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "TLS", "open") as there:
        there.network.firewall.drop(443)
        there.ls("--insecure")
        there.network.firewall.open()
        (file,) = there.files
        content = file.read_bytes()
        file.unlink()
        if plant == "garbage":
            file.write_bytes(content[:-20])
        elif plant == "a link":
            target = tmp_path / "elsewhere"
            target.write_bytes(content)
            file.symlink_to(target)
        elif plant == "a FIFO":
            os.mkfifo(file, 0o600)
        else:
            file.write_bytes(content)
            file.chmod(0o600)
        if plant == "another's":
            os.chown(file, 12345, 12345)
        if plant == "the future":
            there.age(-3600)
        assert there.ls("--insecure").tags == [TLS_TAG]


def test_an_address_that_other_networks_have_too_is_remembered_by_network(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "open") as there:
        there.ls(host=SERVER)
        assert "Remembered" in there.ls("-v", host=SERVER).stderr
        for words in (f"addr del {CLIENT}/24 dev wire", f"addr add {ELSEWHERE}/24 dev wire"):
            there.network.run(["ip", *words.split()])
        assert "Remembered" not in there.ls("-v", host=SERVER).stderr
        assert len(there.files) == 2


def test_processes_at_once_remember_the_same(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "open") as there, ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: there.ls("--insecure"), range(24)))
        assert [run.tags for run in runs] == [[PLAIN_TAG]] * 24
        assert len(there.files) == 1


def test_nothing_is_remembered_of_repositories_and_credentials(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path, "dropped", "basic") as there:
        there.ls("--insecure")
        (file,) = there.files
        assert file.stat().st_mode & 0o777 == 0o600
        assert [word for word in ("app", "alice", "secret") if word in file.read_text()] == []


def test_a_cache_that_cannot_be_written_is_no_concern(materials: Path, tmp_path: Path) -> None:
    with place(materials, tmp_path / "file" / "below", "dropped", "open") as there:
        (tmp_path / "file").write_text("no folder")
        played = there.ls("--insecure")
        assert (played.tags, played.stderr) == ([PLAIN_TAG], "")


def test_what_is_found_at_a_later_address_is_remembered_as_well(materials: Path, tmp_path: Path) -> None:
    places = {f"[{SERVER6}]:5000": "dropped", f"{SERVER}:5000": "open"}
    with (
        Network(names={HOST: [SERVER6, SERVER]}) as network,
        placed(network, materials, places, forks=True) as scene,
    ):
        there = Place(network, scene, tmp_path)
        first, second = (there.ls("--insecure", "-v", host=f"{HOST}:5000") for _ in range(2))
        assert first.tags == second.tags == [PLAIN_TAG]
        assert "Remembered" in second.stderr
        assert len(there.files) == 1


def test_tls_that_is_seen_before_a_secret_is_sent_is_remembered(materials: Path, tmp_path: Path) -> None:
    places = {f"{SERVER}:443": "slow expired", f"{SERVER}:80": "basic"}
    with Network(names={HOST: [SERVER]}) as network, placed(network, materials, places, forks=True) as scene:
        there = Place(network, scene, tmp_path)
        assert "expired" in there.ls("--plain-http=auto", "--ca-file", str(scene.root)).stderr
        assert [json.loads(file.read_text())["seen"] for file in there.files] == ["tls-seen"]
