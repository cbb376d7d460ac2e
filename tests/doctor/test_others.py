"""Hosts that a registry sends to are looked at as it is: names, TLS, and whether a proxy is in the way."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from boxship import Client
from boxship.doctor import Status, examine
from boxship.testing import ScriptedRegistry, TokenServer, bearer, http_proxy, instead, redirect_to, tls
from tests.doctor.looking import check, red, report_of, stored_at


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """The context of a server with these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_a_store_whose_authority_is_not_trusted_is_named(stack: ExitStack) -> None:
    store = stack.enter_context(tls(ScriptedRegistry(), certified(trustme.CA(), "127.0.0.1")))
    report = report_of(stack, stored_at(store.url))
    assert red(report) == {"content.redirect"}
    redirect = check(report, "content.redirect")
    assert f"sends to {store.url}" in redirect.words
    assert redirect.evidence[0].startswith(f"{store.address}: open after ")
    assert "speaks TLS, and not acceptably" in redirect.evidence[0]


def test_a_token_server_that_is_trusted_is_told_with_its_tls(stack: ExitStack, tmp_path: Path) -> None:
    authority, tokens, file = trustme.CA(), TokenServer(anonymous=True), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    server = stack.enter_context(tls(tokens, certified(authority, "127.0.0.1")))
    registry = ScriptedRegistry(access=bearer(f"{server.url}/token", tokens))
    trusted = report_of(stack, registry, ca_file=file)
    assert trusted.healthy
    assert "TLSv1.3" in check(trusted, "auth.realm").evidence[0]
    untrusted = report_of(stack, registry)
    assert red(untrusted) == {"auth.realm"}
    assert "speaks TLS, and not acceptably" in check(untrusted, "auth.realm").evidence[0]


def test_a_store_whose_name_is_nobodys_is_named(stack: ExitStack) -> None:
    report = report_of(stack, stored_at("https://nobody.invalid"))
    assert red(report) == {"content.redirect"}
    redirect = check(report, "content.redirect")
    assert redirect.at == "https://nobody.invalid"
    assert "could not be resolved" in redirect.evidence[0]
    assert "nobody.invalid:443" in report.endpoints


@pytest.mark.parametrize("alive", [True, False])
def test_behind_a_proxy_the_proxy_dials_and_is_named(
    alive: bool,  # noqa: FBT001 -- a row
    stack: ExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority, content, file = trustme.CA(), ScriptedRegistry(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    context = certified(authority, "reg.corp", "cdn.corp")
    store = stack.enter_context(tls(content, context))
    elsewhere = instead(content, "/blobs/", lambda request: redirect_to(f"https://cdn.corp{request.target}"))
    places = {"reg.corp:443": stack.enter_context(tls(elsewhere, context))} | ({"cdn.corp:443": store} if alive else {})
    proxy = stack.enter_context(http_proxy(places))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    report = examine("reg.corp/app:v1", stack.enter_context(Client(ca_file=file)))
    redirect = check(report, "content.redirect")
    assert redirect.status is (Status.OK if alive else Status.ERROR)
    assert redirect.evidence == (f"reached through the proxy {proxy.url} (HTTPS_PROXY)",)
    assert red(report) == (set() if alive else {"content.redirect"})
