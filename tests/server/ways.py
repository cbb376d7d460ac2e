"""Every way that a blob can come, by the names that the public conformance suite has for them."""

from __future__ import annotations

__all__ = ["MOUNTS", "UPLOADS", "Way", "begin", "chunk"]

from collections.abc import Callable, Mapping

from tests.server.driver import Driver, Reply

# Told the registry, the repository, the content and its digest, which may be a wrong one.
Way = Callable[[Driver, str, bytes, str], Reply]


def begin(registry: Driver, repository: str, query: str = "") -> str:
    reply = registry("POST", f"/v2/{repository}/blobs/uploads/{query}")
    assert reply.status == 202
    return reply.location


def chunk(registry: Driver, location: str, content: bytes, start: int) -> str:
    """Add a chunk; where the next one goes."""
    headers = {"content-range": f"{start}-{start + len(content) - 1}"} if content else {}
    reply = registry("PATCH", location, content, headers)
    assert reply.status == 202
    assert reply.headers["range"] == f"0-{max(0, start + len(content) - 1)}"
    return reply.location


def post_only(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    return registry("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content)


def post_put(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    return registry("PUT", f"{begin(registry, repository)}?digest={digest}", content)


def post_put_announced(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    algorithm = digest.partition(":")[0]
    location = begin(registry, repository, f"?digest-algorithm={algorithm}")
    return registry("PUT", f"{location}?digest={digest}", content)


def chunked_single(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    location = chunk(registry, begin(registry, repository), content, 0)
    return registry("PUT", f"{location}?digest={digest}")


def chunked_multi(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    half = len(content) // 2
    location = chunk(registry, begin(registry, repository), content[:half], 0)
    location = chunk(registry, location, content[half:], half)
    return registry("PUT", f"{location}?digest={digest}")


def chunked_multi_and_put_chunk(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    half = len(content) // 2
    location = chunk(registry, begin(registry, repository), content[:half], 0)
    headers = {"content-range": f"{half}-{len(content) - 1}"} if content else {}
    return registry("PUT", f"{location}?digest={digest}", content[half:], headers)


def chunked_out_of_order(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    """The last chunk too early, then both as they belong."""
    half = len(content) // 2
    location = begin(registry, repository)
    if half:
        early = registry("PATCH", location, content[half:], {"content-range": f"{half}-{len(content) - 1}"})
        assert (early.status, early.headers["range"]) == (416, "0-0")
    location = chunk(registry, location, content[:half], 0)
    location = chunk(registry, location, content[half:], half)
    return registry("PUT", f"{location}?digest={digest}")


def stream(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    """A body of unknown length."""
    reply = registry("PATCH", begin(registry, repository), [content[:3], content[3:]])
    assert reply.status == 202
    return registry("PUT", f"{reply.location}?digest={digest}")


def mount(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    assert post_only(registry, f"{repository}/source", content, digest).status == 201
    return registry("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={repository}/source")


def mount_anonymous(registry: Driver, repository: str, content: bytes, digest: str) -> Reply:
    assert post_only(registry, f"{repository}/source", content, digest).status == 201
    return registry("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}")


UPLOADS: Mapping[str, Way] = {
    "post only": post_only,
    "post+put": post_put,
    "post+put announced": post_put_announced,
    "chunked single": chunked_single,
    "chunked multi": chunked_multi,
    "chunked multi and put chunk": chunked_multi_and_put_chunk,
    "chunked out-of-order": chunked_out_of_order,
    "stream": stream,
}
MOUNTS: Mapping[str, Way] = {"mount": mount, "mount anonymous": mount_anonymous}
