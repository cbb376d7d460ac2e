"""The driver on real sockets: what each kind of peer shows, who wins, and what becomes of the losers."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from boxship.connect import race
from boxship.connect.address import Address
from boxship.connect.attempt import End, Goal, Outcome, Place
from boxship.connect.deadline import Bounds, Work
from boxship.connect.dial import open_socket
from boxship.connect.evidence import Evidence
from boxship.testing import (
    HANDSHAKE_FAILURE,
    NEVER,
    PROTOCOL_VERSION,
    Answer,
    Connection,
    Listener,
    ScriptedRegistry,
    alert,
    answering,
    black_hole,
    captive_portal,
    close_after_hello,
    garbage,
    listening,
    mute,
    refused,
    reset_after_hello,
    serving,
    tls,
)
from boxship.testing import Place as Port
from tests.connect.driving import SHORT, Certificates, Contender, address, nothing_left, won

REGISTRY = ScriptedRegistry()
Opened = AbstractContextManager[Listener | Port]


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


def begins_a_record(connection: Connection) -> None:
    connection.receive()
    connection.send(b"\x16")
    connection.drain()


@pytest.mark.parametrize(
    ("opened", "evidence", "words"),
    [
        pytest.param(refused, Evidence.REFUSED, "", id="refused"),
        pytest.param(black_hole, Evidence.SILENT, "", id="silent"),
        pytest.param(mute, Evidence.MUTE, "", id="mute"),
        pytest.param(close_after_hello, Evidence.RESET, "", id="closed after the hello"),
        pytest.param(reset_after_hello, Evidence.RESET, "", id="reset after the hello"),
        pytest.param(lambda: serving(REGISTRY), Evidence.NOT_TLS, "b'HTTP/1.1 400", id="speaks HTTP"),
        pytest.param(garbage, Evidence.NOT_TLS, "b'SSH-2.0", id="speaks something else"),
        pytest.param(lambda: answering(b"\x13"), Evidence.NOT_TLS, "", id="record type 19"),
        pytest.param(lambda: answering(b"\x14"), Evidence.SPOKE_TLS, "", id="record type 20"),
        pytest.param(lambda: answering(b"\x18"), Evidence.SPOKE_TLS, "", id="record type 24"),
        pytest.param(lambda: answering(b"\x19"), Evidence.NOT_TLS, "", id="record type 25"),
        pytest.param(lambda: alert(PROTOCOL_VERSION), Evidence.SPOKE_TLS, "no TLS version in common", id="too old"),
        pytest.param(lambda: alert(HANDSHAKE_FAILURE), Evidence.SPOKE_TLS, "no cipher", id="no cipher in common"),
        pytest.param(lambda: answering(b"\x16\x03\x03\x00\x7a\x02"), Evidence.SPOKE_TLS, "", id="half a record"),
        pytest.param(lambda: listening(begins_a_record), Evidence.SPOKE_TLS, "handshake unfinished", id="stalls"),
    ],
)
def test_each_peer_shows_its_evidence(
    contender: Contender, opened: Callable[[], Opened], evidence: Evidence, words: str
) -> None:
    with opened() as peer, contender.racing((peer, None), told=True) as runner:
        runner.run(Work())
    [attempt] = runner.race.attempts
    assert (runner.race.outcome, attempt.evidence) == (Outcome(End.LOST), evidence)
    assert words in attempt.detail


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain side waits for a handshake for as long as a busy machine may take for one."""
    monkeypatch.setattr(race, "HELLO_GRACE", (4, 5.0, 5.0))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("kind", "words", "remedy"),
    [
        pytest.param(Certificates.unknown, "unable to get local issuer", "--ca-file", id="an unknown authority"),
        pytest.param(Certificates.expired, "expired", "renew", id="expired"),
        pytest.param(Certificates.wrong_name, "ismatch", "the name that the certificate is for", id="another's name"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_explained(
    contender: Contender,
    certificates: Certificates,
    kind: Callable[[Certificates], ssl.SSLContext],
    words: str,
    remedy: str,
) -> None:
    strange = tls(REGISTRY, kind(certificates))
    with (
        strange as secure,
        serving(REGISTRY) as plain,
        contender.racing((secure, plain), bounds=Bounds()) as runner,
    ):
        runner.run(Work())
    first = runner.race.attempts[0]
    assert (runner.race.outcome, first.evidence) == (Outcome(End.LOST), Evidence.SPOKE_TLS)
    assert words in first.detail
    assert remedy in first.remedy
    assert plain.requests == ()


def test_an_address_that_cannot_be_dialled_is_unreachable(contender: Contender) -> None:
    # A link-local address without its zone: the system says no before any packet.
    nowhere = Address(socket.AF_INET6, ("fe80::1", 443, 0, 0))
    with contender.racing() as runner:
        runner.race.found((Place(nowhere, None),), time.monotonic(), more=False)
        runner.run(Work())
    assert runner.race.attempts[0].evidence is Evidence.UNREACHABLE


@pytest.mark.usefixtures("patient")
def test_tls_wins_and_the_plain_connection_is_closed_without_a_byte(
    contender: Contender, certificates: Certificates
) -> None:
    with tls(REGISTRY, certificates.good()) as secure, serving(REGISTRY) as plain:
        with contender.racing((secure, plain), bounds=Bounds()) as runner:
            runner.run(Work())
            assert won(runner.race.outcome).tls
        assert plain.connection().ending() == "closed"
        assert plain.connection().received == b""


def test_tls_that_is_slow_wins_over_a_slower_answer(contender: Contender, certificates: Certificates) -> None:
    late = Answer(401, delay=1.0)
    # Time enough that a machine with other work asks over plain HTTP, too, before TLS is there.
    with tls(REGISTRY, certificates.good(), delay=0.4) as secure, serving(late) as plain:
        with contender.racing((secure, plain), bounds=Bounds()) as runner:
            runner.run(Work())
            assert won(runner.race.outcome).tls
        assert plain.connection().received.startswith(b"GET /v2/ HTTP/1.1\r\nHost: registry.test\r\n")


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(refused, id="refused"),
        pytest.param(black_hole, id="silent"),
        pytest.param(mute, id="mute"),
        pytest.param(lambda: serving(REGISTRY), id="not TLS"),
    ],
)
def test_plain_wins_by_its_answer_where_443_is_none(contender: Contender, opened: Callable[[], Opened]) -> None:
    with opened() as secure, serving(REGISTRY) as plain, contender.racing((secure, plain)) as runner:
        runner.run(Work())
        winner = won(runner.race.outcome)
        assert winner.address == address(plain)
        [request] = plain.requests
        assert (request.target, "authorization" in request.headers) == ("/v2/", False)


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        pytest.param(captive_portal(), Evidence.NO_REGISTRY, id="portal"),
        pytest.param(Answer(raw=b"", reset_after=0), Evidence.RESET, id="reset"),
        pytest.param(Answer(raw=b"", truncate_after=0), Evidence.NO_REGISTRY, id="closed"),
        pytest.param(NEVER, Evidence.MUTE, id="never"),
    ],
)
def test_a_plain_side_that_is_no_registry_is_out(contender: Contender, answer: Answer, evidence: Evidence) -> None:
    with refused() as secure, serving(answer) as plain, contender.racing((secure, plain)) as runner:
        runner.run(Work())
    assert runner.race.outcome == Outcome(End.LOST)
    assert runner.race.attempts[1].evidence is evidence


