"""The memory: what is recalled of what was remembered, for how long, and by whom."""

from __future__ import annotations

import json
import math
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from boxship.connect.address import Address
from boxship.connect.memory import Key, Memory, Remembered, Seen, key_of, route_address
from boxship.connect.recollection import default_folder

DAY = 86400
NOW = 1_700_000_000.0
KEY = Key("reg.corp", None, "direct", "")
PLAIN = Remembered(Seen.PLAIN, NOW, "10.0.0.5:80", "443 is silent: two SYNs, 1.2 s")
AGES = {Seen.TLS_VERIFIED: 90 * DAY, Seen.TLS_SEEN: 30 * DAY, Seen.PLAIN: DAY}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "hosts"


@pytest.fixture
def memory(folder: Path) -> Memory:
    return Memory(folder)


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize("seen", Seen)
@pytest.mark.parametrize("address", ["10.0.0.5:80", "[2001:db8::5]:443", "[fe80::1]:65535"])
def test_what_was_remembered_is_recalled(memory: Memory, seen: Seen, address: str) -> None:
    what = Remembered(seen, NOW, address, "über TLS: done")
    memory.remember(KEY, what)
    assert memory.recall(KEY, NOW + 1) == what


@pytest.mark.parametrize(("seen", "age"), AGES.items())
def test_each_kind_is_recalled_for_its_time_and_not_before_it_was_seen(memory: Memory, seen: Seen, age: float) -> None:
    what = replace(PLAIN, seen=seen)
    memory.remember(KEY, what)
    recalled = [memory.recall(KEY, NOW + later) for later in (-0.001, 0, age, age + 1)]
    assert recalled == [None, what, what, None]


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, host="reg2.corp"),
        replace(KEY, port=5000),
        replace(KEY, road="http://proxy.corp:3128"),
        replace(KEY, here="192.168.1.7"),
    ],
)
def test_another_key_is_another_memory(memory: Memory, folder: Path, other: Key) -> None:
    memory.remember(KEY, PLAIN)
    assert memory.recall(other, NOW) is None
    memory.remember(other, replace(PLAIN, seen=Seen.TLS_SEEN))
    memory.forget(other)
    assert memory.recall(KEY, NOW) == PLAIN
    assert len(list(folder.iterdir())) == 1


def test_another_keys_content_under_this_keys_name_is_nothing(memory: Memory, folder: Path) -> None:
    memory.remember(KEY, PLAIN)
    content = only_file(folder).read_bytes()
    memory.forget(KEY)
    memory.remember(replace(KEY, port=1), PLAIN)
    only_file(folder).write_bytes(content)
    assert memory.recall(replace(KEY, port=1), NOW) is None


def test_the_last_word_counts_and_what_is_forgotten_is_gone(memory: Memory, folder: Path) -> None:
    memory.remember(KEY, PLAIN)
    memory.remember(KEY, replace(PLAIN, seen=Seen.TLS_VERIFIED))
    found = memory.recall(KEY, NOW)
    assert found
    assert found.seen is Seen.TLS_VERIFIED
    memory.forget(KEY)
    assert memory.recall(KEY, NOW) is None
    assert list(folder.iterdir()) == []


FIELDS = {"version", "host", "port", "road", "here", "seen", "at", "address", "evidence"}


def test_a_file_holds_these_fields_and_no_others_for_the_user_alone(memory: Memory, folder: Path) -> None:
    memory.remember(KEY, PLAIN)
    file = only_file(folder)
    assert json.loads(file.read_text()).keys() == FIELDS
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "reg" not in file.name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("version", True),
        ("host", "other"),
        ("port", 0),
        ("port", False),
        ("seen", "tls"),
        ("seen", None),
        ("at", int(NOW)),
        ("at", str(NOW)),
        ("at", math.nan),
        ("at", math.inf),
        ("at", -math.inf),
        ("at", 10**400),
        ("address", "10.0.0.5"),
        ("address", "10.0.0.5:0"),
        ("address", "10.0.0.5:65536"),
        ("address", "010.0.0.5:80"),
        ("address", "10.0.0.5:080"),
        ("address", "10.0.0.5:٨٠"),
        ("address", "reg.corp:80"),
        ("address", "::1:80"),
        ("address", "[fe80::1%a\0b]:80"),
        ("evidence", "\x1b[2J"),
        ("evidence", "a\nb"),
        ("evidence", "\u202e"),
        ("evidence", "\ud800"),
        ("evidence", "x" * 201),
        ("evidence", ["x"]),
        ("more", "x"),
    ],
)
def test_a_field_that_we_would_not_write_makes_it_nothing(
    memory: Memory, folder: Path, field: str, value: object
) -> None:
    memory.remember(KEY, PLAIN)
    file = only_file(folder)
    fields = json.loads(file.read_text())
    file.write_text(json.dumps(fields, indent=1) + "\n")
    assert memory.recall(KEY, NOW) == PLAIN
    file.write_text(json.dumps(fields | {field: value}, indent=1) + "\n")
    assert memory.recall(KEY, NOW) is None


