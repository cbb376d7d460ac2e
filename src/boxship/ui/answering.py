"""Answering a question: who asks is admitted, a turn is waited for, and what blocks runs in a thread, within a bound.

Who goes away before the answer ends what is done for them.
"""

from __future__ import annotations

__all__ = ["Answering"]

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager

from boxship import __version__
from boxship.connect.deadline import Work
from boxship.errors import InvalidInput, NotFound, UnexpectedAnswer
from boxship.lift import Lift
from boxship.platform import Platform
from boxship.server.asgi import Receive, Scope
from boxship.spec.fields import Malformed, parse_object
from boxship.ui.asked import Asked, given
from boxship.ui.engine import Asker, Engine
from boxship.ui.guard import Guard
from boxship.ui.kept import Kept
from boxship.ui.questions import QUESTIONS, Question
from boxship.ui.sending import Outgoing
from boxship.ui.turned import Turned

_SESSION = "session"
_AT_ONCE, _CHANGES_AT_ONCE = 48, 4
_HEAVY_AT_ONCE = 2  # with the most files that an image may have, a gigabyte together
_PATIENCE = 20.0  # seconds that a question waits for its turn
_LONGEST_BODY = 4 * 1024 * 1024  # the plan of some 20,000 names; in memory, JSON may be twenty times as large
_BODY_WITHIN = 30.0  # seconds
_NOBODY = Asker()

Parameters = Mapping[str, Sequence[str]]


class Answering:
    """Answers questions about the registry of `engine`."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        self._engine, self._guard = engine, guard
        self._kept, self._lift = Kept(), Lift(None, None)
        self._turns, self._heavy_turns = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_HEAVY_AT_ONCE)
        self._change_turns = asyncio.Semaphore(_CHANGES_AT_ONCE)

    def close(self) -> None:
        """End what is in progress."""
        self._engine.close()
        self._lift.close()

    async def answer(
        self, name: str, parameters: Parameters, scope: Scope, receive: Receive, outgoing: Outgoing
    ) -> None:
        """Answer the question of that name, or raise why not."""
        question = QUESTIONS.get(name)
        if not question and name != _SESSION:
            raise Turned(404, NotFound(f"there is no question {name!r}"[:100]))
        method, wanted = scope["method"], question.method if question else "GET"
        if method != wanted and (method, wanted) != ("HEAD", "GET"):
            raise Turned(405, InvalidInput(f"{method} is not possible here", remedy=f"use {wanted}"))
        self._guard.check(scope["headers"], is_change=wanted != "GET")
        if not question:
            await outgoing.whole(200, json.dumps(self._session(scope)).encode())
            return
        asker = await self._engine.admit(scope) if question.asks else _NOBODY
        rights = await self._engine.may(scope, given(parameters, "repository")) if question.rights else {}
        if wanted != "GET" and not self._engine.changes:
            raise Turned(403, InvalidInput("nothing can be changed here", why="it was started so"))
        async with self._turn(question):
            body = {} if wanted == "GET" else await _body(receive)
            with self._engine.client(asker) as client:
                lines = _Lines()
                asked = Asked(
                    parameters=parameters,
                    engine=self._engine,
                    asker=asker,
                    client=client,
                    kept=self._kept,
                    called=self._engine.called(scope),
                    tell=lines.tell,
                    rights=rights,
                    body=body,
                )
                await _unless_gone(self._carry_out(question, asked, lines, outgoing), receive)

    def _session(self, scope: Scope) -> Mapping[str, object]:
        engine = self._engine
        return {
            "registry": engine.called(scope),
            "version": __version__,
            "own": engine.own,
            "token": self._guard.token,
            "user": engine.user(scope),
            "login": engine.own,
            "changes": engine.changes,
            "platform": str(Platform.here()),
        }

    @asynccontextmanager
    async def _turn(self, question: Question) -> AsyncIterator[None]:
        changes = self._change_turns if question.method != "GET" else self._turns
        turns = self._heavy_turns if question.heavy else changes
        try:
            await asyncio.wait_for(turns.acquire(), _PATIENCE)
        except TimeoutError:
            raise Turned(503, UnexpectedAnswer("the server has enough to do"), wait=2) from None
        try:
            yield
        finally:
            turns.release()

    async def _carry_out(self, question: Question, asked: Asked, lines: _Lines, outgoing: Outgoing) -> None:
        """Run it in a thread, and send what it tells meanwhile."""
        work = Work(timeout=question.seconds)
        running = asyncio.create_task(self._lift(lambda: _run(question, asked), work))
        running.add_done_callback(lambda _: lines.end())
        try:
            async for line in lines:
                await outgoing.line(line)
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait((running,))
        answer = await running
        if answer is None:
            await outgoing.end()
        else:
            await outgoing.whole(200, answer)


class _Lines:
    """The lines of an answer, from the thread that tells them to who sends them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Queue[bytes | None]()

    def tell(self, line: Mapping[str, object]) -> None:
        """One line more. Safe to call from any thread."""
        self._loop.call_soon_threadsafe(self._told.put_nowait, _json(line))

    def end(self) -> None:
        """No more will come."""
        self._told.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (line := await self._told.get()) is not None:
            yield line


def _run(question: Question, asked: Asked) -> bytes | None:
    answer = question.run(asked)
    return None if answer is None else _json(answer)


def _json(document: Mapping[str, object]) -> bytes:
    """The document in ASCII: names of files need not be UTF-8, and no reader trips over halves of letters."""
    try:
        return json.dumps(document, allow_nan=False).encode()
    except ValueError as error:
        raise UnexpectedAnswer("what the registry has cannot be told", why="a number in it is none") from error


async def _body(receive: Receive) -> Mapping[str, object]:
    """The object that was sent."""
    content = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            more = True
            while more:
                message = await receive()
                content += message.get("body", b"")
                more = message["type"] == "http.request" and message.get("more_body", False)
                if len(content) > _LONGEST_BODY:
                    raise Turned(413, InvalidInput("the body is too long"))
    except TimeoutError:
        raise Turned(408, InvalidInput("the body did not come")) from None
    try:
        return (await asyncio.to_thread(parse_object, bytes(content))).values  # for a tenth of a second
    except Malformed as error:
        raise InvalidInput("the body is no object in JSON", why=str(error)) from error


async def _unless_gone(work: Coroutine[object, object, None], receive: Receive) -> None:
    """Do it, or end it when nobody is there any more."""
    doing = asyncio.create_task(work)
    gone = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait((doing,))
    if not doing.cancelled():
        doing.result()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
