"""Validating an image wherever it is."""

from __future__ import annotations

__all__ = ["validate_image"]

from boxship.formats.ends import Where, source_end
from boxship.image.validate import Validated, validate
from boxship.registry.operations import Operations
from boxship.verbs.copying import Chosen, copying


def validate_image(operations: Operations, where: Where, *, platforms: Chosen, fast: bool, jobs: int) -> Validated:
    """See whether an image is what it says it is."""
    with copying(operations, platforms, jobs) as way, source_end(operations, where) as end:
        return validate(end.store, end.name, platforms=platforms or (), fast=fast, crew=way.crew, work=way.work)
