"""What stands between a client and a registry: token servers, helpers, proxies, TLS, and what is remembered of them."""

from __future__ import annotations

__all__ = ["TARGETS"]

import tempfile
from collections.abc import Iterable
from pathlib import Path

from boxship.auth.helper import _credential
from boxship.auth.process import Outcome
from boxship.auth.realm import Realm
from boxship.auth.scope import Scope, pull
from boxship.auth.token import parse_token, token_request
from boxship.connect.certificate_request import asks_for_certificate
from boxship.connect.evidence import Evidence
from boxship.connect.memory import Memory, key_of
from boxship.connect.tunnel import TunnelFailed, tunnel
from boxship.errors import CredentialFailed, InvalidSettings
from boxship.server.access.htpasswd import parse_htpasswd
from boxship.settings.proxies import Proxy
from boxship.transport.retry import retry_after
from fuzz.target import Target, sliced, target

_REALM = Realm.parse("https://auth.corp/token?account=a")
_PROXIES = tuple(
    Proxy.parse(url, "HTTPS_PROXY") for url in ("http://u:hunter2@proxy.corp", "socks5://u:hunter2@proxy.corp")
)


@target(
    CredentialFailed,
    words="token access_token refresh_token expires_in issued_at scope repository:app:pull access eyJ . 1e999",
)
def token(data: bytes) -> None:
    """A token server's answer has a token that a header can carry, and for how long, or is `CredentialFailed`."""
    found = parse_token(data, _REALM, 1000.0)
    assert found.until >= 1000.0
    assert found.authorization.reveal().isascii()
    assert isinstance(found.grant.covers(pull("app")), bool)
    assert isinstance(found.grant.words, str)


@target(CredentialFailed, longest=1024, words="https:// http:// ? # & service= [::1] 169.254.169.254")
def realm(data: bytes) -> None:
    """The URL of a token server can be asked, or is `CredentialFailed`; scopes are read again as they are written."""
    text = data.decode("latin-1")
    scopes = Scope.parse(text)
    assert Scope.parse(" ".join(map(str, scopes))) == scopes
    found = Realm.parse(text)
    assert token_request(found, "reg", scopes, None).encode("auth.corp")


@target(CredentialFailed, longest=1024, words="Username Secret ServerURL <token> credentials_not_found")
def helper(data: bytes) -> None:
    """What a credential helper answers is a credential, or none, or `CredentialFailed`."""
    found = _credential("docker-credential-x", "reg.corp", Outcome(0, data, b""), source="here")
    assert found is None or isinstance(found.username, str)


@target(longest=2048, words="HTTP/1.1 200 407 502 Content-Length: Proxy-Authenticate: Basic \x05 \x00 \x01")
def proxy_answer(data: bytes) -> None:
    """A proxy's answer opens the tunnel or says why not, the same in whatever pieces it comes, without the log-in."""
    for proxy in _PROXIES:
        assert _held(proxy, [data]) == _held(proxy, map(bytes, sliced(data, 1)))


def _held(proxy: Proxy, pieces: Iterable[bytes]) -> Evidence | bool:
    conversation = tunnel(proxy, "reg.corp", 443, "boxship/1")
    conversation.begin()
    try:
        for piece in pieces:
            if piece:
                conversation.receive(piece)
    except TunnelFailed as error:
        assert "hunter2" not in f"{error} {error!r}"
        assert str(error).isprintable()
        return error.evidence
    return conversation.open


@target(longest=1024)
def server_hello(data: bytes) -> None:
    """What a server of TLS 1.2 says has asked for a certificate, or has not."""
    assert isinstance(asks_for_certificate(data), bool)


@target(longest=2048, words="version host port road here seen at address evidence plain tls-verified reg.corp")
def memory(data: bytes) -> None:
    """A file of the memory is what would be written so, or is nothing; what is remembered is recalled."""
    key = key_of("reg.corp", 5000, "10.0.0.1", None)
    assert key
    with tempfile.TemporaryDirectory() as folder:
        kept = Memory(Path(folder))
        kept.recall(key, 0.0)
        for file in (*Path(folder).iterdir(), Path(folder, "0123456789abcdef.json")):
            file.write_bytes(data)
        found = kept.recall(key, 0.0)
        assert found is None or found.address
        assert all(one.host for one, _ in kept.known("reg.corp"))


@target(InvalidSettings, words="ana: $2y$10$ $apr1$ # \\n 31")
def htpasswd(data: bytes) -> None:
    """A text is names and hashes of bcrypt, or `InvalidSettings` with the line."""
    hashes = parse_htpasswd(data.decode("utf-8", "replace"), "htpasswd")
    assert all(name and hashed.startswith("$2") for name, hashed in hashes.items())


@target(words="Mon, 01 Jan 2024 00:00:00 GMT +0000 -9999 99999999999999999999")
def patience(data: bytes) -> None:
    """A `Retry-After` is some seconds, or says nothing."""
    seconds = retry_after(data.decode("latin-1"), 1_700_000_000.0)
    assert seconds is None or seconds >= 0


TARGETS: tuple[Target, ...] = (token, realm, helper, proxy_answer, server_hello, memory, htpasswd, patience)
