"""What says who may do what in a registry, and what it keeps: grants, keys and tokens of issuers, limits, retention."""

from __future__ import annotations

__all__ = ["TARGETS"]

import asyncio

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.access.grants import parse_grants
from boxship.server.access.issuers import Issuers
from boxship.server.access.jwks import Key, Keys, parse_keys
from boxship.server.access.rights import Right
from boxship.server.limits import parse_limits
from boxship.server.registry import Settings
from boxship.server.upkeep.retention import Tag, parse_retention
from fuzz.target import Target, target

_URL = "https://issuer.corp"
_JWK = '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
_TAGS = tuple(Tag(1, "ci/app", name, "sha256:x", 1000.0 * number) for number, name in enumerate(("a", "v1", "latest")))


@target(InvalidSettings, longest=2048, words='[[grant]] user issuer claims repositories rights "push" = { } * ** {a}')
def grants(data: bytes) -> None:
    """A file grants what can be looked up, whatever names and claims are, or is `InvalidSettings`."""
    found = parse_grants(data.decode("utf-8", "replace"), "grants", issuers={_URL})
    rights = found.of_user("alice"), found.of_claims(_URL, {"a": "team/app", "groups": ["x", 1, None], "n": 7})
    assert all(isinstance(each.cover(Right.PUSH, "team/app"), bool) for each in rights)


@target(
    InvalidSettings, longest=4096, words='{"keys":[{"kty":"RSA","n":"e":"AQAB","crv":"P-256","x":"y":"kid":"use":"alg":'
)
def issuer_keys(data: bytes) -> None:
    """A JWK set has keys, each with one algorithm that no public key can be abused with, or is `InvalidSettings`."""
    found = parse_keys(data.decode("utf-8", "replace"), "keys")
    assert found.named
    assert all(key.algorithm[:2] in ("RS", "PS", "ES", "Ed") for key in found.named.values())


class _Known:
    """An issuer with one key, whose private half nobody here has."""

    def __init__(self) -> None:
        self._keys: Keys = parse_keys(_JWK, "keys")

    async def find(self, name: str | None) -> Key | None:
        return self._keys.find(name)


@target(longest=20_000, words="eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ . eyJ alg none kid iss aud exp crit")
def vouched(data: bytes) -> None:
    """No bytes at all are a token of an issuer that has signed nothing."""
    issuers = Issuers({_URL: _Known()}, "reg.corp", clock=lambda: 1.0)
    assert asyncio.run(issuers.read(Secret(data.decode("latin-1")))) is None


@target(
    InvalidSettings,
    longest=1024,
    words="rate in-flight largest-blob reserve quota quota-tags immutable read-only = [ ]",
)
def limits_file(data: bytes) -> None:
    """A file of limits changes nothing else, or is `InvalidSettings`."""
    found = parse_limits(data.decode("utf-8", "replace"), "limits", settings=Settings(page_size=7))
    assert (found.page_size, found.htpasswd, found.allow_delete) == (7, "", False)
    assert found.rate >= 0
    assert found.in_flight >= 0


@target(InvalidSettings, longest=1024, words="[[rule]] repositories keep keep-days match exclude untagged = [ ] ** v*")
def retention(data: bytes) -> None:
    """A file of rules takes only tags that there are, and keeps as many as it says, or is `InvalidSettings`."""
    found = parse_retention(data.decode("utf-8", "replace"), "retention")
    rule = found.rule("ci/app")
    if rule:
        gone = found.gone(rule, _TAGS, 1e9)
        assert set(gone) <= set(_TAGS)
        assert len(gone) <= max(0, len(_TAGS) - rule.newest)


TARGETS: tuple[Target, ...] = (grants, issuer_keys, vouched, limits_file, retention)
