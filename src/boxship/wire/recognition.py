"""Whether an answer is a registry's, or that of a captive portal, a proxy or some other program."""

from __future__ import annotations

__all__ = ["not_a_registry"]

from urllib.parse import urlsplit

from boxship.spec.fields import Malformed, parse_object
from boxship.wire.message import Head
from boxship.wire.printable import printable

_API_VERSION = "docker-distribution-api-version"


def not_a_registry(head: Head, body: bytes) -> str:
    """Return why this answer to `GET /v2/` is no registry's, or '' where it is one's.

    A registry says its API version, challenges with Basic or Bearer, or answers with a JSON document or error of the
    specification.
    """
    if 300 <= head.status < 400:
        return f"it redirects to {_host(head.get('location')) or 'another path'}"
    if head.get(_API_VERSION).startswith("registry/2."):
        return ""
    from boxship.wire.failure import middlebox_words, parse_failures  # noqa: PLC0415 -- seldom needed, see `client`

    if head.status == 401 and _challenges(head):
        return ""
    if parse_failures(body) or (head.status == 200 and _is_object(body)):
        return ""
    words = middlebox_words(head.get("content-type"), body)
    wanted = _wanted(head) if head.status == 401 else ""
    return f"it answers {head.status}{wanted}{f' with {words}' if words else ''}"


def _host(location: str) -> str:
    """The host and port that a Location names, without what may stand before them: a user's name and password."""
    try:
        return printable(urlsplit(location).netloc.rpartition("@")[2])
    except ValueError:
        return "what is no URL"


def _challenges(head: Head) -> bool:
    return not {"basic", "bearer"}.isdisjoint(_asked_for(head))


def _wanted(head: Head) -> str:
    """What another program asks for, as a proxy for Negotiate."""
    schemes = printable(", ".join(_asked_for(head)))
    return f" and wants {schemes}" if schemes else " without a challenge"


def _asked_for(head: Head) -> tuple[str, ...]:
    from boxship.wire.challenge import parse_challenges  # noqa: PLC0415 -- the same

    return tuple(challenge.scheme for challenge in parse_challenges(head.all("www-authenticate")))


def _is_object(body: bytes) -> bool:
    try:
        parse_object(body)
    except Malformed:
        return False
    return True
