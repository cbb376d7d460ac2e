"""Error bodies: what a registry says went wrong (the specification's "Error Codes").

Which of boxship's errors a status becomes is `registry/remote`'s decision.
"""

from __future__ import annotations

__all__ = ["Failure", "middlebox_words", "parse_failures", "write_failures"]

import json
import re
from collections.abc import Iterable

from boxship.spec.fields import Malformed, parse_object
from boxship.value import dataclass
from boxship.wire.printable import LONGEST, printable

_TITLE = re.compile(rb"<title[^>]{0,200}>\s*([^<]{1,120})", re.IGNORECASE)
# S3, Google's, Azure's and CloudFront's stores of blobs: an Error with its Code and Message; Azure has more to say.
_STORE = re.compile(rb"<Error>\s*<Code>([^<]{1,100})</Code>")
_STORE_WORDS = re.compile(rb"<(?:Message|AuthenticationErrorDetail)>([^<\r\n]{1,150})")
_TITLE_WITHIN = 1 << 16  # bytes from the beginning: a page that has none is not searched to its end


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
    """What an answer that is not a registry's seems to say: a page's title, a store's error, its first words, or ''."""
    if store := _STORE.search(body, 0, _TITLE_WITHIN):
        words = b" ".join(_STORE_WORDS.findall(body, store.end(), _TITLE_WITHIN)[:2])
        return printable(b": ".join(filter(None, (store.group(1), words))).decode("utf-8", "replace"))
    title = _TITLE.search(body, 0, _TITLE_WITHIN)
    if title:
        return f"an HTML page, {printable(title.group(1).decode('utf-8', 'replace').strip())!r}"
    if "html" in content_type.lower() or body.lstrip()[:1] == b"<":
        return "an HTML page"
    return printable(body[:LONGEST].decode("utf-8", "replace").strip())