@pytest.mark.parametrize("cut", [0, 1, 20, -2, -1])
def test_a_file_cut_short_is_nothing(memory: Memory, folder: Path, cut: int) -> None:
    memory.remember(KEY, PLAIN)
    file = only_file(folder)
    file.write_bytes(file.read_bytes()[:cut])
    assert memory.recall(KEY, NOW) is None


VALUES = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=300) | st.sampled_from(Seen)
NEAR = st.dictionaries(st.sampled_from(sorted(FIELDS)), VALUES)
AT = st.floats(NOW - 100 * DAY, NOW + 100 * DAY)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, database=None)
@example(near=b"[" * 4000, at=NOW)
@example(near=b"9" * 4096, at=NOW)
@example(near=b"\xff\xfe{\0}\0", at=NOW)
@example(near=b"x" * 5000, at=NOW)
@given(near=st.binary() | st.text().map(str.encode) | NEAR, at=AT)
def test_any_bytes_are_read_and_yield_only_what_may_be_recalled(
    memory: Memory, folder: Path, near: bytes | dict[str, object], at: float
) -> None:
    memory.remember(KEY, replace(PLAIN, at=at))
    file = only_file(folder)
    fields = json.loads(file.read_text())
    file.write_bytes(near if isinstance(near, bytes) else (json.dumps(fields | near, indent=1) + "\n").encode())
    found = memory.recall(KEY, NOW)
    if found:
        assert NOW - AGES[found.seen] <= found.at <= NOW
        assert found.evidence.isprintable()
        written = json.loads(file.read_text())
        assert [written[name] for name in ("host", "port", "road", "here")] == ["reg.corp", None, "direct", ""]


@pytest.mark.parametrize(
    ("evidence", "kept"),
    [("a\x1b[31m\r\nb", "a [31m  b"), ("x" * 200, "x" * 200), ("x" * 9000, "x" * 199 + "…"), ("\ud800\u202e.", "  .")],
)
def test_evidence_is_kept_as_it_may_be_shown(memory: Memory, evidence: str, kept: str) -> None:
    memory.remember(KEY, replace(PLAIN, evidence=evidence))
    assert memory.recall(KEY, NOW) == replace(PLAIN, evidence=kept)


def test_the_longest_there_is_is_recalled(memory: Memory) -> None:
    key = Key("a" * 253, 65535, f"http://{'p' * 253}:65535", f"fe80:{':'.join(['ffff'] * 7)}%4294967295")
    what = Remembered(Seen.TLS_VERIFIED, 1e9 / 3, "[fe80:1111:2222:3333:4444:5555:6666:7777]:65535", "🔒" * 300)
    memory.remember(key, what)
    assert memory.recall(key, 1e9 / 3)


def test_a_key_cannot_hold_a_user() -> None:
    for road, host in (("http://ana:hunter2@proxy:3128", "reg.corp"), ("direct", "ana:hunter2@reg.corp")):
        with pytest.raises(ValueError, match="no user") as caught:
            Key(host, None, road, "")
        assert "hunter2" not in str(caught.value)


def test_a_thousand_hosts_are_kept(memory: Memory, folder: Path) -> None:
    oldest = replace(KEY, host="oldest.corp")
    memory.remember(oldest, PLAIN)
    os.utime(only_file(folder), (0, 0))
    for port in range(1, 1000):
        memory.remember(replace(KEY, port=port), PLAIN)
    assert memory.recall(oldest, NOW)
    memory.remember(replace(KEY, port=1000), PLAIN)
    assert not memory.recall(oldest, NOW)
    assert len(list(folder.iterdir())) == 1000


