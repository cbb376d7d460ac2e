"""The token server of the registry: whoever says who they are gets a token, for what they may have of what they asked.

Clients are sent here by the challenge of a 401 (distribution, spec/auth/token). Fewer rights than asked for, or none,
are no error: what is missing is refused where it is used.
"""

from __future__ import annotations

__all__ = ["give"]

import json
from datetime import UTC, datetime

from boxship.server.access.token_scope import asked
from boxship.server.access.tokens import SECONDS
from boxship.server.answer import Answer, Refusal
from boxship.server.registry import Registry
from boxship.server.request import Request


async def give(registry: Registry, request: Request) -> Answer:
    """A token for whoever asks; one for anybody where they do not say who they are."""
    if not registry.tokens:
        raise Refusal(404, "UNSUPPORTED", "there is nothing at this path")
    caller = request.caller
    allowed = asked(request.query.get("scope", ()), caller)
    token = registry.tokens.sign(caller.name, allowed, caller.rights if caller.is_vouched_for else None).reveal()
    body = {
        "token": token,
        "access_token": token,
        "expires_in": SECONDS,
        "issued_at": datetime.fromtimestamp(registry.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Answer(200, headers, json.dumps(body).encode())
