"""TLS as nginx cannot break it: by alerts, after the handshake, by a name on the way, and by clocks."""

from __future__ import annotations

import ssl
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path

import pytest

from boxship import Client
from boxship.doctor import Check, Report, Status, examine
from boxship.testing import Answer, Answering, ScriptedRegistry, Server, alert, spoilt, tls
from boxship.testing.connection import Connection
from boxship.testing.listener import Listener
from tests.doctor.pki import DAY, Authority, Issued

HOST = "reg.test"
ROOT = Authority("Test Root")
UNRECOGNIZED_NAME = 112  # RFC 8446, 6
LONG_AGO = -400 * DAY


def _dated(skew: timedelta) -> Answering:
    """A registry whose clock is that much before this machine's."""

    def date(answer: Answer) -> Answer:
        return replace(answer, headers={**dict(answer.headers), "Date": formatdate(time.time() + skew.total_seconds())})

    return spoilt(ScriptedRegistry(), "", date)


class Filter(Server):
    """Resets connections whose hello has the name, as firewalls do that block by it."""

    def _serve(self, connection: Connection) -> None:
        if HOST.encode() in connection.peek():
            connection.receive()
            connection.reset()
        else:
            super()._serve(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A server's certificate, and what it wants to see."""

    folder: Path
    certificate: Issued
    asks: bool = False
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate.write(self.folder))
        context.maximum_version = self.newest
        if self.asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=ROOT.issued.pem.decode())
        return context


def examined(server: Listener, folder: Path, shown: Issued | None = None, *, prefix: str = "") -> Report:
    """What the doctor says of `reg.test`, where the server is; the authority is trusted."""
    port = int(server.address.rpartition(":")[2])
    trusted = folder / "trusted.pem"
    trusted.write_bytes(ROOT.issued.pem)
    cert, key = shown.write(folder / "shown") if shown else (None, None)
    resolve = {(HOST, port): ("127.0.0.1", port)}
    with Client(ca_file=trusted, cert=cert, key=key, resolve=resolve, memory=None) as client:
        return examine(f"{prefix}{HOST}:{port}/app:v1", client)


def of(report: Report, name: str) -> Check:
    return next(check for check in report.checks if check.id == name)


def served(place: Place, answer: Answering | None = None) -> AbstractContextManager[Server]:
    return tls(answer or ScriptedRegistry(), place.context())


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("shown", "words"),
    [(None, "and none is given"), (Authority("Another Root").issue(), "does not accept the client certificate")],
)
def test_a_client_certificate_is_asked_for(
    newest: ssl.TLSVersion, shown: Issued | None, words: str, tmp_path: Path
) -> None:
    with served(Place(folder=tmp_path, certificate=ROOT.issue(HOST), asks=True, newest=newest)) as server:
        report = examined(server, tmp_path, shown)
    client = of(report, "tls.client")
    assert client.status is Status.ERROR
    assert words in client.words
    assert words in report.verdict
    assert any("client.cert" in remedy.text for remedy in report.remedies)
    # Its own certificate is as it should be.
    assert of(report, "tls.root").status is of(report, "tls.names").status is Status.OK


def test_a_port_of_tls_need_not_speak_plain_http(tmp_path: Path) -> None:
    with served(Place(folder=tmp_path, certificate=ROOT.issue(HOST))) as server:
        report = examined(server, tmp_path)
    answers = {check.at.partition("://")[0]: check for check in report.checks if check.id == "http"}
    assert (answers["https"].status, answers["http"].status) == (Status.OK, Status.SKIPPED)
    assert "TLS is spoken there" in answers["http"].words


@pytest.mark.parametrize("certificate", [ROOT.issue(HOST), ROOT.issue("another.test")])
def test_plain_http_that_is_told_of_a_port_of_tls_is_the_cause(certificate: Issued, tmp_path: Path) -> None:
    with served(Place(folder=tmp_path, certificate=certificate)) as server:
        report = examined(server, tmp_path, prefix="http://")
    assert not report.healthy
    assert "speaks TLS, and plain HTTP was told (the prefix http://). Write https://reg.test:" in report.verdict


def test_a_name_that_is_cut_on_the_way(tmp_path: Path) -> None:
    context = Place(folder=tmp_path, certificate=ROOT.issue(HOST)).context()
    with Filter(ScriptedRegistry(), context=context) as server:
        report = examined(server, tmp_path)
    assert of(report, "tls").status is Status.ERROR
    assert "connections that name reg.test are cut, and others are not" in of(report, "tls").words
    assert "a filter on the way reads that name" in report.verdict


def test_a_name_that_the_server_does_not_know(tmp_path: Path) -> None:
    with alert(UNRECOGNIZED_NAME) as server:
        report = examined(server, tmp_path)
    assert "does not know this name" in of(report, "tls").words
    assert of(report, "tls").status is Status.ERROR


@pytest.mark.parametrize(
    ("skew", "status", "words"),
    [
        (timedelta(seconds=20), Status.OK, "agree"),
        (timedelta(minutes=-10, seconds=-5), Status.WARNING, "clock is 10 min before the registry's"),
        (timedelta(hours=3, minutes=5), Status.WARNING, "clock is 3 h behind the registry's"),
    ],
)
def test_clocks_that_differ(skew: timedelta, status: Status, words: str, tmp_path: Path) -> None:
    with served(Place(folder=tmp_path, certificate=ROOT.issue(HOST)), _dated(skew)) as server:
        report = examined(server, tmp_path)
    assert of(report, "clock").status is status
    assert words in of(report, "clock").words
    assert report.healthy


@pytest.mark.parametrize(
    ("certificate", "skew", "words"),
    [
        (ROOT.issue(HOST, begins=LONG_AGO, ends=LONG_AGO + 90 * DAY), LONG_AGO + DAY, "has expired 310 days ago"),
        (ROOT.issue(HOST, begins=40.1 * DAY), 50 * DAY, "in 40 days"),
    ],
)
def test_a_clock_that_is_to_blame(certificate: Issued, skew: timedelta, words: str, tmp_path: Path) -> None:
    with served(Place(folder=tmp_path, certificate=certificate), _dated(skew)) as server:
        report = examined(server, tmp_path)
    expiry, clock = of(report, "tls.expiry"), of(report, "clock")
    assert (expiry.status, clock.status) == (Status.ERROR, Status.ERROR)
    assert words in expiry.words
    assert "this machine's clock is wrong" in report.verdict
    assert "timedatectl" in clock.remedy == expiry.remedy


def test_a_certificate_that_is_over_by_both_clocks(tmp_path: Path) -> None:
    over = ROOT.issue(HOST, begins=LONG_AGO, ends=-10 * DAY)
    with served(Place(folder=tmp_path, certificate=over), _dated(timedelta(0))) as server:
        report = examined(server, tmp_path)
    assert "agrees" in of(report, "tls.expiry").words
    assert of(report, "tls.expiry").remedy == "the registry's operator must renew it"
    assert of(report, "clock").status is Status.OK
