"""There is TLS on 443: it is what counts, late or in trouble, and nothing that port 80 says or is changes that."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.behaviour.ports import SLOW, TLS_TAG
from tests.behaviour.scene import Scene, Stage, in_time, limit

VERIFIED = ("--plain-http=auto", "--ca-file")
ERROR, UNREACHABLE = 1, 5
TRIES = 5  # on a machine with other work a healthy server may look slow, and then port 80 is asked `/v2/`


@pytest.mark.parametrize("challenge", ["basic", "bearer"])
def test_slow_tls_wins_and_no_secret_reaches_port_80(stage: Stage, challenge: str) -> None:
    with stage.scene({443: "slow TLS", 80: challenge}) as scene:
        played = in_time(SLOW, lambda: scene.boxship("ls", "--insecure", "reg.test/app"))
        assert (played.status, played.tags) == (0, [TLS_TAG])
        assert not any(request.secret for request in scene.asked(80))


@pytest.mark.parametrize("challenge", ["basic", "bearer"])
def test_tls_wins_though_its_first_syn_was_lost(stage: Stage, challenge: str) -> None:
    with stage.scene({443: "TLS, first SYN lost", 80: challenge}) as scene:
        played = scene.boxship("ls", "--insecure", "reg.test/app")
        assert (played.status, played.tags) == (0, [TLS_TAG])
        assert played.seconds <= limit(1.3)
        assert not any(request.secret for request in scene.asked(80))


def test_a_healthy_host_is_only_asked_over_tls(stage: Stage) -> None:
    with stage.scene({443: "TLS", 80: "basic"}) as scene:
        assert all(is_quiet(scene) for _ in range(20))
        assert not any(request.secret for request in scene.asked(80))


def is_quiet(scene: Scene) -> bool:
    """Whether TLS wins and port 80 is not asked, in the first of a few tries that is not disturbed."""
    for _ in range(TRIES):
        before = scene.asked(80)
        played = scene.boxship("ls", *VERIFIED, str(scene.root), "reg.test/app")
        assert (played.status, played.tags) == (0, [TLS_TAG])
        if scene.asked(80) == before:
            return True
    return False


def test_an_error_over_tls_is_the_answer(stage: Stage) -> None:
    with stage.scene({443: "TLS, 503", 80: "open"}) as scene:
        played = scene.boxship("ls", "--insecure", "reg.test/app")
        assert (played.status, played.tags) == (ERROR, [])
        assert "503" in played.stderr
        assert len(scene.asked(443)) == 3
        assert scene.asked(80) == ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with the TLS on 443, and the words that say so and what to do."""

    at_443: str
    knows_authority: bool = True
    problem: str
    remedy: str


CERTIFICATES = {
    "unknown": Fault(
        at_443="TLS", knows_authority=False, problem="unable to get local issuer certificate", remedy="--ca-file"
    ),
    "expired": Fault(at_443="expired", problem="certificate has expired", remedy="renew it"),
    "wrong name": Fault(
        at_443="wrong name", problem="Hostname mismatch", remedy="the name that the certificate is for"
    ),
}
FAULTS = {
    **CERTIFICATES,
    "alert": Fault(at_443="TLS alert", problem="no TLS version in common", remedy="let it speak TLS 1.2 or newer"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_bad_tls_is_the_error_and_port_80_is_not_asked(stage: Stage, fault: Fault) -> None:
    with stage.scene({443: fault.at_443, 80: "open"}) as scene:
        trust = ("--ca-file", str(scene.root)) if fault.knows_authority else ()
        played = scene.boxship("ls", "--plain-http=auto", *trust, "reg.test/app")
        assert (played.status, played.tags) == (UNREACHABLE, [])
        assert fault.problem in played.stderr
        assert fault.remedy in played.stderr
        assert scene.asked(80) == ()


@pytest.mark.parametrize("fault", CERTIFICATES.values(), ids=CERTIFICATES)
def test_a_certificate_need_not_be_checked_and_tls_is_spoken_all_the_same(stage: Stage, fault: Fault) -> None:
    with stage.scene({443: fault.at_443, 80: "open"}) as scene:
        played = scene.boxship("ls", "--plain-http=auto", "--skip-tls-verify", "reg.test/app")
        assert (played.status, played.tags) == (0, [TLS_TAG])
        assert scene.asked(80) == ()


def test_an_alert_is_an_error_though_certificates_are_not_checked(stage: Stage) -> None:
    with stage.scene({443: "TLS alert", 80: "open"}) as scene:
        played = scene.boxship("ls", "--plain-http=auto", "--skip-tls-verify", "reg.test/app")
        assert (played.status, played.tags) == (UNREACHABLE, [])
        assert scene.asked(80) == ()


def test_a_redirect_from_plain_to_tls_is_obeyed(stage: Stage) -> None:
    with stage.scene({443: "slow TLS", 80: "moved to TLS"}) as scene:
        played = scene.boxship("ls", *VERIFIED, str(scene.root), "reg.test/app")
        assert (played.status, played.tags) == (0, [TLS_TAG])
        assert played.seconds <= limit(2 * SLOW)
        assert [(request.target, request.secret) for request in scene.asked(80)] == [("/v2/", False)]
        assert any(request.secret for request in scene.asked(443))


def test_a_push_goes_to_slow_tls_and_not_to_port_80(stage: Stage) -> None:
    with stage.scene({443: "slow TLS", 80: "takes anything"}) as scene:
        scene.boxship("api", "PUT", "--insecure", "reg.test/v2/app/manifests/v1", "--data", "{}")
        assert {request.method for request in scene.asked(443)} == {"PUT"}
        assert {request.method for request in scene.asked(80)} <= {"GET"}
