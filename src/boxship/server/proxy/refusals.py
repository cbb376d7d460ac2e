"""What is answered where an upstream did not give what it was asked for."""

from __future__ import annotations

__all__ = ["passing", "refusal", "schema_1"]

import math

from boxship.errors import (
    BoxshipError,
    ContentMismatch,
    CredentialFailed,
    NotFound,
    RateLimited,
    Refused,
    RegistryError,
    Schema1,
    Unreachable,
)
from boxship.server.answer import Refusal

_AGAIN = 10  # seconds after which it may be asked for again


def passing(error: BoxshipError) -> bool:
    """Whether it says nothing of what was asked for: somebody is away, busy or broken, and what is here still holds."""
    if isinstance(error, NotFound | Refused | Schema1):
        return False
    return isinstance(error, Unreachable | RegistryError | ContentMismatch)


def refusal(error: BoxshipError, whose: str, unknown: str) -> Refusal:
    """The answer for the error of `whose` upstream; `unknown` is the code where there is no such thing."""
    if isinstance(error, NotFound):
        return Refusal(404, unknown, f"{whose} has no such thing")
    if isinstance(error, RateLimited):
        wait = {"retry-after": str(math.ceil(error.retry_after) or 1)}
        return Refusal(429, "TOOMANYREQUESTS", f"{whose} was asked too often", headers=wait)
    if isinstance(error, Refused | CredentialFailed):
        return Refusal(403, "DENIED", f"{whose} does not let this cache read it")
    if isinstance(error, Unreachable):
        again = {"retry-after": str(_AGAIN)}
        return Refusal(503, "UNKNOWN", f"{whose} cannot be reached", headers=again)
    if isinstance(error, Schema1):
        return schema_1(whose)
    said = f"{error.what}: {error.why}" if error.why else error.what
    return Refusal(502, "UNKNOWN", f"{whose} does not answer as it should: {said}")


def schema_1(whose: str) -> Refusal:
    """The answer for an image in the form of before 2017, whichever one its tag named before."""
    why = "which is not kept: pull it from there, or have it pushed anew by a program of 2017 or later"
    return Refusal(502, "MANIFEST_UNKNOWN", f"{whose} has this image in Docker's schema 1, {why}")
