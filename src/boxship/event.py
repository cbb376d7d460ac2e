"""What happened on the way to an answer, as plain values.

Trace lines, progress, the doctor's timeline and an error's story are readers of one stream of these. Who collects
them is `connect/trace`'s business.
"""

from __future__ import annotations

__all__ = ["Event", "Fact", "Listener"]

import time
from collections.abc import Callable, Mapping

from boxship.value import dataclass, field

Fact = str | int | float | tuple[tuple[str, str], ...]
"""A fact beside an event's text: a word, a number, or the headers of a message."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        name: `ConnectStart`, `TLSHandshakeDone`, `Request`, ...: the words of Go's httptrace where it has one.
        text: the facts in one line, without secrets: `tcp 10.0.0.5:443`.
        at: when, in seconds since the epoch.
        source: the file and line that said so, `dial.py:112`.
        level: `I` for what is expected, `W` for what a person should look at, `D` for details (headers).
        facts: the same for programs (docs/trace.md): `{"connection": 1, "address": "10.0.0.5:443"}`. What is costly is
            there only if somebody listened.
    """

    name: str
    text: str
    at: float
    source: str = ""
    level: str = "I"
    facts: Mapping[str, Fact] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        """The line in klog's shape: `I1123 16:30:01.044838 dial.py:112] ConnectStart: tcp 10.0.0.5:443`."""
        moment = time.localtime(self.at)
        micros = int(self.at % 1 * 1_000_000)
        stamp = f"{moment.tm_mon:02}{moment.tm_mday:02} {time.strftime('%H:%M:%S', moment)}.{micros:06}"
        # A server's words may be among the facts: one event is one line, and sends a terminal nothing.
        text = self.text if self.text.isprintable() else "".join(c if c.isprintable() else " " for c in self.text)
        return f"{self.level}{stamp} {self.source}] {self.name}: {text}"


Listener = Callable[[Event], None]
"""Who is told. One whose attribute `details` is false is not told what is costly to tell: requests' details."""
