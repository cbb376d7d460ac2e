"""Port 80 challenges, and there is no TLS on 443: a credential goes out in plain when that is certain, and not before.

The permission is `--insecure`; how long certainty takes is rule 7 of the race. The rows that wait do so side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import pytest

from tests.behaviour.ports import PLAIN_TAG
from tests.behaviour.record import Asked
from tests.behaviour.scene import Played, Stage, in_time, limit

AT_ONCE = 0.06  # seconds: the question waits so long for an open 443, and its answer for nothing
WRITING = 0.05  # seconds from an event of the trace to the packet that it tells of, at most, on a busy machine


@dataclass(frozen=True, slots=True)
class Row:
    """What 443 does, what the warning says of it, and how long certainty takes."""

    at_443: str
    evidence: str
    wait: float


ROWS = (
    Row("dropped", "dropped, not refused", 1.5),
    Row("refused", "refused", 0.25),
    Row("open", "does not speak TLS", 0.0),
    Row("mute", "accepts the connection and says nothing", 5.0),
)
CASES = {f"{row.at_443}, {challenge}": (row, challenge) for row, challenge in product(ROWS, ("basic", "bearer"))}


@dataclass(frozen=True, slots=True)
class Seen:
    """A run, where and when it dialled 443, and what reached port 80."""

    played: Played
    dialled: str
    dialled_at: float
    asked: tuple[Asked, ...]

    @property
    def secret_after(self) -> float:
        """From the first packet to 443 to the first request on 80 that carries a secret."""
        return next(request.at for request in self.asked if request.secret) - self.dialled_at


def see(stage: Stage, row: Row, challenge: str) -> Seen:
    with stage.scene({443: row.at_443, 80: challenge}) as scene:
        played = scene.boxship("ls", "--insecure", "--trace", str(scene.trace), "reg.test/app")
        return Seen(played, scene.dialled[443], scene.dialled_at(443), scene.asked(80))


@pytest.fixture(scope="module")
def seen(stage: Stage) -> Mapping[str, Seen]:
    with ThreadPoolExecutor(4) as pool:
        runs = pool.map(lambda case: see(stage, *case), CASES.values())
        return dict(zip(CASES, runs, strict=True))


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_tags_come_with_the_credential(seen: Mapping[str, Seen], case: str) -> None:
    assert (seen[case].played.status, seen[case].played.tags) == (0, [PLAIN_TAG])


def test_the_first_requests_carry_no_secret(seen: Mapping[str, Seen], case: str) -> None:
    first, second, *_ = seen[case].asked
    assert (first.target, first.secret) == ("/v2/", False)
    assert (second.target, second.secret) == ("/v2/app/tags/list", False)


def test_a_secret_waits_until_the_absence_of_tls_is_confirmed(seen: Mapping[str, Seen], case: str) -> None:
    row, _ = CASES[case]
    assert seen[case].secret_after >= row.wait - WRITING


def test_the_wait_is_no_longer_than_that(stage: Stage, seen: Mapping[str, Seen], case: str) -> None:
    row, challenge = CASES[case]
    # A run beside others may be late; then one that is alone decides.
    if seen[case].played.seconds > limit(row.wait + AT_ONCE):
        in_time(row.wait + AT_ONCE, lambda: see(stage, row, challenge).played)


def test_a_warning_gives_the_evidence_and_how_to_say_it_outright(seen: Mapping[str, Seen], case: str) -> None:
    row, _ = CASES[case]
    (warning,) = seen[case].played.stderr.splitlines()
    assert warning.startswith("boxship: warning: ")
    for words in ("plain HTTP", seen[case].dialled, row.evidence, "http://reg.test"):
        assert words in warning


def test_a_push_waits_as_a_password_does(stage: Stage) -> None:
    with stage.scene({443: "dropped", 80: "takes anything"}) as scene:
        words = ("--insecure", "--trace", str(scene.trace), "reg.test/v2/app/manifests/v1", "--data", "{}")
        played = scene.boxship("api", "PUT", *words)
        question, push = scene.asked(80)
        assert (question.method, question.target) == ("GET", "/v2/")
        assert (push.method, push.body) == ("PUT", "{}")
        assert push.at - scene.dialled_at(443) >= 1.5 - WRITING
        assert played.seconds <= limit(1.5)
        assert "a PUT goes to reg.test over plain HTTP" in played.stderr
