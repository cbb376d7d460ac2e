"""Every setting that holds for a place, with who says so and what lost to it. Nothing is dialled."""

from __future__ import annotations

__all__ = ["Explanation", "Lost", "Setting", "explain", "why"]

from boxship.explain.explain import explain
from boxship.explain.explanation import Explanation
from boxship.explain.setting import Lost, Setting
from boxship.explain.why import why
