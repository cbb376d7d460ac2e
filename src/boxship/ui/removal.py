"""What deleting comes to, as a plan, and a plan done exactly as it is written; and what may be done at all."""

from __future__ import annotations

__all__ = ["apply", "may", "plan"]

import json
import time
from collections.abc import Mapping

from boxship.errors import InvalidInput, InvalidSettings
from boxship.prune.applying import apply_plan
from boxship.prune.plan import Plan, parse_plan
from boxship.prune.planning import InUse, make_part
from boxship.prune.rules import Rules
from boxship.reference import Reference
from boxship.ui.asked import Asked

_BODY = "the plan that was sent"


def may(asked: Asked) -> Mapping[str, object]:
    """What may be done with the repository, or at all."""
    if asked.text("repository"):
        _ = asked.repository  # a name that is none is nobody's to do anything with
    return asked.rights


def plan(asked: Asked) -> Mapping[str, object]:
    """What goes with a tag, or with what a digest stands for."""
    part = make_part(asked.client, asked.repository, _rules(asked, asked.image), InUse({}, {}), time.time())
    made = Plan(time.time(), (part,))
    return {"plan": json.loads(made.text()), "may": asked.rights.get("delete")}


def _rules(asked: Asked, image: Reference) -> Rules:
    asked.client.digest(image)  # `NotFound` where there is no such thing
    if image.tag:
        return Rules(match=(image.tag,))
    assert image.digest
    return Rules(match=asked.client.names_alike(image).tags, manifests=(image.digest,))


def apply(asked: Asked) -> None:
    """A line for each name that is gone, and one at the end."""
    told = asked.body.get("plan")
    if not isinstance(told, Mapping):
        raise InvalidInput(_BODY, why="it is no object with a plan")
    try:
        parsed = parse_plan(json.dumps(told).encode(), _BODY)
    except InvalidSettings as error:
        raise InvalidInput(_BODY, why=error.why) from error
    for part in parsed.parts:
        if part.repository.registry != asked.engine.registry:
            raise InvalidInput(_BODY, why=f"{part.repository} is at another registry")
    if not parsed.parts:
        raise InvalidInput(_BODY, why="it has no repository")
    for name in apply_plan(asked.client, parsed):
        asked.tell({"gone": name})
    asked.tell({"done": True})
