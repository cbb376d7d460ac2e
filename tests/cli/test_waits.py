from __future__ import annotations

import pytest

from boxship.cli.waits import Waits
from boxship.event import Event, Fact

HOLE: dict[str, Fact] = {"connection": 1, "address": "10.0.0.5:443", "host": "reg.corp"}
PLAIN: dict[str, Fact] = {"connection": 2, "address": "10.0.0.5:80", "host": "reg.corp"}
OTHER: dict[str, Fact] = {"connection": 3, "address": "10.0.0.9:443", "host": "other.corp"}
PAUSE: dict[str, Fact] = {"why": "503 from reg.corp", "host": "reg.corp", "seconds": 2.5}
HELPER: dict[str, Fact] = {"helper": "docker-credential-pass", "key": "reg.corp"}
PROXY: dict[str, Fact] = {"connection": 1, "address": "10.0.0.7:3128", "host": "reg.corp"}
SITE: dict[str, Fact] = {"host": "reg.corp", "site": "reg.corp", "port": 443}

Story = list[tuple[float, str, dict[str, Fact]]]

BESIDE = (
    "looking at TLS 10.0.0.5:443, 3 s; plain HTTP 10.0.0.5:80, 2 s; "
    "waiting for 10.0.0.5:443 to accept the connection, 2 s"
)
# What has happened, when somebody looks, and what they read.
STORIES: dict[str, tuple[Story, float, str]] = {
    "a short wait": ([(0, "ConnectStart", HOLE)], 0.9, ""),
    "a name": ([(0, "DNSStart", {"host": "reg.corp"})], 3.9, "waiting for the name server: reg.corp, 3 s"),
    "a name that is known": ([(0, "DNSStart", {"host": "a"}), (1, "DNSDone", {"host": "a"})], 3, ""),
    "a connection": ([(0, "ConnectStart", HOLE)], 2, "waiting for 10.0.0.5:443 to accept the connection, 2 s"),
    "the one tried longest": (
        [(0, "ConnectStart", HOLE), (1, "ConnectStart", OTHER)],
        3,
        "waiting for 10.0.0.5:443 to accept the connection, 3 s",
    ),
    "one that has failed": ([(0, "ConnectStart", HOLE), (1, "ConnectDone", {**HOLE, "error": "refused"})], 3, ""),
    "a later step": (
        [
            (0, "ConnectStart", OTHER),
            (0, "ConnectStart", HOLE),
            (0, "ConnectDone", HOLE),
            (1, "TLSHandshakeStart", HOLE),
        ],
        2.5,
        "waiting for 10.0.0.5:443 to go on with TLS, 1 s",
    ),
    "what is looked at, all of it, beside what is waited for": (
        [
            (0, "LookStart", {"look": "TLS 10.0.0.5:443"}),
            (0, "LookStart", {"look": "names reg.corp"}),
            (1, "LookStart", {"look": "plain HTTP 10.0.0.5:80"}),
            (1, "ConnectStart", HOLE),
            (2, "LookDone", {"look": "names reg.corp"}),
        ],
        3,
        BESIDE,
    ),
    "a proxy": ([(0, "ProxyConnectStart", PROXY)], 1, "waiting for the proxy at 10.0.0.7:3128 to reach reg.corp, 1 s"),
    "a question": ([(0, "PlainQuestion", PLAIN)], 1, "waiting for 10.0.0.5:80 to say that it is a registry, 1 s"),
    "a helper": ([(0, "HelperStart", HELPER)], 1, "waiting for docker-credential-pass, 1 s"),
    "a pause": ([(0, "Retry", PAUSE)], 1.2, "503 from reg.corp: again in 2 s"),
    "a pause of nobody": ([(0, "Retry", {"seconds": 9.0})], 1, "…: again in 8 s"),
    "a pause that is over": ([(0, "Retry", PAUSE)], 2.6, ""),
    "certainty": ([(0, "AbsenceStart", SITE)], 1, "making sure that reg.corp does not speak TLS on port 443, 1 s"),
    "certainty that there is": ([(0, "AbsenceStart", SITE), (1, "PlainConfirmed", {"host": "reg.corp"})], 3, ""),
    "an upload": ([(0, "SendStart", {**PLAIN, "body": 70_000})], 5, "sending 70000 bytes to reg.corp, 5 s"),
    "an upload that was sent": (
        [(0, "SendStart", {**PLAIN, "body": 70_000}), (5, "WroteRequest", PLAIN)],
        8,
        "reg.corp: connection alive, server working, 3 s",
    ),
    "a request, not yet": ([(0, "WroteRequest", PLAIN)], 1.9, ""),
    "a request": ([(0, "WroteRequest", PLAIN)], 34.5, "reg.corp: connection alive, server working, 34 s"),
    "a request that failed": ([(0, "WroteRequest", PLAIN), (1, "RequestFailed", PLAIN)], 3, ""),
    "an answer": ([(0, "WroteRequest", PLAIN), (1, "Request", PLAIN)], 4, "reading the answer of reg.corp, 3 s"),
    "an answer that was read": (
        [(0, "WroteRequest", PLAIN), (1, "Request", PLAIN), (2, "AnswerDone", PLAIN)],
        9,
        "",
    ),
    "what a race goes on with": ([(0, "ConnectStart", HOLE), (1, "Verdict", {"host": "Reg.corp"})], 3, ""),
    "what a request has overtaken": (
        [(0, "ConnectStart", HOLE), (1, "WroteRequest", PLAIN), (1.1, "Request", PLAIN), (1.2, "AnswerDone", PLAIN)],
        3,
        "",
    ),
    "another host's": (
        [(0, "ConnectStart", OTHER), (1, "Verdict", {"host": "reg.corp"})],
        3,
        "waiting for 10.0.0.9:443 to accept the connection, 3 s",
    ),
}


@pytest.mark.parametrize(("story", "now", "words"), STORIES.values(), ids=STORIES.keys())
def test_the_wait_that_matters_is_named(story: Story, now: float, words: str) -> None:
    waits = Waits()
    for at, name, facts in story:
        waits.hear(Event(name, "", at, facts=facts), at)
    assert waits.words(now) == words