def test_a_connection_that_its_answer_ended_is_not_handed_out(contender: Contender) -> None:
    closing = Answer(401, headers={"WWW-Authenticate": 'Basic realm="r"'}, afterwards="close")
    with refused() as secure, serving(closing) as plain, contender.racing((secure, plain)) as runner:
        runner.run(Work())
        assert runner.take(won(runner.race.outcome)) is None


def test_an_explicit_port_is_greeted_first_and_asked_on_a_new_connection(contender: Contender) -> None:
    with serving(REGISTRY) as port, contender.racing((port, port), hello_first=True) as runner:
        runner.run(Work())
        assert not won(runner.race.outcome).tls
        assert [port.connection(number).received[:1] for number in (0, 1)] == [b"\x16", b"G"]


def test_a_single_threaded_tls_server_is_not_disturbed(contender: Contender, certificates: Certificates) -> None:
    with (
        tls(REGISTRY, certificates.good(), delay=0.15, single_threaded=True) as port,
        contender.racing((port, port), hello_first=True) as runner,
    ):
        runner.run(Work())
        assert won(runner.race.outcome).tls


@pytest.mark.parametrize("opened", [refused, lambda: serving(REGISTRY), mute], ids=["refused", "not TLS", "mute"])
def test_roots_are_not_read_where_nobody_speaks_tls(contender: Contender, opened: Callable[[], Opened]) -> None:
    with opened() as secure, serving(REGISTRY) as plain, contender.racing((secure, plain)) as runner:
        runner.run(Work())
    assert contender.roots_loaded == 0


def test_roots_are_read_where_a_peer_speaks_tls(contender: Contender, certificates: Certificates) -> None:
    with tls(REGISTRY, certificates.good()) as secure, contender.racing((secure, None), told=True) as runner:
        runner.run(Work())
    assert contender.roots_loaded == 1


def test_a_handshake_that_came_while_nobody_looked_is_taken(contender: Contender, certificates: Certificates) -> None:
    late = tls(REGISTRY, certificates.good(), delay=0.15)
    with late as secure, serving(REGISTRY) as plain, contender.racing((secure, plain)) as runner:
        runner.run(Work())
        assert not won(runner.race.outcome).tls
        time.sleep(SHORT.tls_first_byte + 0.1)
        runner.race.pursue(Goal.ABSENCE, time.monotonic())
        runner.run(Work())
        assert won(runner.race.outcome).tls


def test_a_socket_notices_that_its_path_died_and_does_not_wait_to_send() -> None:
    with open_socket(Address.of("127.0.0.1", 1)) as sock:
        assert sock.getblocking() is False
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        options = ("TCP_NODELAY", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        values = [sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in options]
    assert values == [1, 10, 5, 3, 15_000]


def test_of_two_that_end_at_the_same_moment_the_second_changes_nothing(
    contender: Contender, certificates: Certificates
) -> None:
    nobody_looks = threading.Event()

    def shaken(connection: Connection) -> None:
        nobody_looks.wait(5)
        connection.secure(certificates.good())
        connection.drain()

    def broken(connection: Connection) -> None:
        connection.receive()
        connection.send(b"\x16\x03\x03\x00\x04\x02")
        nobody_looks.wait(5)
        connection.sleep(0.3)
        connection.send(b"no hello, and more than one record of it")

    with (
        listening(shaken) as first,
        listening(broken) as second,
        contender.racing((first, None), (second, None), bounds=Bounds()) as runner,
    ):
        runner.run(Work(), until=time.monotonic() + 1.0)
        nobody_looks.set()
        time.sleep(0.6)
        runner.run(Work())
        assert won(runner.race.outcome) is runner.race.attempts[0]
