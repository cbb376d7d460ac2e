"""What a server was asked, kept in a file that outlives it: one JSON document a line, with the time.

A file, because the server may be a program in a network namespace. The time is the clock's, as in a trace's events.
"""

from __future__ import annotations

__all__ = ["Asked", "asked", "recording"]

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from boxship.testing import Answer, Answering, Request

# The last one is a header of the user's own, as the tests give one.
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-mine"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it arrived, when (`time.time`), and whether over TLS."""

    at: float
    method: str
    target: str
    headers: Mapping[str, str]
    body: str
    tls: bool

    @property
    def secret(self) -> bool:
        """Whether it carries what nobody else should read: a credential, a token, a cookie, or an upload."""
        return bool(self.body or _SECRET_HEADERS & self.headers.keys() or "token=" in self.target)


def recording(answer: Answer | Answering, file: Path) -> Answering:
    """`answer`, with each request written to `file` before it is answered."""
    lock = threading.Lock()

    def recorded(request: Request) -> Answer:
        fields = {
            "at": time.time(),
            "method": request.method,
            "target": request.target,
            "headers": dict(request.headers),
            "body": request.body.decode("latin-1"),
            "tls": request.secure,
        }
        with lock, file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(fields) + "\n")
        return answer if isinstance(answer, Answer) else answer(request)

    return recorded


def asked(file: Path) -> tuple[Asked, ...]:
    """Every request in `file`, in the order they came; none where nobody has asked."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return tuple(Asked(**json.loads(line)) for line in lines)
