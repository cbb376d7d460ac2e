from __future__ import annotations

import pytest

from boxship import Client
from boxship.connect.address import Address
from boxship.connect.verdict import Origin
from boxship.errors import BoxshipError, TLSFailed, UnexpectedAnswer
from boxship.testing import (
    Answer,
    ScriptedRegistry,
    Server,
    http_proxy,
    instead,
    redirect_loop,
    redirect_to,
    redirects,
    serving,
    tls,
)
from boxship.testing import Request as Received
from boxship.transport.redirect import Hop, follow
from boxship.wire.message import Head, Request
from tests.transport.reaching import Authority, failing, repository, tags

GOOD = ScriptedRegistry()
LAYER = GOOD.image.layers[0]
DIGEST = next(digest for digest, content in GOOD.image.blobs.items() if content == LAYER)
ASKED = Request("GET", "/v2/a/blobs/x?q=1", {"Accept": "a/b", "Authorization": "Bearer s", "X-Own": "s", "Range": "r"})
TLS, PLAIN = Origin("https", "reg.corp", 443), Origin("http", "reg.corp", 80)


OUTSIDE, HERE, INSIDE = Address.of("203.0.113.9", 443), Address.of("127.0.0.1", 443), Address.of("10.0.0.9", 443)


def hop(location: str, origin: Origin = TLS, asked: Request = ASKED, dialled: Address | None = HERE) -> Hop:
    return follow(asked, Head.of(307, "", [("Location", location)]), origin, dialled)


@pytest.mark.parametrize(
    ("location", "origin", "path", "tls_port"),
    [
        ("/v2/b", TLS, "/v2/b", None),
        ("y?t=1", TLS, "/v2/a/blobs/y?t=1", None),
        ("?t=1", TLS, "/v2/a/blobs/x?t=1", None),
        ("https://reg.corp/b", TLS, "/b", None),
        ("https://REG.corp:443/b", TLS, "/b", None),
        ("//reg.corp/b", TLS, "/b", None),
        ("https://reg.corp", TLS, "/", None),
        ("http://reg.corp/b", TLS, "/b", None),
        ("https://reg.corp/b", PLAIN, "/b", 443),
        ("https://reg.corp:8443/b", PLAIN, "/b", 8443),
        ("http://reg.corp/b#part", PLAIN, "/b", None),
        ("/b c/\xc3\xbc", TLS, "/b%20c/%C3%BC", None),
        ("/b?x=a b", TLS, "/b?x=a%20b", None),
    ],
)
def test_the_same_host_keeps_its_connection(location: str, origin: Origin, path: str, tls_port: int | None) -> None:
    taken = hop(location, origin)
    assert (taken.registry, taken.request.path, taken.tls_port) == (None, path, tls_port)
    assert taken.request.headers == ASKED.headers


@pytest.mark.parametrize(
    ("location", "registry", "path"),
    [
        ("https://cdn.corp/b?sig=1", "https://cdn.corp", "/b?sig=1"),
        ("https://reg.corp:8443/b", "https://reg.corp:8443", "/b"),
        ("//cdn.corp/b", "https://cdn.corp", "/b"),
        ("https://[2001:db8::1]:99/b", "https://[2001:db8::1]:99", "/b"),
        ("http://127.0.0.1:9000/b", "http://127.0.0.1:9000", "/b"),
        ("http://localhost/b", "http://localhost", "/b"),
        ("https://registry-1.docker.io/v2/", "https://registry-1.docker.io", "/v2/"),
    ],
)
def test_another_host_is_asked_with_accept_and_range_alone(location: str, registry: str, path: str) -> None:
    taken = hop(location)
    assert (str(taken.registry), taken.request.path, taken.tls_port) == (registry, path, None)
    assert taken.request.headers == {"Accept": "a/b", "Range": "r"}


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://cdn.corp/b", "plain HTTP at another host"),
        ("http://10.0.0.5/b", "plain HTTP at another host"),
        ("http://169.254.169.254/latest", "link-local or metadata address"),
        ("https://169.254.169.254/latest", "link-local or metadata address"),
        ("https://[fe80::1]/b", "link-local or metadata address"),
        ("https://[::ffff:169.254.169.254]/b", "link-local or metadata address"),
        ("https://metadata.google.internal/", "link-local or metadata address"),
        ("ftp://cdn.corp/b", "leads nowhere"),
        ("file:///etc/passwd", "leads nowhere"),
        ("javascript:alert(1)", "leads nowhere"),
        ("https://[::1/b", "is no URL"),
        ("https://[x]/b", ""),
        ("https://cdn.corp:99999/b", "a port is a number"),
        ("https://reg.corp:port/b", "a port is a number"),
        ("https://cdn_corp!/b", "no host name"),
        ("https://me:hunter2@cdn.corp/b", "a user's name"),
        ("https://127.1/b", "no IPv4 address"),
    ],
)
def test_what_is_not_followed(location: str, why: str) -> None:
    error = failing(lambda: hop(location))
    assert isinstance(error, UnexpectedAnswer)
    assert why in error.why
    assert "hunter2" not in f"{error!r} {error} {error.__cause__!r}"


