"""Error bodies: what a registry says went wrong (the specification's "Error Codes").

Which of boxship's errors a status becomes is `registry/answers`'s decision.
"""

from __future__ import annotations

__all__ = ["Failure", "middlebox_words", "parse_failures", "printable", "write_failures"]

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from boxship.spec.fields import Malformed, parse_object

_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,120})", re.IGNORECASE)
_LONGEST_DETAIL = 300  # characters of a server's own words that an error repeats


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of an error body: a code of the specification, the server's words, and its detail as JSON text."""

    code: str
    message: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return printable(f"{self.code}: {self.message}" if self.message else self.code)


def parse_failures(body: bytes) -> tuple[Failure, ...]:
    """Return the failures in an error body; empty where it is none of the specification's."""
    try:
        fields = parse_object(body)
        return tuple(
            Failure(
                code=entry.text("code") or "UNKNOWN",
                message=entry.text("message"),
                detail=json.dumps(entry.values.get("detail")) if entry.has("detail") else "",
            )
            for entry in fields.objects("errors")
        )
    except Malformed:
        return ()


def write_failures(failures: Iterable[Failure]) -> bytes:
    """The error body that says `failures`."""
    entries = [
        {
            "code": failure.code,
            "message": failure.message,
            **({"detail": json.loads(failure.detail)} if failure.detail else {}),
        }
        for failure in failures
    ]
    return json.dumps({"errors": entries}, separators=(",", ":")).encode()


def middlebox_words(content_type: str, body: bytes) -> str:
    """What an answer that is not a registry's seems to say: a page's title, or its first words; may be empty."""
    title = _TITLE.search(body)
    if title:
        return f"an HTML page, {printable(title.group(1).decode('utf-8', 'replace').strip())!r}"
    if "html" in content_type or body.lstrip()[:1] == b"<":
        return "an HTML page"
    return printable(body[:_LONGEST_DETAIL].decode("utf-8", "replace").strip())


def printable(text: str) -> str:
    """A stranger's words as a terminal may show them: no escape sequence, one line, and not without end."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept if len(kept) <= _LONGEST_DETAIL else f"{kept[:_LONGEST_DETAIL]}…"
