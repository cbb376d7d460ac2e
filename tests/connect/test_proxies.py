"""Rule 10: behind a proxy nothing races, TLS is first and alone, and no proxy's refusal leads to plain HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from boxship import Client
from boxship.connect.deadline import Bounds
from boxship.errors import (
    ConnectFailed,
    CredentialFailed,
    InvalidSettings,
    PlainNotPermitted,
    Refused,
    TimedOut,
    TLSFailed,
    UnexpectedAnswer,
)
from boxship.event import Event
from boxship.testing import (
    Answer,
    HTTPProxy,
    Listener,
    Place,
    ScriptedRegistry,
    SocksProxy,
    basic,
    bearer,
    black_hole,
    failure,
    http_proxy,
    mute,
    redirect_to,
    refused,
    serving,
    socks5_proxy,
    tls,
)
from tests.connect.driving import NAME, Certificates, nothing_left

USER, PASSWORD = "ana", "a secret of the registry"
PROXY_USER, PROXY_PASSWORD = "px", "a%20secret@of:the/proxy"
LOGIN = "px:a%2520secret%40of%3Athe%2Fproxy@"
REGISTRY = ScriptedRegistry(tags=["v1"])
PRIVATE = ScriptedRegistry(tags=["v1"], access=basic(USER, PASSWORD))
SECURE, PLAIN = f"{NAME}:443", f"{NAME}:80"
QUICK = Bounds(connect=0.5, connect_all=0.8, tls_first_byte=0.4, proxy=0.5, patience=0.0)


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the variables that name proxies."""

    def set_them(*, https: str = "", http: str = "", no: str = "") -> None:
        for name, value in (("HTTPS_PROXY", https), ("HTTP_PROXY", http), ("NO_PROXY", no)):
            if value:
                monkeypatch.setenv(name, value)

    return set_them


def logged_in(proxy: HTTPProxy | SocksProxy, scheme: str = "http") -> str:
    """The proxy's URL with its log-in."""
    return f"{scheme}://{LOGIN}{proxy.address}"


def tags(context: ssl.SSLContext | None = None, name: str = NAME, **words: object) -> list[str]:
    with Client(tls_context=context, bounds=QUICK, **words) as client:  # type: ignore[arg-type] # some of its words
        return list(client.tags(f"{name}/app"))


# The ways through.


def test_a_registry_is_reached_by_connect_with_the_proxys_log_in(
    certificates: Certificates, proxied: Callable[..., None]
) -> None:
    with (
        tls(PRIVATE, certificates.good()) as server,
        http_proxy({SECURE: server}, user=PROXY_USER, password=PROXY_PASSWORD) as proxy,
    ):
        proxied(https=logged_in(proxy))
        assert tags(certificates.client(), username=USER, password=PASSWORD) == ["v1"]
        assert {f"{request.method} {request.target}" for request in proxy.requests} == {f"CONNECT {SECURE}"}
        assert "authorization" not in proxy.requests[0].headers
        assert all("proxy-authorization" not in request.headers for request in server.requests)


@pytest.mark.parametrize("user", ["", PROXY_USER])
def test_a_registry_is_reached_by_socks5_and_the_proxy_resolves(
    user: str, certificates: Certificates, proxied: Callable[..., None]
) -> None:
    with (
        tls(REGISTRY, certificates.good()) as server,
        socks5_proxy({SECURE: server}, user=user, password=PROXY_PASSWORD if user else "") as proxy,
    ):
        proxied(https=logged_in(proxy, "socks5") if user else f"socks5://{proxy.address}")
        assert tags(certificates.client()) == ["v1"]
        assert {(request.target, request.named) for request in proxy.requests} == {(SECURE, True)}