WITHIN = [
    "http://127.0.0.1:9000/b",
    "https://127.0.0.1/b",
    "http://[::1]/b",
    "https://[::ffff:127.0.0.1]/b",
    "https://0.0.0.0/b",
    "http://localhost/b",
    "https://LOCALHOST./b",
    "https://app.localhost/b",
    "https://10.0.0.5/b",
    "https://[fd00::5]/b",
]


@pytest.mark.parametrize("dialled", [OUTSIDE, None], ids=["outside", "behind a proxy"])
@pytest.mark.parametrize("location", WITHIN)
def test_a_registry_outside_leads_nobody_inside(location: str, dialled: Address | None) -> None:
    error = failing(lambda: hop(location, dialled=dialled))
    assert "a private or loopback address" in error.why


@pytest.mark.parametrize("dialled", [HERE, INSIDE], ids=["here", "private"])
@pytest.mark.parametrize("location", WITHIN)
def test_a_registry_inside_leads_where_it_likes_there(location: str, dialled: Address) -> None:
    assert hop(location, dialled=dialled).registry


def test_a_registry_that_is_named_by_its_private_address_is_inside_behind_a_proxy_as_well() -> None:
    assert hop("https://10.0.0.6/b", Origin("https", "10.0.0.5", 443), dialled=None).registry


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_changes_something_is_not_sent_elsewhere(method: str) -> None:
    error = failing(lambda: hop("https://cdn.corp/b", asked=Request(method, "/v2/")))
    assert f"a {method} is not sent elsewhere" in error.why


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_blob_is_fetched_from_where_it_is(status: int) -> None:
    with serving(Answer(200, LAYER)) as store:
        away = instead(GOOD, "/blobs/", redirect_to(f"{store.url}/b?sig=hunter2", status))
        with serving(away) as server, Client() as client:
            assert client.read_blob(f"{repository(server)}@{DIGEST}") == LAYER
    assert [request.target for request in store.requests] == ["/b?sig=hunter2"]
    assert set(store.requests[0].headers) <= {"host", "user-agent", "accept", "accept-encoding", "range"}


def test_a_name_that_leads_to_this_machine_may_lead_on_to_it() -> None:
    with serving(Answer(200, LAYER)) as store:
        away = instead(GOOD, "/blobs/", redirect_to(f"{store.url}/b"))
        with serving(away) as server, Client(resolve={("reg.test", 80): _at(server)}) as client:
            assert client.read_blob(f"http://reg.test/app@{DIGEST}") == LAYER


def test_what_a_proxy_dials_leads_nobody_to_their_own_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Answer(200, LAYER)) as store:
        away = instead(GOOD, "/blobs/", redirect_to(f"{store.url}/b"))
        with serving(away) as server, http_proxy({"reg.test:80": server}) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            with Client() as client:
                error = failing(lambda: client.read_blob(f"http://reg.test/app@{DIGEST}"))
        assert store.requests == ()
    assert "a private or loopback address" in error.why


def test_a_relative_redirect_stays_on_the_connection() -> None:
    def moved(request: Received) -> Answer:
        return redirect_to("list?here=1") if request.target.endswith("list") else GOOD(request)

    with serving(moved) as server, Client() as client:
        assert tags(client, server) == ["latest", "v1", "v2"]
        assert len(server.connections) == 1


