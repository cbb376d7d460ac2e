"""The caller's words, read."""

from __future__ import annotations

__all__ = [
    "chosen_platform",
    "chosen_platforms",
    "named_reference",
    "named_references",
    "named_registry",
    "systems_or_platforms",
]

from collections.abc import Iterable
from typing import TYPE_CHECKING

from boxship.reference import Reference, Registry

if TYPE_CHECKING:
    from boxship.platform import Platform

# A platform asks the system what this machine is: it is imported where one is spoken of.
# ruff: noqa: PLC0415


def named_reference(value: Reference | str) -> Reference:
    """The reference, or the one that a text writes."""
    return value if isinstance(value, Reference) else Reference.parse(value)


def named_registry(value: Registry | str) -> Registry:
    """The registry, or the one that a text writes."""
    return value if isinstance(value, Registry) else Registry.parse(value)


def named_references(values: Reference | str | Iterable[Reference | str]) -> list[Reference]:
    """The references; one alone needs no list around it."""
    return [named_reference(value) for value in ([values] if isinstance(values, Reference | str) else values)]


def chosen_platforms(values: Iterable[Platform | str] | None) -> tuple[Platform, ...] | None:
    """The platforms that are wanted: all for none, and for None what the target takes by itself."""
    if values is None:
        return None
    from boxship.platform import Platform

    if isinstance(values, str):  # which is an iterable, too, of letters
        values = [values]
    return tuple(Platform.parse(value) if isinstance(value, str) else value for value in values)


def systems_or_platforms(values: Iterable[Platform | str]) -> tuple[Platform, ...]:
    """The platforms; one that is written without `/` is a system alone, with no architecture."""
    from boxship.platform import Platform

    return tuple(
        value if isinstance(value, Platform) else Platform.parse(value) if "/" in value else Platform(value, "")
        for value in values
    )


def chosen_platform(value: Platform | str | None) -> Platform | None:
    """The platform that is wanted."""
    if not isinstance(value, str):
        return value
    from boxship.platform import Platform

    return Platform.parse(value)
