from __future__ import annotations

import pytest

from boxship import Client
from boxship.auth.realm import Realm, refuse_address, refuse_realm
from boxship.connect.address import Address
from boxship.connect.verdict import Origin
from boxship.errors import CredentialFailed
from boxship.testing import Answer, ScriptedRegistry, Server, TokenServer, bearer, mute, serving, tls
from tests.transport.reaching import Authority, failing, repository

TLS, PLAIN = Origin("https", "reg.corp", 443), Origin("http", "reg.corp", 80)
LITERAL = Origin("https", "10.0.0.5", 443)


@pytest.mark.parametrize(
    ("realm", "origin"),
    [
        ("https://auth.corp/token", TLS),
        ("https://auth.corp:5001/token?x=y", TLS),
        ("https://reg.corp/token", TLS),
        ("https://203.0.114.7/token", TLS),
        ("https://auth.corp/token", PLAIN),
        ("http://reg.corp/token", PLAIN),
        ("http://REG.corp:5001/token", PLAIN),
        ("https://10.0.0.5:5001/token", LITERAL),
        ("https://auth.corp/token", LITERAL),
    ],
)
def test_a_token_server_that_is_asked(realm: str, origin: Origin) -> None:
    assert refuse_realm(Realm.parse(realm), origin) == ""


REFUSED = [
    ("http://reg.corp/token", TLS, "plain HTTP, and the registry speaks TLS"),
    ("http://auth.corp/token", TLS, "plain HTTP, and the registry speaks TLS"),
    ("http://auth.corp/token", PLAIN, "plain HTTP at another host"),
    ("https://169.254.169.254/latest", TLS, "link-local or metadata"),
    ("http://169.254.169.254/latest", PLAIN, "link-local or metadata"),
    ("https://169.254.1.1/", TLS, "link-local or metadata"),
    ("https://[fe80::1]/", TLS, "link-local or metadata"),
    ("https://[fd00:ec2::254]/", TLS, "link-local or metadata"),
    ("https://metadata.google.internal/x", TLS, "link-local or metadata"),
    ("https://METADATA.google.internal./x", TLS, "link-local or metadata"),
    ("https://100.100.100.200/", TLS, "link-local or metadata"),
    ("https://[::ffff:169.254.169.254]/", TLS, "link-local or metadata"),
    ("https://[::ffff:10.0.0.9]/", TLS, "private or loopback"),
    ("https://10.0.0.9/token", TLS, "private or loopback"),
    ("https://10.0.0.9/token", LITERAL, "private or loopback"),
    ("https://127.0.0.1/token", TLS, "private or loopback"),
    ("https://[::1]/token", TLS, "private or loopback"),
    ("https://192.168.1.1/token", PLAIN, "private or loopback"),
    ("https://[fc00::1]/token", TLS, "private or loopback"),
    ("https://0.0.0.0/token", TLS, "private or loopback"),
]


@pytest.mark.parametrize(("realm", "origin", "why"), REFUSED)
def test_a_token_server_that_is_not_asked(realm: str, origin: Origin, why: str) -> None:
    assert why in refuse_realm(Realm.parse(realm), origin)


NO_URL = [
    "",
    "registry",
    "/token",
    "//auth.corp/token",
    "ftp://auth.corp/",
    "javascript:alert(1)",
    "https://",
    "https://me:hunter2@auth.corp/token",
    "https://me@auth.corp/token",
    "https://[::1/token",
    "https://auth.corp:99999/",
    "https://auth.corp:x/",
    "https://127.1/token",
    "https://0x7f.1/token",
    "https://a b/token",
]


@pytest.mark.parametrize("realm", NO_URL)
def test_a_realm_that_is_no_url_of_a_token_server(realm: str) -> None:
    with pytest.raises(CredentialFailed) as caught:
        Realm.parse(realm)
    assert "hunter2" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("dialled", "registry", "refused"),
    [
        ("10.0.0.9", "203.0.114.7", True),
        ("127.0.0.1", "203.0.114.7", True),
        ("::1", "2a00::7", True),
        ("169.254.169.254", "10.0.0.5", True),
        ("169.254.169.254", "203.0.114.7", True),
        ("fe80::1", "10.0.0.5", True),
        ("fd00:ec2::254", "10.0.0.5", True),
        ("0.0.0.0", "203.0.114.7", True),
        ("198.51.100.9", "203.0.114.7", False),  # nobody's network, whatever Python's release calls private
        ("10.0.0.9", "10.0.0.5", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("8.8.8.8", "10.0.0.5", False),
        ("8.8.8.8", "9.9.9.9", False),
    ],
)
def test_where_the_name_of_a_token_server_leads(dialled: str, registry: str, refused: bool) -> None:  # noqa: FBT001 -- a row
    words = refuse_address(Realm.parse("https://auth.corp/"), Address.of(dialled, 443), Address.of(registry, 443))
    assert bool(words) is refused