def unwritable(path: Path) -> None:
    path.parent.joinpath("file").write_text("")
    path.symlink_to(path.parent / "file" / "below")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_text("a file"), id="a file is there"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="a link to nowhere"),
        pytest.param(lambda path: path.symlink_to(path), id="a link to itself"),
        pytest.param(unwritable, id="below a file"),
        pytest.param(lambda path: path.mkdir(0o777) or path.chmod(0o777), id="everybody's"),
    ],
)
def test_where_nothing_can_be_kept_nothing_is_said(folder: Path, spoil: Callable[[Path], object]) -> None:
    spoil(folder)
    memory = Memory(folder)
    memory.remember(KEY, PLAIN)
    memory.forget(KEY)
    assert memory.recall(KEY, NOW) is None


def test_a_file_system_that_takes_no_files_is_silent() -> None:
    memory = Memory(Path("/proc/boxship/hosts"))
    memory.remember(KEY, PLAIN)
    assert memory.recall(KEY, NOW) is None


BUSY = """
import random, sys, time
from pathlib import Path
from boxship.connect.memory import Key, Memory, Remembered, Seen
memory, key, own = Memory(Path(sys.argv[1])), Key("reg.corp", None, "direct", ""), int(sys.argv[2])
until, recalled = time.monotonic() + 1.5, 0
while time.monotonic() < until:
    act = random.randrange(5)
    if act < 2:
        memory.remember(key, Remembered(random.choice(list(Seen)), 1e9, f"10.0.0.{own}:80", str(own) * (own * 20)))
    elif act == 2:
        memory.forget(key)
    elif found := memory.recall(key, 1e9):
        number = found.address.removeprefix("10.0.0.").removesuffix(":80")
        assert found.evidence == number * (int(number) * 20), found
        recalled += 1
print(recalled)
"""


def test_eight_processes_never_see_half_a_file_and_leave_nothing_behind(memory: Memory, folder: Path) -> None:
    code = [sys.executable, "-c", BUSY, str(folder)]
    busy = [subprocess.Popen([*code, str(own)], stdout=subprocess.PIPE, text=True) for own in range(1, 9)]
    whole = half = 0
    while any(process.poll() is None for process in busy):
        for path in folder.glob("*.json"):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            whole, half = whole + content.endswith(b"}\n"), half + (not content.endswith(b"}\n"))
    recalled = [int(process.communicate(timeout=30)[0]) for process in busy]
    assert ([process.returncode for process in busy], half) == ([0] * 8, 0)
    assert whole
    assert min(recalled) > 0
    memory.forget(KEY)
    assert list(folder.iterdir()) == []


def test_threads_may_share_a_memory(memory: Memory, folder: Path) -> None:
    def use() -> None:
        for _ in range(100):
            random.choice((memory.remember, memory.remember, lambda key, _: memory.forget(key)))(KEY, PLAIN)
            seen.add(memory.recall(KEY, NOW))

    seen: set[Remembered | None] = set()
    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {None, PLAIN}
    assert len(list(folder.iterdir())) <= 1


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("linux", {"HOME": "/home/ana"}, "/home/ana/.cache/boxship/hosts"),
        ("linux", {"HOME": "/home/ana", "XDG_CACHE_HOME": "/cache"}, "/cache/boxship/hosts"),
        ("linux", {"HOME": "/home/ana", "XDG_CACHE_HOME": "cache"}, "/home/ana/.cache/boxship/hosts"),
        ("linux", {"HOME": "/home/ana", "XDG_CACHE_HOME": ""}, "/home/ana/.cache/boxship/hosts"),
        ("linux", {"XDG_CACHE_HOME": "/cache"}, "/cache/boxship/hosts"),
        ("linux", {"HOME": "ana"}, None),
        ("linux", {"LOCALAPPDATA": "/local"}, None),
        ("linux", {}, None),
        ("darwin", {"HOME": "/Users/ana"}, "/Users/ana/Library/Caches/boxship/hosts"),
        ("darwin", {"HOME": "/Users/ana", "XDG_CACHE_HOME": "/cache"}, "/cache/boxship/hosts"),
        ("darwin", {}, None),
        ("win32", {"LOCALAPPDATA": "/local", "HOME": "/home/ana"}, "/local/boxship/hosts"),
        ("win32", {"HOME": "/home/ana"}, None),
    ],
)
def test_the_folder_is_in_the_users_cache(system: str, environment: dict[str, str], folder: str | None) -> None:
    assert default_folder(environment, system=system) == (Path(folder) if folder else None)


