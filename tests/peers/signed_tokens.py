"""A token server whose tokens CNCF distribution takes: signed, with the claims of its token specification."""

from __future__ import annotations

__all__ = ["SERVICE", "TokenAuth", "signing"]

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from boxship.testing import Answer, Answering, Request, TokenServer, json_answer
from tests.peers.certificates import Certificate

SERVICE = "registry.test"
_ISSUER = "tokens of the tests"
_LIFE = 300


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """How a registry asks for tokens: where they are given, and the root of who signs them."""

    realm: str
    root: Path

    @property
    def config(self) -> Mapping[str, str]:
        """As distribution's configuration says it (`auth.token`)."""
        return {"realm": self.realm, "service": SERVICE, "issuer": _ISSUER, "rootcertbundle": str(self.root)}


def signing(tokens: TokenServer, certificate: Certificate, *, grants: bool = True) -> Answering:
    """`tokens`, which judges who may have one, with signed tokens instead of its own; without `grants`, for nothing."""
    key = load_pem_private_key(certificate.key.read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    leaf = x509.load_pem_x509_certificate(certificate.chain.read_bytes()).public_bytes(Encoding.DER)

    def answer(request: Request) -> Answer:
        given = tokens(request)
        if given.status != 200:
            return given
        issued = tokens.issued[-1]
        claims = _claims(issued.user, issued.scopes if grants else ())
        return json_answer({"token": _signed(claims, key, leaf), "expires_in": _LIFE})

    return answer


def _claims(user: str, scopes: tuple[str, ...]) -> Mapping[str, object]:
    now = int(time.time())
    times = {"exp": now + _LIFE, "nbf": now - 10, "iat": now}
    access = [_access(scope) for scope in scopes]
    return {"iss": _ISSUER, "sub": user, "aud": SERVICE, **times, "jti": secrets.token_hex(8), "access": access}


def _access(scope: str) -> Mapping[str, object]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _signed(claims: Mapping[str, object], key: EllipticCurvePrivateKey, leaf: bytes) -> str:
    header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(leaf).decode()]}
    written = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(key.sign(written.encode(), ECDSA(SHA256())))
    return f"{written}.{_part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
