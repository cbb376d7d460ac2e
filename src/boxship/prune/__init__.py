"""What of repositories may go: a plan that is made by rules, reviewed, and done exactly as it is written."""

from __future__ import annotations

__all__ = ["InUse", "Part", "Plan", "Rules", "apply_plan", "make_part", "parse_plan"]

from boxship.prune.applying import apply_plan
from boxship.prune.plan import Part, Plan, parse_plan
from boxship.prune.planning import InUse, make_part
from boxship.prune.rules import Rules