HERE = "127.0.0.1"  # the local address of the road to loopback, where the tests' addresses are
LOOPBACK = Address.of("127.0.0.1", 443)


@pytest.mark.parametrize(
    ("host", "key_host"),
    [
        ("reg.corp", "reg.corp"),
        ("Reg.Corp.", "reg.corp"),
        ("8.8.8.8", "8.8.8.8"),
        ("2001:DB8::5", "2001:db8::5"),
        ("notlocalhost.corp", "notlocalhost.corp"),
    ],
)
def test_a_host_that_is_the_same_everywhere_is_its_own_key(host: str, key_host: str) -> None:
    assert key_of(host, 5000, "direct", Address.of("192.0.2.1", 5000)) == Key(key_host, 5000, "direct", "")
    assert key_of(host, None, "direct", None) == Key(key_host, None, "direct", "")


@pytest.mark.parametrize(
    "host", ["reg", "REG.", "10.0.0.5", "::ffff:10.0.0.5", "172.16.0.1", "192.168.1.1", "fd00::5", "169.254.1.1"]
)
def test_a_host_of_one_network_is_kept_with_the_road_to_it(host: str) -> None:
    key = key_of(host, None, "http://proxy:3128", LOOPBACK)  # the proxy, which is here
    assert key
    assert key.here == HERE


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "registry.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::1%1"],
)
@pytest.mark.parametrize("address", [None, LOOPBACK, Address.of("10.0.0.9", 80)])
@pytest.mark.parametrize("road", ["direct", "http://proxy:3128"])
def test_of_loopback_nothing_is_kept(host: str, address: Address | None, road: str) -> None:
    assert key_of(host, None, road, address) is None


def test_of_a_name_that_leads_to_loopback_nothing_is_kept_but_a_proxy_may_be_there() -> None:
    assert key_of("reg.corp", None, "direct", LOOPBACK) is None
    assert key_of("reg.corp", None, "direct", Address.of("::1", 443)) is None
    assert key_of("reg.corp", None, "http://localhost:3128", LOOPBACK)


def test_a_zone_is_not_in_the_host_but_in_the_road() -> None:
    key = key_of("FE80::1%lo", None, "direct", Address.of("fe80::1%lo", 443))
    assert key
    assert key.host == "fe80::1"


@pytest.mark.parametrize(("there", "here"), [("127.0.0.1", "127.0.0.1"), ("127.9.9.9", "127.0.0.1"), ("::1", "::1")])
@pytest.mark.parametrize("port", [0, 443])
def test_the_road_is_known_by_our_own_address_on_it(there: str, here: str, port: int) -> None:
    assert route_address(Address.of(there, port)) == here


def test_where_no_road_leads_there_is_no_address() -> None:
    assert route_address(Address.of("255.255.255.255", 80)) == ""  # refused to sockets that do not broadcast


def test_nothing_is_sent_to_learn_the_road() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        assert route_address(Address.of(*there.getsockname())) == HERE
        there.setblocking(False)
        with pytest.raises(BlockingIOError):
            there.recv(1)


def test_all_that_is_kept_of_a_host_can_be_told_and_nothing_of_others(memory: Memory, folder: Path) -> None:
    elsewhere = replace(KEY, port=5000, road="http://proxy.corp:3128")
    for key in (KEY, elsewhere, replace(KEY, host="other.corp")):
        memory.remember(key, PLAIN)
    (folder / "0123456789abcdef.json").write_text("[]")
    (folder / "1123456789abcdef.json").write_text('{"host": "reg.corp", "port": "80", "road": "a@b", "here": ""}')
    assert set(memory.known("REG.corp.")) == {(KEY, PLAIN), (elsewhere, PLAIN)}
    assert list(Memory(folder / "absent").known("reg.corp")) == []
