"""The grammar of repository names and tags (distribution-spec, "Pulling manifests").

References, which have a registry before the name, are `boxship.reference`'s; digests `boxship.digest`'s.
"""

from __future__ import annotations

__all__ = ["is_repository", "is_tag"]

import re

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_LONGEST_REPOSITORY = 255  # the specification notes it as what most clients hold to


def is_repository(text: str) -> bool:
    """Whether `text` is a repository's name, without a registry before it."""
    return len(text) <= _LONGEST_REPOSITORY and _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` is a tag."""
    return _TAG.fullmatch(text) is not None
