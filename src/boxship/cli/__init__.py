"""The command line: crane's verbs and more, on `Client`."""

from __future__ import annotations

__all__ = ()

import gc

# Imports make many objects and no garbage: to look for it as seldom as this saves 2 of a listing's 80 ms.
gc.set_threshold(50_000, 20, 20)
