"""One request on a connection and its answer, told to whoever listens."""

from __future__ import annotations

__all__ = ["Exchange"]

import time
from typing import TYPE_CHECKING

from boxship.connect.deadline import Bounds
from boxship.event import Fact
from boxship.transport.ask import Ask
from boxship.transport.kind import first_byte
from boxship.wire.message import Request
from boxship.wire.shown import shown_path

if TYPE_CHECKING:
    from boxship.credential import Secret
    from boxship.transport.connection import Connection
    from boxship.transport.response import Response
    from boxship.transport.story import Story


class Exchange:
    """It is sent when this is made, and answered when that is asked for."""

    __slots__ = ("_answer", "_began", "_request", "_story", "_trace", "_where", "connection")

    def __init__(self, connection: Connection, ask: Ask, authorization: Secret | None, bounds: Bounds) -> None:
        self.connection, self._request, self._trace = connection, ask.request, ask.work.trace
        request = self._request
        sent = request if authorization is None else request.with_headers(Authorization=authorization.reveal())
        self._began = time.monotonic()
        self._story = _story(ask, connection, sent)
        self._where = f"{connection.verdict.origin}{shown_path(request.path)}"
        wrote = self._story.wrote if self._story else None
        try:
            self._answer = connection.ask(sent, ask.work, bounds, first_byte(ask.kind, bounds), wrote)
        except BaseException as error:
            self._failed(error)
            raise

    def answer(self) -> Response:
        """The head of the answer, waited for."""
        try:
            response = self._answer()
        except BaseException as error:
            self._failed(error)
            raise
        try:
            self._tell(response)
        except BaseException:  # a listener's
            response.close()
            raise
        return response

    def _tell(self, response: Response) -> None:
        text = f"{self._request.method} {self._where} {response.status} in {self._ms:.1f} ms"
        if self._story:
            self._story.answered(response, text)
        else:
            self._trace.say("Request", text, facts={**self._facts, "status": response.status})

    def _failed(self, error: BaseException) -> None:
        if self._story:
            self._story.failed(error)
            return
        words = type(error).__name__
        text = f"{self._request.method} {self._where}: {words}"
        self._trace.say("RequestFailed", text, level="W", facts={**self._facts, "error": words})

    @property
    def _ms(self) -> float:
        return (time.monotonic() - self._began) * 1000

    @property
    def _facts(self) -> dict[str, Fact]:
        """What an error's timeline tells of an exchange that nobody listens to."""
        number, method = self.connection.number, self._request.method
        return {"connection": number, "method": method, "url": self._where, "ms": self._ms}


def _story(ask: Ask, connection: Connection, sent: Request) -> Story | None:
    """Who tells of the exchange, where somebody listens."""
    if not ask.work.trace.heard:
        return None
    from boxship.transport.story import Story  # noqa: PLC0415 -- seldom needed: see `session`

    return Story(ask.work.trace, connection, sent)
