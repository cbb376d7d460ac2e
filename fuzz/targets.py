"""All targets by their names."""

from __future__ import annotations

__all__ = ["TARGETS"]

from fuzz.rooms import access, layers, plans, rules, settings, spec, stores, talk, values, wire

_ROOMS = (values, wire, spec, settings, access, rules, plans, layers, stores, talk)
TARGETS = {target.name: target for room in _ROOMS for target in room.TARGETS}
