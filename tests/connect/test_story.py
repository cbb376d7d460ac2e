"""The story of a connection: how long each step took, in milliseconds."""

from __future__ import annotations

from collections import Counter

from boxship import Client
from boxship.event import Event
from boxship.testing import ScriptedRegistry, mute, serving, tls
from tests.connect.driving import Certificates
from tests.transport.reaching import failing

LONG = 60_000  # milliseconds, which no step here takes


def told(address: str, timeout: float | None = None) -> list[Event]:
    """What happens on the way to a digest, or until there is no more time for it."""
    heard: list[Event] = []
    with Client(on_event=heard.append, insecure=True, timeout=timeout) as client:
        if timeout:
            failing(lambda: client.digest(f"{address}/app:v1"))
        else:
            client.digest(f"{address}/app:v1")
    return heard


def test_each_step_took_a_time_that_has_passed(certificates: Certificates) -> None:
    heard = list[Event]()
    with serving(ScriptedRegistry()) as plain:
        heard += told(plain.address)
    with tls(ScriptedRegistry(), certificates.good()) as secure:
        heard += told(f"https://{secure.address}")
    with mute() as silent:
        heard += told(f"https://{silent.address}", timeout=0.2)
    count = Counter(event.name for event in heard)
    assert count["AnswerHeaders"] == count["PlainAnswer"] + count["Request"]
    steps = {"ConnectDone", "TLSHandshakeDone", "PlainAnswer", "AnswerDone"}
    assert steps <= {event.name for event in heard}
    taken = {event.name: float(str(event.facts["ms"])) for event in heard if "ms" in event.facts}
    assert {name: ms for name, ms in taken.items() if not 0 <= ms < LONG} == {}
