"""What values are made with: `dataclasses`, finished when they are first used.

A type checker knows them as what they are, dataclasses; why they are made otherwise is told in `unfinished`.
"""

from __future__ import annotations

__all__ = ["dataclass", "field", "fields", "replace"]

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, replace
else:
    from boxship.unfinished import dataclass, field, fields, replace
