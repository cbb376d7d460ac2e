"""TLS behind a proxy is told in full: every server of `test_tls` is found as it is where nothing is in between."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.doctor import Check, Report, Status, examine
from boxship.testing import Place, ScriptedRegistry, http_proxy, socks5_proxy, tls
from tests.doctor.looking import WHOLE
from tests.doctor.test_tls import BROKEN, HOST, WELL, examined, serving_rows

# Without TLS there is nothing to tell of it, and nobody asks a proxy for loopback.
ROWS = {name: row for name, row in (BROKEN | WELL).items() if row.sent and row.host[0].isalpha()}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Report]]:
    """What the doctor finds at each, through one proxy."""
    with serving_rows(tmp_path_factory.mktemp("tls")) as (ports, folder), pytest.MonkeyPatch.context() as patch:
        places = {f"{row.host.lower()}:{ports[name]}": Place("127.0.0.1", ports[name]) for name, row in ROWS.items()}
        with http_proxy(places) as proxy:
            patch.setenv("HTTPS_PROXY", proxy.url)
            yield {name: examined(row, ports[name], folder / str(ports[name])) for name, row in ROWS.items()}


def _of_tls(report: Report, status: Status) -> frozenset[str]:
    ids = (check.id for check in report.checks if check.status is status)
    return frozenset(check for check in ids if check.partition(".")[0] in ("tls", "clock"))


def _check(report: Report, name: str) -> Check:
    return next(check for check in report.checks if check.id == name)


@pytest.mark.parametrize("name", ROWS)
def test_the_same_checks_are_red(name: str, reports: Mapping[str, Report]) -> None:
    row, report = ROWS[name], reports[name]
    assert (_of_tls(report, Status.ERROR), _of_tls(report, Status.WARNING)) == (row.red, row.amber), report.checks
    for check, words in row.said.items():
        assert words in _check(report, check).words
    assert any(row.pasted in remedy.text or row.pasted in remedy.where for remedy in report.remedies) or not row.pasted
    assert report.verdict.startswith("Through the proxy http://127.0.0.1:")
    assert report.seconds < WHOLE


@pytest.mark.parametrize("name", [name for name in BROKEN if name in ROWS])
def test_the_verdict_has_the_cause(name: str, reports: Mapping[str, Report]) -> None:
    red = [check for check in reports[name].checks if check.id in BROKEN[name].red]
    assert any(check.words in reports[name].verdict for check in red)


def test_places_are_the_hosts_and_the_proxy_is_named(reports: Mapping[str, Report]) -> None:
    report = reports["with its intermediate"]
    assert _check(report, "tls").at.startswith(f"{HOST}:")
    assert _check(report, "tcp").words.startswith(f"open: the proxy on the way to {HOST}:")


@pytest.mark.parametrize("kind", ["SOCKS5", "HTTP over TLS"])
def test_every_kind_of_proxy_leads_there(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    host, own = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    authority.issue_cert("elsewhere.test").configure_cert(host)
    authority.issue_cert("127.0.0.1").configure_cert(own)
    with tls(ScriptedRegistry(), host) as server:
        places = {f"{HOST}:443": server}
        with socks5_proxy(places) as socks, http_proxy(places, context=own) as http:
            monkeypatch.setenv("HTTPS_PROXY", socks.url if kind == "SOCKS5" else http.url)
            with Client(ca_file=file, memory=None) as client:
                report = examine(f"{HOST}/app:v1", client)
    assert _check(report, "tls.names").words == f"its certificate is for elsewhere.test, and not for {HOST}"
    assert _check(report, "tls.names").status is Status.ERROR
    assert f"{HOST}:443 speaks TLS, and not acceptably" in report.verdict
