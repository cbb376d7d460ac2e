"""Images that files name, looked at where they are: whether each is there, for the platform, and as it was locked."""

from __future__ import annotations

__all__ = ["Audited", "Finding", "Lock", "Reading", "Report", "Text", "Use", "Uses", "Wanted", "audit", "uses_in"]

from boxship.audit.examine import Wanted, audit
from boxship.audit.lock import Lock
from boxship.audit.report import Audited, Finding, Report
from boxship.audit.sources import Reading, uses_in
from boxship.audit.use import Text, Use, Uses
