"""What boxship's own file says, at real servers: sent before it is asked for, and the oldest TLS that is spoken."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from boxship import Client
from boxship.errors import TLSFailed
from boxship.testing import ScriptedRegistry, basic, serving, tls
from tests.auth.guarded import TAGS, pair
from tests.explain.machine import write
from tests.transport.reaching import Authority, failing, tags


def told(home: Path, host: str, text: str) -> None:
    write(home / "config/boxship/config.toml", f'[host."{host}"]\n{text}\n')


@pytest.mark.parametrize(("host", "before"), [("127.0.0.1", True), ("*", True), ("other.corp", False)])
def test_a_credential_is_sent_before_it_is_asked_for_where_the_file_says_so(
    *, host: str, before: bool, home: Path
) -> None:
    told(home, host, "preemptive-auth = true")
    with serving(ScriptedRegistry(access=basic("ana", "secret"))) as server, Client() as client:
        write(home / ".docker/config.json", {"auths": {server.address: {"auth": pair("ana:secret")}}})
        assert list(client.tags(f"{server.url}/app")) == TAGS
        sent = [request.headers.get("authorization") for request in server.requests]
    assert (sent[0] is not None, sent[-1]) == (before, f"Basic {pair('ana:secret')}")
    assert len(sent) == (1 if before else 2)


@pytest.mark.parametrize(
    ("host", "oldest", "spoken", "let_in"),
    [
        ("127.0.0.1", "1.3", "1.2", False),
        ("*", "1.3", "1.2", False),
        ("127.0.0.1", "1.3", "1.3", True),
        ("127.0.0.1", "1.2", "1.2", True),
        ("other.corp", "1.3", "1.2", True),
    ],
)
def test_the_oldest_tls_is_what_the_file_says_of_the_host(
    *, host: str, oldest: str, spoken: str, let_in: bool, home: Path, authority: Authority
) -> None:
    told(home, host, f'tls-min-version = "{oldest}"')
    context = authority.server("127.0.0.1")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{spoken.replace('.', '_')}"]
    with tls(ScriptedRegistry(), context) as server, Client(ca_file=authority.file) as client:
        if let_in:
            assert tags(client, server) == TAGS
        else:
            assert isinstance(failing(lambda: tags(client, server)), TLSFailed)
            assert server.requests == ()


def test_a_flag_comes_before_the_file(home: Path, authority: Authority) -> None:
    told(home, "127.0.0.1", 'tls-min-version = "1.3"')
    context = authority.server("127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tls(ScriptedRegistry(), context) as server, Client(ca_file=authority.file, tls_min="1.2") as client:
        assert tags(client, server) == TAGS
