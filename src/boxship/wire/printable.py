"""A stranger's words, made fit for a terminal, a log line and an error."""

from __future__ import annotations

__all__ = ["LONGEST", "REMOVED", "printable"]

import binascii
import re

LONGEST = 300  # characters of a server's own words that are repeated
REMOVED = "(removed)"

# What programs that show errors to their developers repeat of a request: the value of Authorization (RFC 7617, 6750).
_AUTHORIZATION = re.compile(r"\b(basic|bearer)(\s+)([a-z0-9+/=._~-]+)", re.IGNORECASE | re.ASCII)
_SHORTEST_TOKEN = 20  # characters; "bearer authentication" is words


def printable(text: str) -> str:
    """The words on one line, without escape sequences, not without end, and without what authenticated the request."""
    text = _AUTHORIZATION.sub(_without_secret, text)
    if len(text) <= LONGEST and text.isprintable():
        return text
    kept = "".join(character if character.isprintable() else " " for character in text[: LONGEST + 1])
    return kept if len(kept) <= LONGEST else f"{kept[:LONGEST]}…"


def _without_secret(found: re.Match[str]) -> str:
    scheme, blank, value = found.groups()
    secret = _is_token(value) if scheme.lower() == "bearer" else _is_pair(value)
    return f"{scheme}{blank}{REMOVED}" if secret else found[0]


def _is_token(value: str) -> bool:
    return len(value) >= _SHORTEST_TOKEN and any(map(str.isdigit, value))


def _is_pair(value: str) -> bool:
    """Whether it is, or begins, a user name and a password in base64; in other words there is no colon."""
    text = value.rstrip("=")
    whole = text[:-1] if len(text) % 4 == 1 else text  # it may have been cut
    try:
        return b":" in binascii.a2b_base64(whole + "=" * (-len(whole) % 4))
    except binascii.Error:
        return False
