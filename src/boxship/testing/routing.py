"""Servers made of servers: another answer on some paths, or the same one changed."""

from __future__ import annotations

__all__ = ["by_path", "instead", "spoilt"]

import re
from collections.abc import Callable, Mapping

from boxship.testing.exchange import Answer, Answering, Request, decide
from boxship.testing.replies import failure


def by_path(answers: Mapping[str, Answer | Answering]) -> Answering:
    """The answer of the first path that the request's begins with: `by_path({"/token": tokens, "/": registry})`."""

    def answer(request: Request) -> Answer:
        for start, chosen in answers.items():
            if request.path.startswith(start):
                return decide(chosen, request)
        return failure(404, "UNKNOWN", request.path)

    return answer


def instead(registry: Answering, where: str, other: Answer | Answering) -> Answering:
    """`registry`, with `other` answers on paths in which the regular expression `where` is found.

    `instead(registry, "/blobs/", in_turn(NEVER, registry))` leaves only the first blob unanswered.
    """
    return lambda request: decide(other if re.search(where, request.path) else registry, request)


def spoilt(registry: Answering, where: str, change: Callable[[Answer], Answer]) -> Answering:
    """`registry`, with its answers changed on paths in which the regular expression `where` is found.

    `spoilt(registry, "/blobs/", lambda good: replace(good, stall_after=1000))`, with `dataclasses.replace`.
    """
    return lambda request: change(registry(request)) if re.search(where, request.path) else registry(request)
