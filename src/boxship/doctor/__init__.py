"""Where it is stuck on the way to a registry, and what to do: every layer looked at, and a verdict in plain words."""

from __future__ import annotations

__all__ = ["Check", "Remedy", "Report", "Status", "examine", "examine_with_secret"]

from boxship.doctor.examine import examine
from boxship.doctor.report import Check, Remedy, Report, Status
from boxship.doctor.secret import examine_with_secret
