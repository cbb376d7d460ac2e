from __future__ import annotations

import ssl

import pytest

from boxship import Client
from boxship.errors import BrokenAnswer, TLSFailed
from boxship.testing import DROPPED, Answer, ScriptedRegistry, tls
from boxship.testing import in_turn as turns
from tests.transport.reaching import Authority, failing, repository, tags

GOOD = ScriptedRegistry()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: str(v.name))
def test_a_certificate_that_is_asked_for_is_said(version: ssl.TLSVersion, authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    with tls(GOOD, context) as server, Client(ca_file=authority.file) as client:
        error = failing(lambda: tags(client, server))
        assert server.requests == ()
    assert isinstance(error, TLSFailed)
    assert "asks for a client certificate" in str(error)
    assert "--cert FILE and --key FILE" in error.remedy
    assert "cipher" not in str(error)
    assert error.exit_status == 5


def test_ciphers_of_which_none_is_common_are_said(authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("NULL-SHA256:@SECLEVEL=0")
    with tls(GOOD, context) as server, Client(ca_file=authority.file) as client:
        error = failing(lambda: tags(client, server))
    assert "no cipher or parameter in common" in str(error)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: str(v.name))
def test_large_bodies_come_whole(version: ssl.TLSVersion, authority: Authority) -> None:
    context = authority.server("127.0.0.1")
    context.minimum_version = context.maximum_version = version
    names = [f"tag-{number:06}" for number in range(100_000)]
    registry = ScriptedRegistry(tags=names, page_size=len(names))
    with tls(registry, context) as server, Client(ca_file=authority.file) as client:
        assert tags(client, server) == names


def test_large_uploads_arrive_whole(authority: Authority) -> None:
    content = bytes(range(256)) * 40_000
    with tls(Answer(201), authority.server("127.0.0.1")) as server, Client(ca_file=authority.file) as client:
        with client.api("PUT", server.url, "/v2/app/blobs/uploads/1", body=content) as response:
            assert response.status == 201
        assert server.requests[-1].body == content


def test_a_tls_connection_that_had_gone_is_replaced(authority: Authority) -> None:
    with tls(turns(GOOD, DROPPED, GOOD), authority.server("127.0.0.1")) as server:
        with Client(ca_file=authority.file) as client:
            tags(client, server)
            assert tags(client, server) == ["latest", "v1", "v2"]
        assert len(server.connections) == 2


def test_a_body_over_tls_that_is_cut_short_is_broken(authority: Authority) -> None:
    cut = Answer(200, b'{"tags":["a"]}      ', truncate_after=14)
    with tls(cut, authority.server("127.0.0.1")) as server, Client(ca_file=authority.file) as client:
        assert isinstance(failing(lambda: tags(client, server)), BrokenAnswer)


def test_a_body_without_a_length_over_tls_ends_with_its_word(authority: Authority) -> None:
    whole = Answer(raw=b"HTTP/1.1 200 OK\r\n\r\n" + b'{"tags":["a"]}', afterwards="close")
    with tls(whole, authority.server("127.0.0.1")) as server, Client(ca_file=authority.file) as client:
        assert tags(client, server) == ["a"]


def test_a_tls_context_of_ones_own_is_used_as_it_is(authority: Authority) -> None:
    own = ssl.create_default_context(cafile=str(authority.file))
    with tls(GOOD, authority.server("127.0.0.1")) as server, Client(tls_context=own) as client:
        assert tags(client, server) == ["latest", "v1", "v2"]


def test_an_unknown_authority_is_an_error_that_says_what_to_do(authority: Authority) -> None:
    with tls(GOOD, authority.server("127.0.0.1")) as server, Client() as client:
        error = failing(lambda: client.document(f"{repository(server)}:v1"))
        assert server.requests == ()
    assert isinstance(error, TLSFailed)
    assert "--ca-file" in error.remedy
