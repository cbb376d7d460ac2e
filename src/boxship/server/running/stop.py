"""Being told to stop: by a signal, or by the process that started this one. Told again, it stops at once."""

from __future__ import annotations

__all__ = ["Stop", "on_signals"]

import asyncio
import signal
import sys
import threading
from collections.abc import Callable

from boxship.value import dataclass, field


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether to stop, and whether to stop at once."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        """Ask for it; the second time means at once."""
        (self.at_once if self.asked.is_set() else self.asked).set()


def on_signals(react: Callable[[], None], *numbers: signal.Signals) -> None:
    """Call `react` in the running loop on each of these signals, where this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in numbers:
        if sys.platform == "win32":  # whose event loops take no handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(react))
        else:
            loop.add_signal_handler(number, react)
