"""From names to addresses: which are asked for at all, what is waited for, and what is said where nothing comes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from boxship.connect import resolve
from boxship.connect.address import Address, Permission, permission_by_address
from boxship.connect.deadline import Work
from boxship.connect.readiness import Readiness
from boxship.connect.resolve import Lookup, Resolver
from boxship.errors import Cancelled, InvalidSettings, NameFailed, TimedOut
from boxship.event import Event
from boxship.seconds import Seconds
from boxship.settings.sourced import IPVersion, Sourced
from tests.connect.driving import cancelling, lookups_ended, nothing_left
from tests.transport.reaching import AT_ONCE

FOUR, SIX = socket.AF_INET, socket.AF_INET6
NAMES = 2.0  # the bound of names, in these tests
Answer = tuple[float, list[str]]


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Mapping[int, Answer]], None]]:
    """Let the system's resolver answer each family after so many seconds: with addresses, or with none."""
    over = threading.Event()

    def set_up(answers: Mapping[int, Answer]) -> None:
        def getaddrinfo(host: str, port: int, family: int, kind: int) -> list[tuple[object, ...]]:
            delay, texts = answers[family]
            if over.wait(delay) or not texts:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(family, kind, 6, "", (text, port)) for text in texts]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    yield set_up
    over.set()
    lookups_ended()


def first(host: str = "reg.test", *, bound: float = NAMES) -> tuple[list[str], float]:
    """The first addresses, and after how many seconds."""
    began = time.monotonic()
    lookup = Resolver().look_up(host)
    try:
        return [str(address.ip) for address in lookup.first(Work(), bound)], time.monotonic() - began
    finally:
        lookup.close()


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("10.0.0.5", ["10.0.0.5"]),
        ("::1", ["::1"]),
        ("::ffff:10.0.0.5", ["10.0.0.5"]),
        ("fe80::1%1", ["fe80::1"]),
    ],
)
def test_a_literal_is_its_own_answer(host: str, addresses: list[str]) -> None:
    lookup = Resolver().look_up(host)
    assert [str(address.ip) for address in lookup.addresses()] == addresses
    assert (lookup.pending, lookup.fileno()) == (False, -1)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "registry.localhost", "a.b.localhost."])
def test_localhost_is_answered_here(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "_HOSTS_FILE", tmp_path / "none")
    assert first(host)[0] == ["::1", "127.0.0.1"]


def test_the_hosts_file_may_say_otherwise_of_localhost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n10.0.0.9  Registry.Localhost other # registry.localhost\nbad x.localhost\n")
    monkeypatch.setattr(resolve, "_HOSTS_FILE", hosts)
    assert first("registry.localhost")[0] == ["10.0.0.9"]
    assert first("localhost")[0] == ["127.0.0.1"]
    assert first("x.localhost")[0] == ["::1", "127.0.0.1"]


