"""How often a registry may be asked, and how much of that is left, in its own words."""

from __future__ import annotations

__all__ = ["limits"]

import time

from boxship.auth.scope import pull
from boxship.reference import Registry
from boxship.registry.remote import Remote, error_of_response
from boxship.transport.kind import Kind
from boxship.wire import routes
from boxship.wire.limits import Limits, read_limits
from boxship.wire.message import Request

# docs.docker.com, "Docker Hub pull usage and limits": a HEAD for it tells, and counts as nothing.
_PREVIEW = "ratelimitpreview/test"


def limits(remote: Remote, registry: Registry) -> Limits | None:
    """What is allowed and left; None where the registry does not say. Nothing is counted for asking."""
    if registry.is_docker_hub:
        request = Request("HEAD", routes.manifest(_PREVIEW, "latest"))
        response = remote.exchange(request, (pull(_PREVIEW),), Kind.DOCUMENT)
    else:
        response = remote.exchange(Request("GET", routes.BASE), (), Kind.DOCUMENT)
    found = read_limits(response.head.get, time.time())
    if not found and response.status >= 400:
        raise error_of_response("its limits", remote.site.registry, response)
    response.close()
    return found
