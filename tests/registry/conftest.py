"""The rule that a test leaves no connection and no thread behind."""

from __future__ import annotations

from tests.transport.conftest import _nothing_is_left, authority, impatient

__all__ = ["_nothing_is_left", "authority", "impatient"]
