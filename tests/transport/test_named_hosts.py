"""What a caller tells for the hosts that it names goes there, and to nobody whom they name in turn."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import InvalidSettings, TLSFailed
from boxship.event import Event
from boxship.testing import (
    Answer,
    Request,
    ScriptedRegistry,
    Server,
    TokenServer,
    bearer,
    by_path,
    redirect_to,
    serving,
    tls,
)
from boxship.wire.message import USER_AGENT
from tests.transport.reaching import Authority, failing, tags

GOOD = ScriptedRegistry()
OWN = {"X-Key": "hunter2"}


def names(requests: tuple[Request, ...], header: str) -> list[str]:
    """What each request says in a header; `-` for nothing."""
    return [request.headers.get(header, "-") for request in requests]


@contextmanager
def elsewhere(location: str) -> Iterator[Server]:
    """A registry that sends who asks for tags to another place."""
    with serving(by_path({"/v2/app/": redirect_to(location), "/": GOOD})) as server:
        yield server


def test_a_header_of_ones_own_goes_with_every_request_to_a_named_host() -> None:
    with serving(GOOD) as server, Client(headers=OWN) as client:
        tags(client, server)
        client.document(f"{server.url}/app:v1")
        assert set(names(server.requests, "x-key")) == {"hunter2"}
        assert {request.headers.get("accept") for request in server.requests} != {None}


def test_neither_a_redirects_target_nor_a_question_gets_it() -> None:
    with serving(GOOD) as target, elsewhere(f"{target.url}/v2/other/tags/list") as server:
        with Client(headers=OWN, resolve={("reg.test", 80): (server.host, server.port)}) as client:
            assert list(client.tags("http://reg.test/app"))
        assert names(server.requests, "x-key") == ["hunter2"]
        assert names(target.requests, "x-key") == ["-"]


def test_a_redirect_on_the_same_host_keeps_it() -> None:
    answers = by_path({"/v2/app/": redirect_to("/v2/other/tags/list"), "/": GOOD})
    with serving(answers) as server, Client(headers=OWN) as client:
        tags(client, server)
        assert names(server.requests, "x-key") == ["hunter2", "hunter2"]


def test_a_token_server_gets_none() -> None:
    tokens = TokenServer("ana", "s3cret")
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    with serving(by_path({"/token": tokens, "/": registry})) as server:
        with Client(headers=OWN, username="ana", password="s3cret") as client:
            assert tags(client, server)
        asked = {(r.path.startswith("/token"), r.headers.get("x-key", "-")) for r in server.requests}
        assert asked == {(True, "-"), (False, "hunter2")}


def test_over_plain_http_that_was_found_it_waits_for_certainty() -> None:
    heard = list[Event]()
    with serving(GOOD) as server, Client(headers=OWN, on_event=heard.append) as client:
        assert list(client.tags(f"{server.address}/app"))
        assert names(server.requests, "x-key") == ["-", "hunter2"]  # the question of the race has none
    assert "PlainConfirmed" in {event.name for event in heard}
    assert not any("hunter2" in event.text for event in heard)


def test_what_a_request_says_of_a_header_itself_stands() -> None:
    with serving(GOOD) as server, Client(headers={"X-Key": "1", "X-More": "2"}) as client:
        with client.api("GET", server.url, "/v2/", headers={"x-key": "3"}):
            pass
        assert (names(server.requests, "x-key"), names(server.requests, "x-more")) == (["3"], ["2"])


def test_boxship_calls_itself_as_it_is_told_in_every_request() -> None:
    tokens = TokenServer("ana", "s3cret")
    registry = ScriptedRegistry(access=bearer("/token", tokens))
    with serving(by_path({"/token": tokens, "/": registry})) as server:
        with Client(user_agent="ours/1", username="ana", password="s3cret") as client:
            assert list(client.tags(f"{server.address}/app"))
        assert len(server.requests) > 3  # the question of the race, a challenge, a token, the tags
        assert set(names(server.requests, "user-agent")) == {"ours/1"}


def test_boxship_says_its_name_and_version_otherwise() -> None:
    with serving(GOOD) as server, Client() as client:
        assert list(client.tags(f"{server.address}/app"))
        assert set(names(server.requests, "user-agent")) == {USER_AGENT}


# Who asks, by a certificate.


def asking(authority: Authority) -> ssl.SSLContext:
    """A server that wants to see a certificate of the same authority."""
    context = authority.server("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    return context


@pytest.fixture
def pair(authority: Authority, tmp_path: Path) -> Path:
    """A certificate and its key in one file."""
    file = tmp_path / "pair.pem"
    authority.ca.issue_cert("someone@corp.test").private_key_and_cert_chain_pem.write_to_path(str(file))
    return file


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: str(v.name))
def test_a_certificate_says_who_asks(version: ssl.TLSVersion, authority: Authority, pair: Path) -> None:
    context = asking(authority)
    context.minimum_version = context.maximum_version = version
    with tls(GOOD, context) as server, Client(ca_file=authority.file, cert=pair) as client:
        assert tags(client, server)


def test_without_one_the_error_says_how_to_give_one(authority: Authority) -> None:
    with tls(GOOD, asking(authority)) as server, Client(ca_file=authority.file) as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, TLSFailed)
    assert "--cert FILE and --key FILE" in error.remedy


def test_a_redirects_target_is_not_told_who_asks(authority: Authority, pair: Path) -> None:
    seen = list[str]()

    def target(request: Request) -> Answer:
        seen.append(request.path)
        return Answer(200, b'{"tags": []}')

    with tls(target, asking(authority)) as other, elsewhere(f"{other.url}/x") as server:
        places = {("reg.test", 80): (server.host, server.port)}
        with Client(ca_file=authority.file, cert=pair, resolve=places) as client:
            error = failing(lambda: list(client.tags("http://reg.test/app")))
    assert "asks for a client certificate" in str(error)
    assert seen == []


def test_a_wrong_certificate_is_said_before_anything_is_sent(authority: Authority, tmp_path: Path) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server:
        with Client(ca_file=authority.file, cert=tmp_path / "none") as client:
            error = failing(lambda: tags(client, server))
        assert server.requests == ()
    assert isinstance(error, InvalidSettings)
    assert error.file == str(tmp_path / "none")


def test_a_context_of_ones_own_has_its_own_certificate(pair: Path) -> None:
    with pytest.raises(InvalidSettings, match="tls_context"):
        Client(cert=pair, tls_context=ssl.create_default_context())