@pytest.mark.parametrize("host", ["localhost", "localhost.", "registry.localhost"])
def test_localhost_is_never_asked_for(
    host: str, answer: Callable[[Mapping[int, Answer]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "_HOSTS_FILE", tmp_path / "none")
    answer({SIX: (0, ["2001:db8::bad"]), FOUR: (0, ["10.66.66.66"])})
    assert first(host)[0] == ["::1", "127.0.0.1"]


@pytest.mark.parametrize(("entry", "permission"), [("10.0.0.9", Permission.NONE), ("127.0.0.9", Permission.FULL)])
def test_what_the_hosts_file_says_of_localhost_has_the_permission_of_its_address(
    entry: str, permission: Permission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{entry} registry.localhost\n")
    monkeypatch.setattr(resolve, "_HOSTS_FILE", hosts)
    (address,) = Resolver().look_up("registry.localhost").addresses()
    assert permission_by_address("registry.localhost", address) is permission


def test_a_zone_that_the_system_tells_is_kept_for_dialling() -> None:
    index, name = socket.if_nameindex()[0]
    lookup = Lookup(f"fe80::1%{name}")  # asked for like a name that the hosts file knows
    assert lookup.first(Work(), NAMES) == (Address(SIX, ("fe80::1", 0, 0, index)),)
    lookup.close()


def test_a_trailing_dot_is_kept_for_resolving(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getaddrinfo(host: str, _port: int, family: int, kind: int) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(family, kind, 6, "", ("10.0.0.1", 0))] if family == FOUR else []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert first("reg.test.")[0] == ["10.0.0.1"]
    assert set(asked) == {"reg.test."}


def test_what_only_looks_like_localhost_is_asked_for(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (0, []), FOUR: (0, ["10.0.0.1"])})
    assert first("notlocalhost")[0] == first("localhost.test")[0] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("six", "four", "addresses", "seconds"),
    [
        pytest.param((0, ["2001:db8::1"]), (9, ["10.0.0.1"]), ["2001:db8::1"], 0, id="IPv6 alone: at once"),
        pytest.param((9, ["2001:db8::1"]), (0, ["10.0.0.1"]), ["10.0.0.1"], 0.05, id="IPv4 alone: 50 ms later"),
        pytest.param((0, []), (0, ["10.0.0.1"]), ["10.0.0.1"], 0, id="there is no IPv6: at once"),
        pytest.param((0, []), (0.2, ["10.0.0.1"]), ["10.0.0.1"], 0.2, id="no IPv6, and IPv4 late"),
    ],
)
def test_the_first_answer_is_enough_and_ipv4_waits_a_little(
    answer: Callable[[Mapping[int, Answer]], None], six: Answer, four: Answer, addresses: list[str], seconds: float
) -> None:
    answer({SIX: six, FOUR: four})
    found, taken = first()
    assert sorted(found) == sorted(addresses)
    assert seconds <= taken < seconds + NAMES / 2


def test_ipv6_that_comes_while_ipv4_waits_for_it_is_told_with_it(
    answer: Callable[[Mapping[int, Answer]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "_LATE_SIX", 10 * NAMES)
    answer({SIX: (0.12, ["2001:db8::1"]), FOUR: (0.1, ["10.0.0.1"])})
    found, taken = first()
    assert sorted(found) == ["10.0.0.1", "2001:db8::1"]
    assert 0.12 <= taken < NAMES


def test_an_answer_that_nobody_was_told_of_may_still_come(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (0, ["2001:db8::1"]), FOUR: (0.1, ["10.0.0.1"])})
    lookup = Lookup("reg.test")
    assert lookup.first(Work(), NAMES) == (Address.of("2001:db8::1", 0),)
    lookups_ended()
    assert lookup.pending
    assert lookup.addresses() == (Address.of("2001:db8::1", 0), Address.of("10.0.0.1", 0))
    assert not lookup.pending
    lookup.close()


@pytest.mark.parametrize(("delay", "known"), [(0.1, 2), (9, 1)])
def test_the_rest_is_waited_for_for_a_while(
    answer: Callable[[Mapping[int, Answer]], None], delay: float, known: int
) -> None:
    answer({SIX: (0, ["2001:db8::1"]), FOUR: (delay, ["10.0.0.1"])})
    lookup = Lookup("reg.test")
    assert len(lookup.first(Work(), NAMES)) == 1
    began = time.monotonic()
    assert len(lookup.settled(Work(), 0.4)) == known
    assert min(delay, 0.4) - 0.05 < time.monotonic() - began < 1.0
    lookup.close()


def test_a_late_answer_can_be_waited_for(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (0.15, ["2001:db8::1"]), FOUR: (0, ["10.0.0.1"])})
    lookup = Lookup("reg.test")
    assert lookup.first(Work(), NAMES) == (Address.of("10.0.0.1", 0),)
    assert Readiness(lookup).wait(time.monotonic() + 1.0)
    assert lookup.hear() == ((Address.of("2001:db8::1", 0), Address.of("10.0.0.1", 0)), False)
    assert not Readiness(lookup).now()
    lookup.close()


def test_sixteen_addresses_are_taken(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (0, []), FOUR: (0, [f"10.0.0.{number}" for number in range(1, 40)])})
    assert len(first()[0]) == 16


def test_a_name_that_does_not_exist_is_an_error_with_the_servers_asked(
    answer: Callable[[Mapping[int, Answer]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer({SIX: (0, []), FOUR: (0, [])})
    conf = tmp_path / "resolv.conf"
    conf.write_text("search corp.test lab.test\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n")
    monkeypatch.setattr(resolve, "_RESOLV_CONF", conf)
    with pytest.raises(NameFailed) as caught:
        first()
    for words in ("the name reg.test", "not known", "192.0.2.53, 192.0.2.54", "search corp.test lab.test", "--resolve"):
        assert words in str(caught.value)


def test_a_name_server_that_is_silent_is_waited_for_to_the_bound(
    answer: Callable[[Mapping[int, Answer]], None],
) -> None:
    answer({SIX: (9, []), FOUR: (9, [])})
    with pytest.raises(TimedOut, match=r"no answer within 0\.1 s") as caught:
        first(bound=0.1)
    assert (caught.value.phase, caught.value.seconds) == ("names", 0.1)


def test_the_story_says_how_long_a_name_was_waited_for(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (9, []), FOUR: (9, [])})
    told = list[Event]()
    lookup = Resolver().look_up("reg.test")
    with pytest.raises(TimedOut):
        lookup.first(Work(listener=told.append), 0.1)
    lookup.close()
    begun, done = told
    assert (begun.name, done.name, done.level) == ("DNSStart", "DNSDone", "W")
    assert done.text.startswith("reg.test: nothing after 0.")
    assert 100 <= float(str(done.facts["ms"])) < 1000


def test_the_name_that_has_taken_all_the_time_is_said(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (9, []), FOUR: (9, [])})
    lookup = Lookup("reg.test")
    try:
        with pytest.raises(TimedOut, match="not done within") as caught:
            lookup.first(Work(timeout=0.1), NAMES)
    finally:
        lookup.close()
    assert caught.value.evidence[0].startswith("the name reg.test: no answer from ")


def test_one_family_without_the_name_does_not_end_the_wait_for_the_other(
    answer: Callable[[Mapping[int, Answer]], None],
) -> None:
    answer({SIX: (9, []), FOUR: (0, [])})
    with pytest.raises(TimedOut):
        first(bound=0.1)


def test_waiting_for_a_name_is_cancelled_at_once(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (9, []), FOUR: (9, [])})
    work, lookup = Work(), Lookup("reg.test")
    with cancelling(work, lambda: None) as cancelled, pytest.raises(Cancelled):
        lookup.first(work, 3 * AT_ONCE)
    assert time.monotonic() - cancelled[0] < AT_ONCE
    lookup.close()


