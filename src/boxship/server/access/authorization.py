"""The credential that a request brings, read from its head; whether it is good is `deciding`'s."""

from __future__ import annotations

__all__ = ["Headers", "Unreadable", "basic", "shown"]

import base64
import binascii
from collections.abc import Sequence

from boxship.credential import Secret

Headers = Sequence[tuple[bytes, bytes]]


class Unreadable(Exception):
    """There are several credentials, or one that is none."""


def shown(headers: Headers) -> tuple[bytes, bytes]:
    """The scheme, in lower case, and the credential; both are empty where the request brings none."""
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) > 1:
        raise Unreadable
    scheme, _, given = (values or [b""])[0].partition(b" ")
    return scheme.lower(), given.strip()


def basic(scheme: bytes, encoded: bytes) -> tuple[str, Secret] | None:
    """The name and password (RFC 7617), None where the request brings none."""
    if not scheme:
        return None
    if scheme != b"basic":
        raise Unreadable
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise Unreadable from error
    name, colon, password = _text(decoded).partition(":")
    if not colon or "\0" in name:
        raise Unreadable
    # containers/image answers a challenge without a credential so (docker_client.go, setupRequestAuth).
    return (name, Secret(password)) if name or password else None


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")  # what clients send who do not know of `charset`
