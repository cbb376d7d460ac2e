"""Tokens of the registry's own: whom it believes, and what a token is good for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.access.rights import Right
from boxship.server.access.token_scope import Allowed, asked
from boxship.server.access.tokens import SECONDS, Tokens
from boxship.server.registry import Settings
from boxship.server.routes import RESOURCES
from boxship.wire.challenge import parse_challenges
from tests.server.content import digest, image, push_image
from tests.server.driver import Driver
from tests.server.people import As, add, basic, remove

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
ALLOWED = Allowed({"team/app": frozenset({Right.PULL})})


def pem(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def key_file(folder: Path, key: Any = KEY) -> str:
    file = folder / f"{id(key)}.pem"
    file.write_bytes(pem(key))
    return str(file)


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


# What is believed.


def test_what_it_signs_it_reads_for_as_long_as_that_is_good() -> None:
    clock = Clock()
    tokens = Tokens([KEY], clock=clock)
    token = tokens.sign("alice", ALLOWED)
    for _ in range(2):  # verified, and known
        claims = tokens.read(token)
        assert claims
        assert (claims.subject, claims.allowed) == ("alice", ALLOWED)
    clock.now += SECONDS + 9
    assert Tokens([KEY], clock=clock).read(token) is not None  # another replica's clock may be behind
    clock.now += 2
    assert tokens.read(token) is None
    clock.now -= 2 * SECONDS
    assert Tokens([KEY], clock=clock).read(token) is None  # not yet


def test_tokens_are_known_up_to_a_size_and_those_that_are_over_go_first() -> None:
    clock = Clock()
    tokens = Tokens([KEY], clock=clock)
    wide = Allowed({f"team/{'x' * 90}/{number}": frozenset({Right.PULL}) for number in range(60)})

    def know(times: int) -> list[int]:
        """How many are known after each new one."""
        counts = []
        for _ in range(times):
            assert tokens.read(tokens.sign("", wide))
            counts.append(len(tokens._known))
        return counts

    first = know(300)
    clock.now += SECONDS + 20
    fresh = know(800)
    size = len(next(iter(tokens._known)))
    most = 4 * 1024 * 1024 // size
    assert first[-1] == 300
    assert max(fresh) == most
    assert most - 300 + 1 in fresh  # only those of now, with the one that did not fit
    assert tokens._size == sum(map(len, tokens._known)) <= 4 * 1024 * 1024


def test_a_second_key_is_believed_and_the_first_one_signs() -> None:
    old, new, both = Tokens([OTHER]), Tokens([KEY]), Tokens([KEY, OTHER])
    assert both.read(old.sign("alice", ALLOWED))
    assert new.read(both.sign("alice", ALLOWED))
    assert new.read(old.sign("alice", ALLOWED)) is None


def claims_of(token: Secret) -> dict[str, Any]:
    return dict(jwt.decode(token.reveal(), options={"verify_signature": False}))


def kid_of(token: Secret) -> str:
    return str(jwt.get_unverified_header(token.reveal())["kid"])


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def forged() -> Iterator[tuple[str, str]]:
    good = Tokens([KEY]).sign("alice", ALLOWED)
    claims, kid = claims_of(good), kid_of(good)
    body = good.reveal().split(".")[1]
    public = KEY.public_key()
    yield "nothing", ""
    yield "no token", "a.b.c"
    yield "tampered", f"{good.reveal().split('.')[0]}.{part(claims | {'sub': 'bob'})}.{good.reveal().split('.')[2]}"
    yield "alg none", f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}."
    yield "alg None, signed", f"{part({'alg': 'None', 'typ': 'JWT', 'kid': kid})}.{body}.{good.reveal().split('.')[2]}"
    for what, secret in (
        ("the raw public key", public.public_bytes_raw()),
        ("the public key in PEM", public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    ):
        head = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{body}"
        mac = base64.urlsafe_b64encode(hmac.digest(secret, head.encode(), hashlib.sha256)).rstrip(b"=").decode()
        yield f"HS256 with {what}", f"{head}.{mac}"
    own = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64.urlsafe_b64encode(OTHER.public_key().public_bytes_raw()).decode(),
    }
    for name, value in (
        ("jwk", own),
        ("jku", "http://127.0.0.1/keys"),
        ("x5u", "http://127.0.0.1/cert"),
        ("x5c", ["AAAA"]),
        ("crit", ["exp"]),
        ("b64", False),
        ("zip", "DEF"),
    ):
        yield f"{name}, by a stranger", jwt.encode(claims, OTHER, "EdDSA", headers={"kid": kid, name: value})
        yield f"{name}, by ourselves", jwt.encode(claims, KEY, "EdDSA", headers={"kid": kid, name: value})
    yield "no kid", jwt.encode(claims, KEY, "EdDSA")
    for kid_text in ("", "../../etc/passwd", "' OR 1=1 --"):
        yield f"kid {kid_text!r}", jwt.encode(claims, KEY, "EdDSA", headers={"kid": kid_text})
    yield "ES256", jwt.encode(claims, generate_private_key(SECP256R1()), "ES256", headers={"kid": kid})
    for name in ("exp", "iat", "nbf", "sub", "aud", "iss", "jti", "access"):
        less = {key: value for key, value in claims.items() if key != name}
        yield f"without {name}", jwt.encode(less, KEY, "EdDSA", headers={"kid": kid})
    changes: list[dict[str, Any]] = [
        {"aud": "another"},
        {"iss": "another"},
        {"sub": 7},
        {"exp": "soon"},
        {"exp": 0},
        {"nbf": claims["nbf"] + 3600},
        {"access": "everything"},
        {"access": [{"type": "repository", "name": "team/app", "actions": ["everything"]}]},
        {"access": ["x" * 20_000]},
    ]
    for number, change in enumerate(changes):
        yield (
            f"with another {next(iter(change))}, {number}",
            jwt.encode(claims | change, KEY, "EdDSA", headers={"kid": kid}),
        )


@pytest.mark.parametrize("text", [pytest.param(text, id=what) for what, text in forged()])
def test_what_is_forged_or_says_too_much_is_not_believed(text: str) -> None:
    assert Tokens([KEY]).read(Secret(text)) is None


@pytest.mark.parametrize(
    "content", [b"", b"no key", pem(generate_private_key(SECP256R1())), pem(KEY).replace(b"PRIVATE", b"PUBLIC")]
)
def test_a_file_without_such_a_key_is_told_with_how_to_make_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(InvalidSettings, match="openssl genpkey") as raised:
        Tokens.open([tmp_path / "key"])
    assert "PRIVATE" not in str(raised.value)
    for none in (tmp_path / "absent", tmp_path):
        with pytest.raises(InvalidSettings, match="openssl genpkey"):
            Tokens.open([none])


# What is given.


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("tokens")
    settings = Settings(token_key=(key_file(folder),), anonymous=("pull:public/*",), allow_delete=True)
    with Driver(folder / "registry", settings=settings) as registry:
        add(registry.folder, "root", push="**", delete="**")
        for repository in ("team/app", "public/app", "secret/app"):
            push_image(As(registry, basic("root")), repository, "v1")
        add(registry.folder, "alice", pull="team/*", push="team/own/*")
        add(registry.folder, "creator", create="team/*")
        yield registry


def token(registry: Driver, who: str, *scopes: str) -> str:
    query = "&".join(f"scope={quote(scope)}" for scope in scopes)
    reply = registry("GET", f"/auth/token?service=localhost:5000&{query}", headers=basic(who) if who else {})
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    body = reply.json()
    assert body["token"] == body["access_token"]
    assert (body["expires_in"], bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["issued_at"]))) == (
        300,
        True,
    )
    return str(body["token"])


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def access(text: str) -> dict[str, list[str]]:
    return {entry["name"]: entry["actions"] for entry in claims_of(Secret(text))["access"]}


def test_who_shows_nothing_is_sent_for_a_token(guarded: Driver) -> None:
    for path, scope in (
        ("/v2/", None),
        ("/v2/team/app/manifests/v1", "repository:team/app:pull"),
        ("/v2/_catalog", None),
    ):
        reply = guarded("GET", path)
        if path == "/v2/_catalog":
            assert reply.json() == {"repositories": ["public/app"]}
            continue
        assert reply.refusal == (401, "UNAUTHORIZED")
        (challenge,) = parse_challenges([reply.headers["www-authenticate"]])
        assert challenge.scheme == "bearer"
        assert challenge.parameters.get("scope") == scope
        assert challenge.realm == "http://localhost:5000/auth/token"
        assert challenge.parameters["service"] == "localhost:5000"


def test_a_host_that_is_none_stands_in_no_challenge(guarded: Driver) -> None:
    reply = guarded("GET", "/v2/team/app/manifests/v1", headers={"host": 'evil",realm="http://evil'})
    assert "evil" not in reply.headers.get("www-authenticate", "")


def test_a_user_gets_what_is_theirs_of_what_is_asked_for(guarded: Driver) -> None:
    asked_for = ("repository:team/app:pull,push", "repository:secret/app:pull", "repository:team/own/x:*")
    expected = {"team/app": ["pull"], "team/own/x": ["pull", "push"]}
    assert {
        name: [a for a in actions if a != "create"]
        for name, actions in access(token(guarded, "alice", *asked_for)).items()
    } == expected
    together = token(guarded, "alice", " ".join(asked_for))
    assert access(together).keys() == expected.keys()
    assert access(token(guarded, "creator", "repository:team/x:pull,push")) == {"team/x": ["create", "pull"]}
    assert access(token(guarded, "", "repository:public/app:pull,push", "repository:team/app:pull")) == {
        "public/app": ["pull"]
    }
    assert access(token(guarded, "alice")) == {}


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "repository",
        "repository:team/app",
        "repository:TEAM/app:pull",
        "repository:team/../app:pull",
        "a:b:c",
        "::",
        "repository:team/app:fly",
        "registry:users:*",
        "repository:a" + "/a" * 200 + ":pull",
    ],
)
def test_a_scope_that_is_none_allows_nothing(guarded: Driver, scope: str) -> None:
    assert access(token(guarded, "root", scope)) == {}


def test_a_wrong_password_gets_no_token_and_is_asked_for_another(guarded: Driver) -> None:
    for shown in (
        basic("alice", "wrong"),
        basic("nobody"),
        {"authorization": "Basic !"},
        bearer(token(guarded, "alice")),
    ):
        reply = guarded("GET", "/auth/token", headers=shown)
        assert reply.refusal == (401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"].startswith("Basic ")


def test_a_token_is_good_for_what_it_says_and_for_nothing_else(guarded: Driver) -> None:
    shown = bearer(token(guarded, "root", "repository:team/app:pull"))
    assert guarded("GET", "/v2/team/app/manifests/v1", headers=shown).status == 200
    assert guarded("GET", "/v2/", headers=shown).status == 200
    refused = guarded("POST", "/v2/team/app/blobs/uploads/", headers=shown)
    assert refused.status == 401
    (challenge,) = parse_challenges([refused.headers["www-authenticate"]])
    assert challenge.parameters["scope"] == "repository:team/app:pull,push"
    assert guarded("GET", "/v2/secret/app/manifests/v1", headers=shown).status == 401


def test_a_password_is_still_as_good_as_a_token(guarded: Driver) -> None:
    assert guarded("GET", "/v2/team/app/manifests/v1", headers=basic("alice")).status == 200


def test_anybody_pulls_what_is_public_as_docker_does(guarded: Driver) -> None:
    assert guarded("GET", "/v2/").status == 401
    shown = bearer(token(guarded, "", "repository:public/app:pull"))
    assert guarded("GET", "/v2/public/app/manifests/v1", headers=shown).status == 200
    assert guarded("GET", "/v2/team/app/manifests/v1", headers=shown).status == 401


def test_who_may_never_is_told_that_another_token_is_needed(guarded: Driver) -> None:
    shown = bearer(token(guarded, "alice", "repository:secret/app:pull"))
    refused = guarded("GET", "/v2/secret/app/manifests/v1", headers=shown)
    assert refused.refusal == (401, "UNAUTHORIZED")
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert guarded("GET", "/v2/secret/app/manifests/v1", headers=basic("alice")).refusal == (403, "DENIED")


def test_what_was_taken_from_somebody_is_gone_from_their_tokens_at_once(guarded: Driver) -> None:
    add(guarded.folder, "bob", pull="team/*")
    shown = bearer(token(guarded, "bob", "repository:team/app:pull"))
    assert guarded("GET", "/v2/team/app/manifests/v1", headers=shown).status == 200
    add(guarded.folder, "bob", pull="other/*")
    assert guarded("GET", "/v2/team/app/manifests/v1", headers=shown).status == 401
    remove(guarded.folder, "bob")
    gone = guarded("GET", "/v2/team/app/manifests/v1", headers=shown)
    assert gone.status == 401
    assert 'error="invalid_token"' in gone.headers["www-authenticate"]


def test_a_list_of_repositories_shows_what_the_user_may_see(guarded: Driver) -> None:
    shown = bearer(token(guarded, "alice", "registry:catalog:*"))
    assert guarded("GET", "/v2/_catalog", headers=shown).json() == {"repositories": ["team/app"]}
    narrow = bearer(token(guarded, "root", "repository:team/app:pull"))
    assert guarded("GET", "/v2/_catalog", headers=narrow).json() == {"repositories": ["team/app"]}
    nothing = guarded("GET", "/v2/_catalog", headers=bearer(token(guarded, "root")))
    assert nothing.status == 401
    assert 'scope="registry:catalog:*"' in nothing.headers["www-authenticate"]


def test_a_blob_is_mounted_only_from_where_the_token_reaches(guarded: Driver) -> None:
    layer = digest(b"layer")
    target = f"/v2/team/new/blobs/uploads/?mount={layer}&from=team/app"
    own = bearer(token(guarded, "root", "repository:team/new:pull,push"))
    assert guarded("POST", target, headers=own).status == 202
    assert guarded("POST", f"/v2/team/new/blobs/uploads/?mount={layer}", headers=own).status == 202
    both = bearer(token(guarded, "root", "repository:team/new:pull,push", "repository:team/app:pull"))
    assert guarded("POST", target, headers=both).status == 201


def test_without_a_key_there_are_no_tokens(registry: Driver) -> None:
    assert registry("GET", "/auth/token").status == 404


def test_a_told_url_is_where_tokens_are(tmp_path: Path) -> None:
    settings = Settings(token_key=(key_file(tmp_path),), url="https://reg.corp")
    with Driver(tmp_path / "registry", settings=settings) as registry:
        add(registry.folder, "alice", pull="**")
        (challenge,) = parse_challenges([registry("GET", "/v2/").headers["www-authenticate"]])
    assert (challenge.realm, challenge.parameters["service"]) == ("https://reg.corp/auth/token", "reg.corp")


# Each route with each scope.

SCOPES = {
    "nothing": (),
    "pull": ("pull",),
    "push": ("push",),
    "pull, push": ("pull", "push"),
    "delete": ("delete",),
    "everything": ("*",),
}
NEEDED = {Right.PULL: "pull", Right.CREATE: "push", Right.DELETE: "delete"}
ROWS = [
    (resource.path, method, route.right)
    for resource in RESOURCES
    for method, route in resource.routes.items()
    if "<name>" in resource.path
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("path", "method", "right"), ROWS)
def test_a_route_takes_a_token_with_its_right(
    guarded: Driver, path: str, method: str, right: Right, scope: str
) -> None:
    given = SCOPES[scope]
    shown = bearer(token(guarded, "root", f"repository:team/matrix:{','.join(given)}"))
    target = path.replace("<name>", "team/matrix").replace("<digest>", digest(b"absent")).replace("?", "")
    target = target.replace("<reference>", "absent").replace("<session>", "0d9b1d3c-1df7-4a3f-9e55-6cdd4d2b1c5a")
    body = image(b"x") if method == "PUT" else b""
    kind = {"content-type": "application/vnd.oci.image.manifest.v1+json"} if method == "PUT" else {}
    status = guarded(method, target, body, {**shown, **kind}).status
    assert (status != 401) == bool({"*", NEEDED[right]} & set(given)), status
    other = target.replace("team/matrix", "team/another")
    assert guarded(method, other, body, {**shown, **kind}).status == 401


def test_scopes_beyond_a_bound_are_not_read() -> None:
    from boxship.server.access.rights import EVERYTHING, Caller

    scopes = [f"repository:a{number}:pull" for number in range(1000)]
    assert len(asked(scopes, Caller("root", EVERYTHING)).repositories) == 64