def test_an_answer_after_the_end_disturbs_nobody(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({SIX: (0.05, ["2001:db8::1"]), FOUR: (0, ["10.0.0.1"])})
    lookup = Lookup("reg.test")
    lookup.close()
    lookup.close()
    time.sleep(0.1)
    assert len(lookup.addresses()) == 2


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [("reg.test", 443, True), ("REG.test.", 443, True), ("reg.test", 80, False), ("other.test", 443, False)],
)
def test_a_place_that_is_told_is_that_host_and_port_alone(host: str, port: int, *, told: bool) -> None:
    there = (Address.of("127.0.0.1", 43210),)
    assert (Resolver({("reg.test", 443): there}).told(host, port) == there) is told


def only(version: IPVersion) -> Sourced[IPVersion]:
    return Sourced(version, f"flag -{version}")


@pytest.mark.parametrize(("version", "asked", "found"), [(4, FOUR, "10.0.0.5"), (6, SIX, "fd00::5")])
def test_only_one_kind_of_address_is_asked_for_and_waited_for(
    answer: Callable[[Mapping[int, Answer]], None], version: IPVersion, asked: int, found: str
) -> None:
    answer({asked: (0.0, [found])})  # the other one is not even known
    lookup = Resolver(only=only(version)).look_up("reg.test")
    began = time.monotonic()
    assert [str(address.ip) for address in lookup.first(Work(), NAMES)] == [found]
    assert (lookup.pending, time.monotonic() - began < NAMES / 2) == (False, True)
    lookup.close()


@pytest.mark.parametrize(("version", "literal"), [(4, "::1"), (6, "10.0.0.5"), (6, "::ffff:10.0.0.5")])
def test_a_literal_of_the_other_kind_is_an_error_that_names_the_flag(version: IPVersion, literal: str) -> None:
    with pytest.raises(InvalidSettings, match=f"flag -{version}.*{literal} is an IPv{10 - version} address"):
        Resolver(only=only(version)).look_up(literal)


@pytest.mark.parametrize(("version", "found"), [(4, "127.0.0.1"), (6, "::1")])
def test_localhost_has_only_the_address_that_is_wanted(
    version: IPVersion, found: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resolve, "_HOSTS_FILE", tmp_path / "none")
    assert [str(a.ip) for a in Resolver(only=only(version)).look_up("x.localhost").addresses()] == [found]
    assert [str(a.ip) for a in Resolver(only=only(version)).look_up(found).addresses()] == [found]


def test_a_localhost_of_the_other_kind_has_no_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    monkeypatch.setattr(resolve, "_HOSTS_FILE", hosts)
    with pytest.raises(NameFailed, match=r"localhost could not be resolved to IPv6 \(flag -6\)"):
        Resolver(only=only(6)).look_up("localhost")


def test_a_name_without_such_an_address_says_that_only_those_were_asked_for(
    answer: Callable[[Mapping[int, Answer]], None],
) -> None:
    answer({SIX: (0.0, [])})
    lookup = Resolver(only=only(6)).look_up("reg.test")
    with pytest.raises(NameFailed, match=r"reg.test could not be resolved to IPv6 \(flag -6\)"):
        lookup.first(Work(), NAMES)
    lookup.close()


def test_a_told_bound_of_names_says_who_told_it(answer: Callable[[Mapping[int, Answer]], None]) -> None:
    answer({FOUR: (5.0, []), SIX: (5.0, [])})
    lookup = Resolver().look_up("reg.test")
    with pytest.raises(TimedOut, match=r"no answer within 0.1 s \(flag --names-timeout\)"):
        lookup.first(Work(), Seconds(0.1, "flag --names-timeout"))
    lookup.close()