def challenging(realm: str) -> Answer:
    return Answer(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="registry.test"'})


@pytest.mark.parametrize(
    "realm",
    [
        "http://127.0.0.2:{port}/token",
        "https://127.0.0.2:{port}/token",
        "https://[::1]:{port}/token",
        "https://10.0.0.9:{port}/token",
        "https://me:hunter2@127.0.0.1:{port}/token",
        "https://169.254.169.254:{port}/",
        "ftp://127.0.0.1:{port}/token",
    ],
)
def test_nothing_is_sent_to_a_token_server_that_is_refused(realm: str) -> None:
    with mute(host="127.0.0.2") as listener:
        with serving(challenging(realm.format(port=listener.port))) as server:
            with Client(username="ana", password="hunter3") as client:
                error = failing(lambda: client.digest(f"{repository(server)}:v1"))
            assert len(server.requests) == 1
        assert listener.connections == ()
    assert error.exit_status == 4
    assert "hunter" not in f"{error} {error!r} {error.timeline}"


def test_a_tls_registry_with_a_plain_realm_sends_nothing_there(authority: Authority) -> None:
    with mute() as listener:
        challenge = challenging(f"http://{listener.address}/token")
        with tls(challenge, authority.server("127.0.0.1")) as server:
            with Client(ca_file=authority.file, username="ana", password="hunter3") as client:
                error = failing(lambda: client.digest(f"{repository(server)}:v1"))
            assert all("authorization" not in request.headers for request in server.requests)
        assert listener.connections == ()
    assert "the registry speaks TLS" in error.why


def test_a_name_that_leads_inside_for_a_registry_outside_is_refused_before_anything_is_sent(
    authority: Authority,
) -> None:
    # The registry is made to look public: the address that was dialled decides.
    realm = Realm.parse("https://auth.corp/token")
    assert "inside this network" in refuse_address(realm, Address.of("127.0.0.1", 443), Address.of("8.8.8.8", 443))


def _token_server(authority: Authority, tokens: TokenServer) -> Server:
    return Server(tokens, context=authority.server("auth.test"))


def test_a_token_server_of_another_name_is_asked_over_tls(authority: Authority) -> None:
    tokens = TokenServer("ana", "secret")
    registry = ScriptedRegistry(access=bearer("https://auth.test/token", tokens))
    with _token_server(authority, tokens) as auth, tls(registry, authority.server("reg.test")) as server:
        at = (server.host, server.port)
        places = {("auth.test", 443): (auth.host, auth.port), ("reg.test", 443): at, ("reg.test", 80): at}
        with Client(resolve=places, ca_file=authority.file, username="ana", password="secret") as client:
            assert list(client.tags("reg.test/app")) == ["latest", "v1", "v2"]
        assert [request.secure for request in auth.requests] == [True]


def test_the_token_server_of_another_name_is_verified(authority: Authority) -> None:
    tokens = TokenServer("ana", "secret")
    registry = ScriptedRegistry(access=bearer("https://auth.test/token", tokens))
    with Server(tokens, context=authority.server("other.test")) as auth:
        with tls(registry, authority.server("reg.test")) as server:
            at = (server.host, server.port)
            places = {("auth.test", 443): (auth.host, auth.port), ("reg.test", 443): at, ("reg.test", 80): at}
            for flags in ({"insecure": True}, {"skip_tls_verify": True}):
                with Client(resolve=places, username="ana", password="secret", **flags) as client:  # type: ignore[arg-type] # flags
                    error = failing(lambda client=client: list(client.tags("reg.test/app")))  # type: ignore[misc] # a default
                assert error.exit_status == 5
        assert auth.requests == ()


def test_a_token_server_on_another_port_of_the_registrys_host_is_asked_there(authority: Authority) -> None:
    # GitLab: the registry on port 5050, the token server where the web pages are.
    tokens = TokenServer("ana", "secret")
    registry = ScriptedRegistry(access=bearer("https://git.test/jwt/auth", tokens))
    with (
        Server(tokens, context=authority.server("git.test")) as auth,
        tls(registry, authority.server("git.test")) as own,
    ):
        places = {("git.test", 443): (auth.host, auth.port), ("git.test", 5050): (own.host, own.port)}
        with Client(resolve=places, ca_file=authority.file, username="ana", password="secret") as client:
            assert list(client.tags("git.test:5050/app")) == ["latest", "v1", "v2"]
        assert [request.path for request in auth.requests] == ["/jwt/auth"]


def test_what_is_no_url_is_shown_as_far_as_it_is_no_secret() -> None:
    shown = {
        "": "the registry asks for a token of no server: its challenge has no realm",
        "ftp://auth.corp/t?key=s3cret": "'ftp://auth.corp/t(removed)', which is not asked",
        "me:s3cret@auth.corp/token": "'auth.corp/token', which is not asked",
        "\x1b[31mred": "[31mred', which is not asked",
        f"{'a' * 300}/s3cret": f"'{'a' * 200}', which is not asked",
    }
    for url, words in shown.items():
        with pytest.raises(CredentialFailed) as caught:
            Realm.parse(url)
        assert words in str(caught.value)
        assert "s3cret" not in f"{caught.value!r} {caught.value}"


def test_a_realms_query_is_shown_to_nobody() -> None:
    realm = Realm.parse("https://auth.corp/token?key=s3cret")
    assert realm.query == "key=s3cret"
    assert "s3cret" not in f"{realm} {realm!r}"
