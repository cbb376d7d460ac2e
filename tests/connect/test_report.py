"""The words of a lost race: which side failed, why, and what would help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from boxship.connect import report
from boxship.connect.address import Address
from boxship.connect.attempt import Attempt
from boxship.connect.evidence import Evidence
from boxship.errors import ConnectFailed, PlainNotPermitted, TLSFailed

SITE = "registry.test"
NOW = 9.0


def attempt(evidence: Evidence | None, port: int = 443, *, detail: str = "", remedy: str = "") -> Attempt:
    tried = Attempt(0, port != 80, Address.of("10.0.0.1", port), started=0.0)
    tried.evidence, tried.detail, tried.remedy, tried.ended = evidence, detail, remedy, 1.25
    return tried


TLS_BAD = attempt(Evidence.SPOKE_TLS, detail="its certificate was not accepted: expired", remedy="renew it")
PORTAL = attempt(Evidence.NO_REGISTRY, 80, detail="it redirects to login.test")
PLAIN = attempt(Evidence.NOT_TLS, detail="it answers b'HTTP/1.1 400'")
MUTE = attempt(Evidence.MUTE)
SILENT, SILENT_80 = attempt(Evidence.SILENT), attempt(Evidence.SILENT, 80)
REFUSED, REFUSED_80 = attempt(Evidence.REFUSED), attempt(Evidence.REFUSED, 80)
LEFT = attempt(Evidence.LEFT, 80, detail="TLS is spoken")


@pytest.mark.parametrize(
    ("attempts", "kind", "words"),
    [
        pytest.param(
            [TLS_BAD, LEFT],
            TLSFailed,
            ["TLS with registry.test at 10.0.0.1:443 failed", "not accepted: expired", "(renew it)"],
            id="bad TLS",
        ),
        pytest.param(
            [SILENT, PORTAL],
            ConnectFailed,
            ["10.0.0.1:80 answers, but not as a registry (a captive portal or proxy?)", "login.test", "firewall drops"],
            id="a portal on 80, 443 dropped",
        ),
        pytest.param(
            [REFUSED, PORTAL], ConnectFailed, ["not as a registry", "a log-in first"], id="a portal on 80, 443 refused"
        ),
        pytest.param(
            [PLAIN],
            PlainNotPermitted,
            ["10.0.0.1:443 does not speak TLS", "nothing permits plain HTTP", "http://registry.test", "--plain-http"],
            id="plain HTTP where TLS was told",
        ),
        pytest.param(
            [PLAIN, REFUSED_80],
            ConnectFailed,
            ["10.0.0.1:443 does not speak TLS, and where plain HTTP was tried: 10.0.0.1:80 refused", "check"],
            id="plain HTTP on 443, and refused on 80",
        ),
        pytest.param(
            [MUTE, SILENT_80], ConnectFailed, ["10.0.0.1:443 accepts the connection and says nothing"], id="mute"
        ),
        pytest.param(
            [SILENT, SILENT_80],
            ConnectFailed,
            ["10.0.0.1:443, 10.0.0.1:80 did not answer: dropped, not refused", "most likely a firewall drops"],
            id="both dropped",
        ),
        pytest.param(
            [SILENT, REFUSED_80], ConnectFailed, ["10.0.0.1:443 did not answer"], id="443 dropped, 80 refused"
        ),
        pytest.param(
            [REFUSED, REFUSED_80],
            ConnectFailed,
            ["10.0.0.1:443 refused, 10.0.0.1:80 refused", "whether the registry is running"],
            id="both refused",
        ),
        pytest.param(
            [attempt(Evidence.RESET)], ConnectFailed, ["closed or reset without a byte", "check the port"], id="reset"
        ),
        pytest.param([attempt(Evidence.UNREACHABLE)], ConnectFailed, ["unreachable"], id="unreachable"),
        pytest.param([], ConnectFailed, ["cannot connect to registry.test", "no address"], id="no address at all"),
        pytest.param([SILENT, TLS_BAD, PORTAL], TLSFailed, ["expired"], id="bad TLS says more than silence"),
    ],
)
def test_the_most_telling_cause_is_said_with_its_remedy(
    attempts: list[Attempt], kind: type[ConnectFailed], words: list[str]
) -> None:
    error = report.lost(report.Loss(SITE, attempts, NOW))
    assert type(error) is kind
    assert [word for word in words if word not in str(error)] == []


def test_a_proxy_that_is_not_there_is_not_taken_for_the_registry() -> None:
    road = " through the proxy http://proxy.test:3128 (HTTPS_PROXY)"
    assert "whether it is running" in report.lost(report.Loss(SITE, [REFUSED], NOW, road)).remedy
    around = " without a proxy (NO_PROXY entry registry.test)"
    assert "whether the registry is running" in report.lost(report.Loss(SITE, [REFUSED], NOW, around)).remedy


def test_every_candidate_is_in_the_evidence_with_its_time() -> None:
    assert report.lost(report.Loss(SITE, [SILENT, PORTAL, attempt(None)], NOW)).evidence == (
        "10.0.0.1:443 (TLS) no answer at all (dropped, not refused) after 1.25 s",
        "10.0.0.1:80 (plain) answers, but not as a registry after 1.25 s: it redirects to login.test",
        "10.0.0.1:443 (TLS) no answer at all (dropped, not refused) after 9.00 s",
    )


def test_consent_is_asked_for_by_naming_the_secret_and_both_ways_to_give_it() -> None:
    error = report.needs_consent(SITE, "the password of ana", attempts=[SILENT], now=NOW)
    for word in ("registry.test answers only over plain HTTP", "the password of ana", "http://registry.test"):
        assert word in str(error)
    assert "--plain-http" in error.remedy
    assert error.evidence


def test_the_absence_of_tls_is_told_once_for_each_evidence() -> None:
    again = replace(SILENT, started=SILENT.started + 0.4)
    words = report.absence_words([SILENT, again, PORTAL, REFUSED], NOW)
    assert words.count("dropped, not refused") == 1
    assert "refused after 1.25 s" in words
    assert "plain" not in words


def test_where_tls_was_not_looked_for_that_is_said() -> None:
    assert report.absence_words([PORTAL], NOW) == "TLS is not looked for on that port"
