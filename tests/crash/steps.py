"""What is pushed, tagged, mounted and deleted while something fails: each step, and what can be read once it is done.

The steps can be taken again from wherever a crash has left them, and end in the same.
"""

from __future__ import annotations

__all__ = ["Ask", "Contents", "Step", "at_once", "blob", "deleted", "possible", "steps_in", "unneeded"]

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from boxship import media_type
from tests.server.content import digest, image
from tests.server.driver import Reply

CONFIG = b"{}"
LAYERS = tuple(b"%d " % number * (1000 * number + 7) for number in range(1, 6))
FIRST, SECOND, THIRD = image(*LAYERS[:2]), image(*LAYERS[2:4]), image(LAYERS[0])


class Ask(Protocol):
    """Whatever answers requests: the application itself, or a server."""

    def __call__(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply: ...


# What each path may hold; None: nothing.
Contents = dict[str, set[bytes | None]]


def nothing(found: Contents) -> Iterable[str]:
    """No path at all."""
    return ()


@dataclass(frozen=True, slots=True)
class Step:
    """Requests, each of which has to be answered well before the next, and what paths then hold (None: nothing).

    Attributes:
        last: the status of the last answer, where nothing is in the way.
        clears: content of a manifest that no tag beside it has afterwards.
        endangers: of all paths, those that may hold nothing from then on.
    """

    requests: Callable[[Ask], Iterator[Reply]] = field(repr=False)
    effect: Mapping[str, bytes | None]
    last: int = 201
    clears: bytes | None = None
    endangers: Callable[[Contents], Iterable[str]] = field(default=nothing, repr=False)

    def take(self, ask: Ask) -> int:
        """The status of the last answer, or of the first that says no."""
        status = 0
        for reply in self.requests(ask):
            status = reply.status
            if status >= 300:
                break
        return status


def possible(steps: Sequence[Step], statuses: Sequence[int]) -> Contents:
    """What each path may hold after steps that were answered so: what was acknowledged, or what was in doubt since."""
    found: Contents = {path: {None} for step in steps for path in step.effect}
    for number, step in enumerate(steps[: len(statuses) + 1]):
        acknowledged = number < len(statuses) and statuses[number] == step.last
        for path in set(step.endangers(found)):
            found[path] = found[path] | {None}
        for path, content in step.effect.items():
            found[path] = {content} if acknowledged else found[path] | {content}
            if step.clears:
                _clear(found, path.rpartition("/")[0], step.clears, acknowledged=acknowledged)
    return found


def _clear(found: Contents, beside: str, content: bytes, *, acknowledged: bool) -> None:
    """Tags go with their manifest."""
    for path, contents in found.items():
        if path.startswith(f"{beside}/") and content in contents:
            found[path] = contents | {None} if not acknowledged else (contents - {content}) | {None}


def unneeded(found: Contents) -> Iterator[str]:
    """The blobs that no manifest beside them needs that is there for certain."""
    needed = set()
    for path, contents in found.items():
        root = path.rpartition("/manifests/")[0]
        if root and None not in contents:
            documents = [json.loads(content) for content in contents if content]
            entries = [{each["digest"] for each in (document["config"], *document["layers"])} for document in documents]
            needed |= {f"{root}/blobs/{name}" for name in set.intersection(*entries)}
    return (path for path in found if "/blobs/" in path and path not in needed)


def blob(root: str, content: bytes, algorithm: str = "sha256") -> str:
    return f"{root}/blobs/{digest(content, algorithm)}"


def at_once(root: str, content: bytes) -> Step:
    def requests(ask: Ask) -> Iterator[Reply]:
        yield ask("POST", f"{root}/blobs/uploads/?digest={digest(content)}", content)

    return Step(requests, {blob(root, content): content})


def _in_a_session(root: str, content: bytes, algorithm: str = "sha256") -> Step:
    """POST, one PATCH, an empty PUT: what most clients do. Another algorithm is first named in the PUT."""

    def requests(ask: Ask) -> Iterator[Reply]:
        yield (opened := ask("POST", f"{root}/blobs/uploads/"))
        yield (sent := ask("PATCH", opened.location, content))
        yield ask("PUT", f"{sent.location}?digest={digest(content, algorithm)}")

    return Step(requests, {blob(root, content, algorithm): content})


def _in_chunks(root: str, content: bytes) -> Step:
    cuts = (0, len(content) // 3, len(content) // 2, len(content))

    def requests(ask: Ask) -> Iterator[Reply]:
        yield (reply := ask("POST", f"{root}/blobs/uploads/"))
        for start, stop in ((cuts[0], cuts[1]), (cuts[1], cuts[2])):
            span = {"content-range": f"{start}-{stop - 1}"}
            yield (reply := ask("PATCH", reply.location, content[start:stop], span))
        yield ask("PUT", f"{reply.location}?digest={digest(content)}", content[cuts[2] :])

    return Step(requests, {blob(root, content): content})


def _cancelled(root: str, content: bytes) -> Step:
    def requests(ask: Ask) -> Iterator[Reply]:
        yield (reply := ask("POST", f"{root}/blobs/uploads/"))
        yield (reply := ask("PATCH", reply.location, content))
        yield ask("DELETE", reply.location)

    return Step(requests, {}, 204)


def _wrong(root: str, content: bytes) -> Step:
    """A push whose bytes are not what its digest says: nothing may come of it."""

    def requests(ask: Ask) -> Iterator[Reply]:
        yield ask("POST", f"{root}/blobs/uploads/?digest={digest(content)}", content[:-1] + b"?")

    return Step(requests, {blob(root, content): None}, 400)


def _mounted(root: str, source: str, content: bytes) -> Step:
    def requests(ask: Ask) -> Iterator[Reply]:
        reply = ask("POST", f"{root}/blobs/uploads/?mount={digest(content)}&from={source.removeprefix('/v2/')}")
        # 202 opens an upload instead: the source was not there, and nothing is acknowledged.
        yield reply if reply.status != 202 else Reply(404)

    return Step(requests, {blob(root, content): content})


def _manifest(root: str, name: str, content: bytes, *tags: str) -> Step:
    def requests(ask: Ask) -> Iterator[Reply]:
        query = "&".join(f"tag={tag}" for tag in tags)
        kind = {"content-type": media_type.OCI_MANIFEST}
        yield ask("PUT", f"{root}/manifests/{name}{'?' * bool(query)}{query}", content, kind)

    names = (digest(content), *tags) if name.startswith("sha256:") else (name, digest(content))
    return Step(requests, {f"{root}/manifests/{each}": content for each in names})


def deleted(path: str, clears: bytes | None = None) -> Step:
    def requests(ask: Ask) -> Iterator[Reply]:
        reply = ask("DELETE", path)
        # Where a crash came after it was done, it is gone already.
        yield reply if reply.status != 404 else Reply(202)

    return Step(requests, {path: None}, 202, clears)


def steps_in(group: str) -> tuple[Step, ...]:
    """The steps, in repositories of the group."""
    root, other = f"/v2/{group}/app", f"/v2/{group}/other"
    return (
        at_once(root, CONFIG),
        _in_a_session(root, LAYERS[0]),
        _in_chunks(root, LAYERS[1]),
        _manifest(root, "v1", FIRST),
        _mounted(other, root, CONFIG),
        _mounted(other, root, LAYERS[0]),
        _manifest(other, "only", THIRD),
        _cancelled(root, LAYERS[4]),
        _wrong(other, LAYERS[4]),
        _in_a_session(root, LAYERS[4], "sha512"),
        at_once(root, LAYERS[2]),
        at_once(root, LAYERS[2]),  # what is there is replaced by the same
        _in_a_session(root, LAYERS[3]),
        _manifest(root, digest(SECOND), SECOND, "v2", "latest"),
        _manifest(root, "v1", SECOND),  # a tag that moves
        deleted(f"{root}/manifests/latest"),
        deleted(f"{root}/manifests/{digest(FIRST)}", FIRST),
        deleted(blob(root, LAYERS[1])),
        at_once(root, LAYERS[1]),  # and what was deleted comes back
    )