def test_a_proxy_that_is_spoken_to_over_tls_is_verified(
    certificates: Certificates, proxied: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    root = f"{tmp_path}/root.pem"
    certificates.authority.cert_pem.write_to_path(root)
    with (
        tls(REGISTRY, certificates.good()) as server,
        http_proxy({SECURE: server}, context=certificates.good()) as proxy,
    ):
        proxied(https=proxy.url)
        with pytest.raises(ConnectFailed, match="TLS with the proxy failed: its certificate was not accepted"):
            tags(certificates.client(), skip_tls_verify=True)
        monkeypatch.setenv("SSL_CERT_FILE", root)
        assert tags(certificates.client()) == ["v1"]


@pytest.mark.parametrize("told", [f"http://{NAME}", NAME])
def test_plain_http_goes_through_http_proxy_in_absolute_form(told: str, proxied: Callable[..., None]) -> None:
    with serving(REGISTRY) as server, http_proxy({PLAIN: server}, user=PROXY_USER, password=PROXY_PASSWORD) as proxy:
        proxied(http=logged_in(proxy))
        assert tags(name=told, plain_http="always" if told == NAME else None) == ["v1"]
        assert proxy.requests[0].target.startswith(f"http://{NAME}/v2/")
        assert all("proxy-authorization" not in request.headers for request in server.requests)


def test_plain_http_goes_through_socks5_as_it_is(proxied: Callable[..., None]) -> None:
    with serving(REGISTRY) as server, socks5_proxy({PLAIN: server}) as proxy:
        proxied(http=f"socks5://{proxy.address}")
        assert tags(name=f"http://{NAME}") == ["v1"]
        assert server.requests[0].target.startswith("/v2/")
        assert server.requests[0].headers["host"] == NAME


def test_a_told_http_may_send_its_secret_through_the_proxy(proxied: Callable[..., None]) -> None:
    with serving(PRIVATE) as server, http_proxy({PLAIN: server}) as proxy:
        proxied(http=proxy.url)
        assert tags(name=f"http://{NAME}", username=USER, password=PASSWORD) == ["v1"]


# TLS first and alone, then plain where that is permitted.


@pytest.mark.parametrize("at_443", [refused, black_hole], ids=["refused: 502", "dropped: 504"])
def test_where_the_proxy_cannot_reach_443_plain_is_read_through_http_proxy(
    at_443: Callable[[], AbstractContextManager[Place]], proxied: Callable[..., None]
) -> None:
    with (
        at_443() as secure,
        serving(REGISTRY) as plain,
        http_proxy({SECURE: secure, PLAIN: plain}, patience=0.2) as proxy,
    ):
        proxied(https=proxy.url, http=proxy.url)
        assert tags(insecure=True) == ["v1"]
        assert [request.target for request in proxy.requests][:2] == [SECURE, f"http://{NAME}/v2/"]


def test_a_connect_that_is_not_answered_counts_as_silence(proxied: Callable[..., None]) -> None:
    with serving(REGISTRY) as plain, http_proxy(mute=True) as slow, http_proxy({PLAIN: plain}) as proxy:
        proxied(https=slow.url, http=proxy.url)
        assert tags(insecure=True) == ["v1"]


def test_a_proxy_that_says_nothing_has_accepted_the_connection(proxied: Callable[..., None]) -> None:
    with http_proxy(mute=True) as proxy:
        proxied(https=proxy.url)
        with Client(timeout=0.5) as client, pytest.raises(TimedOut) as caught:
            client.ping(NAME)
    assert "accepts the connection and says nothing" in caught.value.evidence[0]


def test_what_does_not_speak_tls_behind_the_proxy_is_read_in_plain(proxied: Callable[..., None]) -> None:
    with serving(REGISTRY) as both, http_proxy({f"{NAME}:5000": both}) as proxy:
        proxied(https=proxy.url, http=proxy.url)
        assert tags(name=f"{NAME}:5000", plain_http="auto") == ["v1"]


def test_healthy_tls_is_asked_alone(certificates: Certificates, proxied: Callable[..., None]) -> None:
    with (
        tls(REGISTRY, certificates.good(), delay=0.3) as secure,
        serving(REGISTRY) as plain,
        http_proxy({SECURE: secure, PLAIN: plain}) as proxy,
    ):
        proxied(https=proxy.url, http=proxy.url)
        assert tags(certificates.client(), plain_http="auto") == ["v1"]
        assert {request.target for request in proxy.requests} == {SECURE}
        assert plain.connections == ()


def test_http_proxy_alone_leaves_tls_direct_and_first(certificates: Certificates, proxied: Callable[..., None]) -> None:
    with tls(REGISTRY, certificates.good()) as secure, http_proxy() as proxy:
        proxied(http=proxy.url)
        resolve = {(NAME, 443): (secure.host, secure.port)}
        assert tags(certificates.client(), plain_http="auto", resolve=resolve) == ["v1"]
        assert proxy.requests == ()


def test_http_proxy_alone_is_used_when_443_is_known_to_be_silent(proxied: Callable[..., None]) -> None:
    with black_hole() as hole, serving(REGISTRY) as plain, http_proxy({PLAIN: plain}) as proxy:
        proxied(http=proxy.url)
        assert tags(plain_http="auto", resolve={(NAME, 443): (hole.host, hole.port)}) == ["v1"]


def test_https_proxy_alone_leaves_plain_direct(proxied: Callable[..., None]) -> None:
    with refused() as secure, serving(REGISTRY) as plain, http_proxy({SECURE: secure}) as proxy:
        proxied(https=proxy.url)
        assert tags(plain_http="auto", resolve={(NAME, 80): (plain.host, plain.port)}) == ["v1"]


# What never leads to plain.


@pytest.mark.parametrize("status", [403, 407])
def test_the_proxys_own_refusal_is_its_error_and_never_leads_to_plain(
    status: int, proxied: Callable[..., None]
) -> None:
    with serving(REGISTRY) as plain, http_proxy({PLAIN: plain}, instead=Answer(status)) as proxy:
        proxied(https=proxy.url, http=proxy.url)
        with pytest.raises(ConnectFailed) as caught:
            tags(insecure=True)
        assert (plain.connections, len(proxy.requests)) == ((), 1)
    assert type(caught.value) is ConnectFailed
    assert "(HTTPS_PROXY)" in str(caught.value)
    assert str(proxy.url) in str(caught.value)
    assert str(status) in str(caught.value)


def test_a_bad_certificate_behind_the_proxy_never_leads_to_plain(
    certificates: Certificates, proxied: Callable[..., None]
) -> None:
    with (
        tls(REGISTRY, certificates.unknown()) as secure,
        serving(REGISTRY) as plain,
        http_proxy({SECURE: secure, PLAIN: plain}) as proxy,
    ):
        proxied(https=proxy.url, http=proxy.url)
        with pytest.raises(TLSFailed, match="through the proxy"):
            tags(certificates.client(), plain_http="auto")
        assert plain.connections == ()


def test_a_secret_over_plain_through_a_proxy_needs_a_told_http(proxied: Callable[..., None]) -> None:
    with refused() as secure, serving(PRIVATE) as plain, http_proxy({SECURE: secure, PLAIN: plain}) as proxy:
        proxied(https=proxy.url, http=proxy.url)
        with pytest.raises(PlainNotPermitted, match=f"write http://{NAME}"):
            tags(insecure=True, username=USER, password=PASSWORD)
        assert all("authorization" not in request.headers for request in plain.requests)


def test_without_permission_there_is_no_plain_and_no_question_of_80(proxied: Callable[..., None]) -> None:
    with refused() as secure, serving(REGISTRY) as plain, http_proxy({SECURE: secure, PLAIN: plain}) as proxy:
        proxied(https=proxy.url, http=proxy.url)
        with pytest.raises(ConnectFailed, match="was refused by the proxy"):
            tags()
        assert plain.connections == ()


def test_a_portal_in_the_proxys_place_is_no_registry(proxied: Callable[..., None]) -> None:
    with http_proxy(instead=redirect_to("http://login.test/")) as portal, refused() as gone:
        proxied(https=f"http://{gone.address}", http=portal.url)
        with pytest.raises(ConnectFailed, match="not as a registry"):
            tags(plain_http="auto")


def test_a_407_to_a_told_plain_request_is_the_proxys_error(proxied: Callable[..., None]) -> None:
    with serving(REGISTRY) as plain, http_proxy({PLAIN: plain}, user=PROXY_USER, password=PROXY_PASSWORD) as proxy:
        proxied(http=proxy.url)
        with pytest.raises(ConnectFailed, match=r"\(HTTP_PROXY\).*asks for a log-in, and none was sent"):
            tags(name=f"http://{NAME}")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (
            Answer(401, headers={"Server": "tinyproxy/1.11.1", "WWW-Authenticate": 'Basic realm="Tinyproxy"'}),
            "does not accept the log-in that was sent: 401",
        ),
        (Answer(500, headers={"Server": "tinyproxy/1.11.1"}), "answers 500 Internal Server Error for registry.test"),
        (Answer(503, headers={"X-Squid-Error": "ERR_CONNECT_FAIL 111"}), r"\(ERR_CONNECT_FAIL 111\) for registry.test"),
        (Answer(403, headers={"X-Squid-Error": "ERR_ACCESS_DENIED 0"}), "answers 403 Forbidden .* for registry.test"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else "",
)
@pytest.mark.parametrize("told", [True, False], ids=["told", "found"])
def test_what_a_proxy_answers_itself_is_asked_for_once_and_no_credential_is_the_answer(
    own: Answer, words: str, *, told: bool, proxied: Callable[..., None]
) -> None:
    name, scheme = (f"http://{NAME}", None) if told else (NAME, "auto")
    with refused() as gone, http_proxy(instead=own) as proxy:
        proxied(http=logged_in(proxy))
        with pytest.raises(ConnectFailed, match=f"the proxy {proxy.url} .*{words}"):
            tags(
                name=name,
                resolve={(NAME, 443): (gone.host, gone.port)},
                username=USER,
                password=PASSWORD,
                plain_http=scheme,
            )
        assert ["authorization" in request.headers for request in proxy.requests] == [False]


def test_what_a_registry_answers_behind_a_proxy_is_its_own(proxied: Callable[..., None]) -> None:
    denied = failure(403, "DENIED", "no", headers={"Server": "nginx"})
    with serving(denied) as plain, http_proxy({PLAIN: plain}) as proxy:
        proxied(http=proxy.url)
        with pytest.raises(Refused, match="DENIED"):
            tags(name=f"http://{NAME}")


def test_a_proxy_that_takes_a_plain_request_and_says_nothing_is_named(proxied: Callable[..., None]) -> None:
    with http_proxy(mute=True, user=PROXY_USER, password=PROXY_PASSWORD) as proxy:
        proxied(http=logged_in(proxy))
        with Client(bounds=replace(QUICK, first_byte_slow=0.3)) as client, pytest.raises(TimedOut) as caught:
            list(client.tags(f"http://{NAME}/app"))
    assert f"(through the proxy {proxy.url}) took the request and did not answer" in str(caught.value)


# Which rule chose it.


def test_the_rule_that_chose_the_proxy_is_told(certificates: Certificates, proxied: Callable[..., None]) -> None:
    said: list[Event] = []
    with tls(REGISTRY, certificates.good()) as server, http_proxy({SECURE: server}) as proxy:
        proxied(https=proxy.url)
        assert tags(certificates.client(), on_event=said.append) == ["v1"]
        chosen = [event.text for event in said if event.name == "Proxy"]
    assert chosen == [f"{NAME} through the proxy {proxy.url} (HTTPS_PROXY)"]


def test_the_rule_that_goes_around_it_is_told_and_stands_in_the_error(proxied: Callable[..., None]) -> None:
    with refused() as gone, http_proxy() as proxy:
        proxied(https=proxy.url, no="elsewhere.test, .registry.test, registry.test")
        with pytest.raises(ConnectFailed, match=r"without a proxy \(NO_PROXY entry registry.test\)"):
            tags(resolve={(NAME, 443): (gone.host, gone.port)}, plain_http="never")
        assert proxy.requests == ()


def test_loopback_is_never_proxied(proxied: Callable[..., None]) -> None:
    with serving(REGISTRY) as server, http_proxy() as proxy:
        proxied(https=proxy.url, http=proxy.url)
        assert tags(name=server.address) == ["v1"]
        assert proxy.requests == ()


@pytest.mark.parametrize("what", ["dead", "silent", "mute"])
def test_a_proxy_that_is_not_there_is_named(what: str, proxied: Callable[..., None]) -> None:
    kinds: dict[str, Callable[[], AbstractContextManager[Place | Listener]]] = {
        "dead": refused,
        "silent": black_hole,
        "mute": mute,
    }
    with kinds[what]() as proxy:
        proxied(https=f"http://{PROXY_USER}:hidden@{proxy.address}")
        with pytest.raises(ConnectFailed) as caught:
            tags()
    assert f"through the proxy http://{proxy.address} (HTTPS_PROXY)" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_where_only_the_proxy_knows_the_name_its_words_are_the_error(proxied: Callable[..., None]) -> None:
    with refused() as secure, http_proxy({SECURE: secure}) as proxy:
        proxied(https=proxy.url)
        with pytest.raises(ConnectFailed, match="was refused by the proxy"):
            tags(plain_http="auto")


def test_a_proxy_that_cannot_be_understood_is_a_wrong_setting(proxied: Callable[..., None]) -> None:
    proxied(https="ftp://u:hidden@proxy.test")
    with pytest.raises(InvalidSettings, match="HTTPS_PROXY") as caught:
        tags()
    assert "hidden" not in str(caught.value)


# Token servers and redirects go through proxies, too.


def test_a_token_server_elsewhere_is_asked_through_the_proxy(
    certificates: Certificates, proxied: Callable[..., None]
) -> None:
    from boxship.testing import TokenServer

    tokens = TokenServer(USER, PASSWORD)
    registry = ScriptedRegistry(tags=["v1"], access=bearer("https://another.test/token", tokens))
    with (
        tls(registry, certificates.good()) as server,
        tls(tokens, certificates.good()) as elsewhere,
        http_proxy({SECURE: server, "another.test:443": elsewhere}) as proxy,
    ):
        proxied(https=proxy.url)
        with pytest.raises((ConnectFailed, CredentialFailed)):  # its certificate is registry.test's: it was reached
            tags(certificates.client(), username=USER, password=PASSWORD)
        assert "another.test:443" in {request.target for request in proxy.requests}


def test_a_server_error_of_the_proxy_on_a_plain_request_is_retried_and_said(proxied: Callable[..., None]) -> None:
    with http_proxy(instead=Answer(502)) as proxy:
        proxied(http=proxy.url)
        with pytest.raises(UnexpectedAnswer, match="502"):
            tags(name=f"http://{NAME}")
        assert len(proxy.requests) == 3
