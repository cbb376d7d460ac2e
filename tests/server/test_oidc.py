"""Tokens of other systems: whom they are believed for, and the ways of forging one that once worked somewhere."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from boxship.credential import Secret
from boxship.errors import BoxshipError, InvalidSettings
from boxship.issuer import Issuer
from boxship.server.access.issuer_keys import FetchedKeys
from boxship.server.access.issuers import Issuers
from boxship.server.access.jwks import Key, parse_keys
from boxship.server.registry import Settings
from boxship.testing import Answer, Request, serving
from tests.server.content import push_image
from tests.server.driver import Driver, Reply
from tests.server.people import As, add, basic
from tests.server.test_tokens import bearer, key_file

URL = "https://issuer.test"
AUDIENCE = "reg.corp"
RSA, EC, OKP = generate_rsa(65537, 2048), generate_ec(SECP256R1()), Ed25519PrivateKey.generate()
OTHER, SMALL = generate_rsa(65537, 2048), generate_rsa(65537, 1024)
NOW = int(time.time())
CLAIMS: Mapping[str, Any] = {"iss": URL, "aud": AUDIENCE, "sub": "repo:corp/app", "exp": NOW + 300, "owner": "corp"}
GRANTS = f"""
[[grant]]
issuer = "{URL}"
claims = {{ owner = "corp" }}
repositories = ["team/*"]
rights = ["push"]
"""


def published(**more: Any) -> str:
    """The keys as the issuer publishes them, with what the registry is not to use."""
    keys = [
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256", "use": "sig"},
        {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "ec"},
        {**OKPAlgorithm.to_jwk(OKP.public_key(), as_dict=True), "kid": "okp"},
        {**RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True), "kid": "enc", "use": "enc"},
        {"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode(), "kid": "oct", "alg": "HS256"},
        {**RSAAlgorithm.to_jwk(SMALL.public_key(), as_dict=True), "kid": "small"},
        {"kty": "RSA", "kid": "broken", "n": "AQAB"},
        more,
    ]
    return json.dumps({"keys": keys})


def test_keys_that_sign_are_found_each_with_one_algorithm() -> None:
    keys = parse_keys(published(), "keys")
    assert {name: key.algorithm for name, key in keys.named.items()} == {"rsa": "RS256", "ec": "ES256", "okp": "EdDSA"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}', '{"keys": 1}']
)
def test_what_holds_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^keys"):
        parse_keys(text, "keys")


class Known:
    """A source that has the keys."""

    def __init__(self) -> None:
        self._keys = parse_keys(published(), "keys")

    async def find(self, name: str | None) -> Key | None:
        return self._keys.find(name)


def read(text: str, now: float = NOW) -> str | None:
    issuers = Issuers({URL: Known()}, AUDIENCE, clock=lambda: now)
    identity = asyncio.run(issuers.read(Secret(text)))
    return identity.name if identity else None


@pytest.mark.parametrize(
    ("key", "algorithm", "name"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (OKP, "EdDSA", "okp")]
)
def test_what_an_issuer_signed_for_this_registry_is_believed(key: Any, algorithm: str, name: str) -> None:
    for claims in (CLAIMS, {**CLAIMS, "aud": ["x", AUDIENCE], "nbf": NOW + 30, "iat": NOW + 30}):
        text = jwt.encode(dict(claims), key, algorithm, headers={"kid": name, "x5t": "as Azure has it"})
        assert read(text) == f"repo:corp/app@{URL}"
    assert read(text, NOW + 359) is not None  # a clock may be late
    assert read(text, NOW + 361) is None


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def signed(claims: Mapping[str, Any], key: Any = RSA, algorithm: str = "RS256", /, **head: Any) -> str:
    return jwt.encode(dict(claims), key, algorithm, headers={"kid": "rsa"} | head)


def forged() -> Iterator[tuple[str, str]]:
    good = signed(CLAIMS)
    head, body, signature = good.split(".")
    yield "nothing", ""
    yield "tampered", f"{head}.{part({**CLAIMS, 'owner': 'evil'})}.{signature}"
    yield "a stranger", signed(CLAIMS, OTHER)
    yield "a key for something else", signed(CLAIMS, OTHER, kid="enc")
    for word in ("none", "None", "NONE", "nOnE"):
        yield f"alg {word}", f"{part({'alg': word, 'typ': 'JWT', 'kid': 'rsa'})}.{body}."
        yield f"alg {word}, signed", f"{part({'alg': word, 'typ': 'JWT', 'kid': 'rsa'})}.{body}.{signature}"
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for kid, secret in (
        ("rsa", pem),
        ("rsa", pem.strip()),
        ("oct", b"s" * 32),
        ("okp", OKP.public_key().public_bytes_raw()),
    ):
        text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{body}"
        mac = base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).rstrip(b"=").decode()
        yield f"HS256 with {kid}, {len(secret)}", f"{text}.{mac}"
    yield "another algorithm of the same key", signed(CLAIMS, RSA, "PS256")
    yield "another algorithm of the same key, RS512", signed(CLAIMS, RSA, "RS512")
    own = RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True)
    heads: tuple[tuple[str, Any], ...] = (
        ("jwk", own),
        ("jku", "http://127.0.0.1/keys"),
        ("x5u", "http://127.0.0.1/cert"),
        ("x5c", ["AAAA"]),
        ("crit", ["exp"]),
        ("crit", ["bork"]),
        ("b64", False),
        ("zip", "DEF"),
    )
    for number, (name, value) in enumerate(heads):
        yield f"{name} {number}, by a stranger", signed(CLAIMS, OTHER, **{name: value})
        yield f"{name} {number}, by the issuer", signed(CLAIMS, RSA, **{name: value})
    yield "no kid of several", jwt.encode(dict(CLAIMS), RSA, "RS256")
    for kid in ("", "unknown", "../../etc/passwd", "' OR 1=1 --"):
        yield f"kid {kid!r}", signed(CLAIMS, kid=kid)
    yield "kid that is no text", f"{part({'alg': 'RS256', 'kid': ['rsa']})}.{body}.{signature}"
    for name in ("exp", "aud", "iss", "sub"):
        yield f"without {name}", signed({key: value for key, value in CLAIMS.items() if key != name})
    changes: tuple[tuple[str, Any], ...] = (
        ("aud", "another"),
        ("aud", []),
        ("aud", {AUDIENCE: 1}),
        ("iss", f"{URL}/"),
        ("iss", "https://evil.test"),
        ("iss", [URL]),
        ("exp", NOW - 61),
        ("exp", "soon"),
        ("nbf", NOW + 61),
        ("nbf", "soon"),
    )
    for number, (name, value) in enumerate(changes):
        yield f"another {name}, {number}", _unchecked({**CLAIMS, name: value})
    yield "longer than any", signed({**CLAIMS, "more": "x" * 20_000})
    yield "a megabyte of dots", "." * 1_000_000
    yield "dots", "ey" + "." * 1000
    yield "deep", f"{head}.{base64.urlsafe_b64encode(b'[' * 6000).decode()}.{signature}"


def _unchecked(claims: Mapping[str, Any]) -> str:
    """Signed rightly, whatever the claims are."""
    text = f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'rsa'})}.{part(claims)}"
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(text.encode(), RSA)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("text", [pytest.param(text, id=what) for what, text in forged()])
def test_what_is_forged_or_for_somebody_else_is_not_believed(text: str) -> None:
    assert read(text) is None


# Where keys come from.


class Said:
    """An issuer whose answers a test writes."""

    url, file = URL, ""

    def __init__(self) -> None:
        self.text, self.asked = published(), 0

    def fetch(self) -> str:
        self.asked += 1
        if not self.text:
            raise BoxshipError("nobody answers")
        return self.text


def test_an_issuer_is_asked_once_a_minute_whatever_names_of_keys_come() -> None:
    async def work() -> None:
        now, said = 1000.0, Said()
        keys = FetchedKeys(said, clock=lambda: now)
        found = await asyncio.gather(*(keys.find(f"made up {number}") for number in range(1000)))
        assert set(found) == {None}
        assert said.asked == 1
        assert await keys.find("rsa")  # the good ones are still good
        said.text = published(**{**OKPAlgorithm.to_jwk(OKP.public_key(), as_dict=True), "kid": "new"})
        assert await keys.find("new") is None
        now += 61
        assert await keys.find("new")
        assert said.asked == 2

    asyncio.run(work())


def test_keys_count_for_a_day_where_the_issuer_is_away_and_nobody_waits_for_fresh_ones() -> None:
    async def work() -> None:
        now, said = 1000.0, Said()
        keys = FetchedKeys(said, clock=lambda: now)
        assert await keys.find("rsa")
        said.text = ""
        for _ in range(23):
            now += 3600
            assert await keys.find("rsa")
            await asyncio.sleep(0.01)
        assert said.asked > 10
        now += 7200
        assert await keys.find("rsa") is None
        said.text = published()
        now += 61
        assert await keys.find("rsa")

    asyncio.run(work())


@contextmanager
def website(pages: Mapping[str, str]) -> Iterator[str]:
    """An issuer on loopback; `{url}` in a page is its own."""
    url = ""

    def answer(request: Request) -> Answer:
        assert "authorization" not in request.headers
        page = pages.get(request.target)
        return Answer(200, body=page.replace("{url}", url).encode()) if page else Answer(404)

    with serving(answer) as server:
        url = f"http://{server.address}/realms/a"
        yield url


DISCOVERY = "/realms/a/.well-known/openid-configuration"


def test_an_issuer_says_where_its_keys_are() -> None:
    said = '{"issuer": "{url}", "jwks_uri": "{url}/keys"}'
    with website({DISCOVERY: said, "/realms/a/keys": published()}) as url:
        assert Issuer.parse(url).fetch() == published()


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ({}, "404"),
        ({DISCOVERY: "<html>"}, "does not say"),
        ({DISCOVERY: '{"issuer": "https://evil.test", "jwks_uri": "{url}/keys"}'}, "another one"),
        ({DISCOVERY: '{"issuer": "{url}"}'}, "does not say"),
        ({DISCOVERY: '{"issuer": "{url}", "jwks_uri": "http://10.0.0.1/keys"}'}, "HTTPS"),
        ({DISCOVERY: '{"issuer": "{url}", "jwks_uri": "file:///etc/passwd"}'}, "does not say"),
        ({DISCOVERY: '{"issuer": "{url}", "jwks_uri": "{url}/absent"}'}, "404"),
    ],
)
def test_one_that_says_something_else_is_not_believed(pages: Mapping[str, str], why: str) -> None:
    with website(pages) as url, pytest.raises(BoxshipError) as caught:
        Issuer.parse(url).fetch()
    assert why in str(caught.value)


@pytest.mark.parametrize("text", ["http://issuer.test", "issuer.test", "ftp://issuer.test", "https://", ""])
def test_an_issuer_speaks_https(text: str) -> None:
    with pytest.raises(InvalidSettings, match="--oidc-issuer"):
        Issuer.parse(text)


# What a registry makes of them.


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "keys").write_text(published())
    (folder / "grants.toml").write_text(GRANTS)
    issuer = Issuer.parse(f"{URL}={folder / 'keys'}")
    settings = Settings(
        oidc_issuer=(issuer,), oidc_audience=AUDIENCE, grants=str(folder / "grants.toml"), token_key=(key_file(folder),)
    )
    with Driver(folder / "registry", settings=settings) as registry:
        assert registry("GET", "/v2/_catalog").status == 401  # there are rules, though there is no user yet
        add(registry.folder, "root", push="**")
        yield registry


def ask(registry: Driver, repository: str, shown: dict[str, str], method: str = "GET") -> Reply:
    body = b"" if method == "GET" else b"{}"
    target = "manifests/v1" if method == "GET" else "blobs/uploads/"
    return registry(method, f"/v2/{repository}/{target}", body if method == "PUT" else b"", headers=shown)


def ways(registry: Driver, claims: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """A token as it is, as docker's password, and exchanged for one of the registry's own."""
    text = signed(claims)
    yield bearer(text)
    yield basic("oidc", text)
    for shown in (bearer(text), basic("whoever", text)):
        scope = quote("repository:team/app:pull,push")
        reply = registry("GET", f"/auth/token?scope={scope}&scope=registry:catalog:*", headers=shown)
        if reply.status == 200:
            yield bearer(reply.json()["token"])


def test_a_workload_may_do_what_its_claims_are_granted(guarded: Driver) -> None:
    claims = {**CLAIMS, "exp": time.time() + 60}
    push_image(As(guarded, bearer(signed(claims))), "team/app", "v1")
    found = list(ways(guarded, claims))
    assert len(found) == 4
    for shown in found:
        assert ask(guarded, "team/app", shown).status == 200
        assert ask(guarded, "team/app", shown, "POST").status == 202
        assert ask(guarded, "other/app", shown).status in (401, 403)
        assert guarded("GET", "/v2/_catalog", headers=shown).json() == {"repositories": ["team/app"]}


def test_one_that_nothing_is_granted_may_nothing(guarded: Driver) -> None:
    for shown in ways(guarded, {**CLAIMS, "owner": "evil", "exp": time.time() + 60}):
        assert ask(guarded, "team/app", shown).status in (401, 403)
        assert ask(guarded, "team/app", shown, "POST").status in (401, 403)


def test_one_whose_time_is_over_is_told_so(guarded: Driver) -> None:
    reply = ask(guarded, "team/app", bearer(signed({**CLAIMS, "exp": time.time() - 100})))
    assert reply.refusal == (401, "UNAUTHORIZED")
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_a_user_cannot_be_called_like_a_workload(guarded: Driver) -> None:
    with pytest.raises(InvalidSettings, match="colon"):
        add(guarded.folder, f"repo:corp/app@{URL}", push="**")


def test_a_registry_wants_to_know_whom_tokens_are_for(tmp_path: Path) -> None:
    from boxship.server.access.admission import open_access

    (tmp_path / "keys").write_text(published())
    issuer = (Issuer.parse(f"{URL}={tmp_path / 'keys'}"),)
    with pytest.raises(InvalidSettings, match="--oidc-audience"):
        open_access(Settings(oidc_issuer=issuer), None)
    open_access(Settings(oidc_issuer=issuer, url="https://reg.corp"), None).close()
