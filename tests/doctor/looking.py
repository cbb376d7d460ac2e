"""What is found at a registry that answers in some way, and what tests ask of a report."""

from __future__ import annotations

__all__ = ["WHOLE", "check", "guarded", "ids", "red", "report_of", "stored_at"]

from contextlib import ExitStack

from boxship import Client
from boxship.doctor import Check, Report, Status, examine
from boxship.testing import (
    Answer,
    Answering,
    ScriptedRegistry,
    TokenServer,
    bearer,
    instead,
    redirect_to,
    serving,
)

# Seconds that an examination may take: 10, and the slack of 2 that what is held to seconds has on a busy machine.
WHOLE = 12.0


def report_of(stack: ExitStack, answer: Answer | Answering, **options: object) -> Report:
    """What is found at a registry that answers so, by a client with these options."""
    server = stack.enter_context(serving(answer))
    client = stack.enter_context(Client(**options))  # type: ignore[arg-type] # options of their kinds
    report = examine(f"{server.address}/app:v1", client)
    assert report.seconds < WHOLE
    return report


def check(report: Report, name: str) -> Check:
    """The one check with that id."""
    (found,) = (check for check in report.checks if check.id == name)
    return found


def red(report: Report) -> set[str]:
    return {check.id for check in report.checks if check.status is Status.ERROR}


def ids(report: Report, layer: str) -> dict[str, Status]:
    return {check.id: check.status for check in report.checks if check.id.startswith(layer)}


def guarded(stack: ExitStack, tokens: Answer | Answering, accepted: TokenServer | None = None) -> ScriptedRegistry:
    """A registry that sends to a token server on another port."""
    server = stack.enter_context(serving(tokens))
    return ScriptedRegistry(access=bearer(f"{server.url}/token", accepted or TokenServer()))


def stored_at(place: str) -> Answering:
    return instead(ScriptedRegistry(), "/blobs/", redirect_to(f"{place}/blob?signature=hunter2"))