def test_a_loop_is_found() -> None:
    with serving(redirect_loop()) as server, Client() as client:
        error = failing(lambda: tags(client, server))
        assert len(server.requests) <= 4
    assert isinstance(error, UnexpectedAnswer)
    assert "redirects in a loop" in error.what


@pytest.mark.parametrize(("hops", "listed"), [(10, True), (11, False)])
def test_ten_redirects_are_followed_and_no_eleventh(hops: int, listed: bool) -> None:  # noqa: FBT001 -- a row
    with serving(redirects(Answer(200, b'{"tags":["a"]}'), after=hops)) as server, Client() as client:
        if listed:
            assert tags(client, server) == ["a"]
        else:
            assert "redirects without end" in failing(lambda: tags(client, server)).what
        assert len(server.requests) == 11


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/v2/app/tags/other", "http://127.0.0.1/v2/x"])
def test_tls_stays_tls_on_the_same_host(location: str, authority: Authority) -> None:
    def down(request: Received) -> Answer:
        if request.path.endswith("list"):
            return redirect_to(location.format(port=request.headers["host"].rpartition(":")[2]))
        return Answer(200, b'{"tags":["a"]}')

    with tls(down, authority.server("127.0.0.1")) as server, Client(ca_file=authority.file) as client:
        assert tags(client, server) == ["a"]
        assert [request.secure for request in server.requests] == [True, True]


def test_plain_that_redirects_to_tls_is_tls_from_then_on(authority: Authority) -> None:
    with tls(GOOD, authority.server("reg.test")) as secure:
        up = redirect_to("https://reg.test/v2/app/tags/list")
        with serving(up) as plain:
            places = {("reg.test", 80): _at(plain), ("reg.test", 443): _at(secure)}
            with Client(resolve=places, ca_file=authority.file) as client:
                for _ in range(2):
                    assert list(client.tags("http://reg.test/app")) == ["latest", "v1", "v2"]
            assert len(plain.requests) == 1
        assert len(secure.requests) == 2


def test_plain_that_redirects_to_tls_that_is_not_trusted_is_an_error(authority: Authority) -> None:
    with tls(GOOD, authority.server("reg.test")) as secure, serving(redirect_to("https://reg.test/v2/")) as plain:
        places = {("reg.test", 80): _at(plain), ("reg.test", 443): _at(secure)}
        with Client(resolve=places) as client:
            assert isinstance(failing(lambda: list(client.tags("http://reg.test/app"))), TLSFailed)
        assert secure.requests == ()


def test_where_a_redirect_leads_to_tls_on_another_port_the_host_is_named_with_it(authority: Authority) -> None:
    with tls(GOOD, authority.server("reg.test")) as secure:
        away = redirect_to("https://reg.test:8443/v2/app/tags/list")
        with serving(away) as plain:
            resolve = {("reg.test", 80): (plain.host, plain.port), ("reg.test", 8443): (secure.host, secure.port)}
            with Client(resolve=resolve, ca_file=authority.file) as client:
                assert list(client.tags("http://reg.test/app"))
        assert {request.headers["host"] for request in secure.requests} == {"reg.test:8443"}


@pytest.mark.parametrize("location", ["https://[::1/b", "https://x:99999/b", "", "ftp://x/b", "http://cdn.corp/b"])
def test_a_redirect_to_nowhere_is_said_to_be_one(location: str) -> None:
    with serving(redirect_to(location)) as server, Client() as client:
        error = failing(lambda: tags(client, server))
    assert isinstance(error, UnexpectedAnswer)


def test_a_redirect_of_a_redirect_shows_no_signature() -> None:
    seen = list[str]()
    with serving(redirect_to("ftp://x/")) as store:
        away = instead(GOOD, "/blobs/", redirect_to(f"{store.url}/b?sig=hunter2"))
        with serving(away) as server, Client(on_event=lambda event: seen.append(repr(event))) as client:
            error: BoxshipError = failing(lambda: client.read_blob(f"{repository(server)}@{DIGEST}"))
    assert "hunter2" not in f"{seen} {error!r} {error} {error.timeline}"


def _at(server: Server) -> tuple[str, int]:
    return server.host, server.port
