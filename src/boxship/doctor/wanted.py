"""What is examined: an image, or a registry by itself."""

from __future__ import annotations

__all__ = ["Wanted", "address", "listing", "registry_of"]

from boxship.reference import Reference, Registry

Wanted = Reference | Registry


def registry_of(wanted: Wanted) -> Registry:
    """The registry that it is in, or is."""
    return wanted.registry if isinstance(wanted, Reference) else wanted


def address(wanted: Wanted) -> str:
    """It as commands take it: without a scheme, a tag and a digest."""
    return f"{wanted.registry.name}/{wanted.repository}" if isinstance(wanted, Reference) else wanted.name


def listing(wanted: Wanted) -> str:
    """The verb of boxship and of crane that lists what is in it."""
    return "ls" if isinstance(wanted, Reference) else "catalog"
