"""The registry as an ASGI application: opened with the server, a request in, an answer out, every failure an answer."""

from __future__ import annotations

__all__ = ["App", "create_app", "crowded", "failed"]

import asyncio
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from boxship.errors import BoxshipError
from boxship.server import routes
from boxship.server.access.admission import open_access, open_tokens
from boxship.server.access.deciding import Access
from boxship.server.access.origin import Doorkeeper
from boxship.server.access.rights import Caller, Right
from boxship.server.answer import Answer, Refusal
from boxship.server.asgi import Receive, Scope, Send
from boxship.server.audit import AuditLog
from boxship.server.body import Body
from boxship.server.database import Unavailable
from boxship.server.deliver import deliver, messages, send_all
from boxship.server.finishing import finished
from boxship.server.logged import address
from boxship.server.proxy.actions import ACTIONS
from boxship.server.proxy.cache import Cache
from boxship.server.quota import QuotaExceeded
from boxship.server.recent import Messages, Recent
from boxship.server.registry import Registry, Settings
from boxship.server.request import Request, called, check_head, check_repository, parse_query, read_path
from boxship.server.request_id import request_id
from boxship.server.routes import Route
from boxship.server.storage import StorageUnavailable
from boxship.server.throttle import Crowded, Throttle, client_of
from boxship.server.unread import Incoming
from boxship.server.upkeep.chores import chores, open_limits, open_retention
from boxship.server.upkeep.sweep import unheard
from boxship.value import replace

_TAKING = frozenset({"POST", "PUT", "PATCH"})  # what leaves more on the disk than there was

_TOO_SLOW = 408

_BUSY = "SQLITE_BUSY"  # and all that begins so: another process writes

_log = logging.getLogger(__name__)


def create_app(
    folder: os.PathLike[str] | str,
    *,
    allow_delete: bool = False,
    host_names: Iterable[str] = (),
    page_size: int = 1000,
    settings: Settings | None = None,
    clock: Callable[[], float] | None = None,
) -> App:
    """The ASGI application of the registry in `folder`, which is made if need be.

    It opens the folder when the server starts it (ASGI lifespan) or with the first request, and answers anybody who
    reaches it by a loopback name, an address, or one of `host_names`. Nothing can be deleted unless `allow_delete`.
    `settings` stands for all that is said of it in other words, and more. Times are by `clock`, in seconds since
    the epoch; without one, by the machine's, or by that of a database which the registry shares with others.
    """
    settings = settings or Settings(allow_delete=allow_delete, page_size=page_size)
    return App(Path(folder), settings, Doorkeeper(host_names), clock)


class App:
    """The application: call it as ASGI says, or `open` and `close` it where the server has no lifespan."""

    def __init__(
        self, folder: Path, settings: Settings, doorkeeper: Doorkeeper, clock: Callable[[], float] | None = None
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._doorkeeper = doorkeeper
        self._clock, self._given_clock = clock or time.time, clock
        self.denied = _denied(settings)
        self._throttle = Throttle(rate=settings.rate, in_flight=settings.in_flight)
        self._access: Access | None = None
        self._registry: Registry | None = None
        self._cache: Cache | None = None
        self._recent: Recent | None = None
        self._audit: AuditLog | None = None
        self._chores: tuple[asyncio.Task[None], ...] = ()
        self._opening = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live as long as the server."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def open(self) -> Registry:
        """Open the registry, once."""
        async with self._opening:
            if not self._registry:
                tokens = await asyncio.to_thread(open_tokens, self._settings, self._clock)
                self._access = await asyncio.to_thread(open_access, self._settings, tokens, clock=self._clock)
                # Whatever can be wrong is read before there is anything that would have to be closed again.
                limits = await asyncio.to_thread(open_limits, self._settings)
                retention = await asyncio.to_thread(open_retention, self._settings)
                self._audit = await asyncio.to_thread(_audit, self._settings, self._clock)
                opening = asyncio.to_thread(Registry.open, self._folder, self._settings, clock=self._given_clock)
                self._registry = replace(await opening, tokens=tokens)
                if limits:
                    self._limit(limits.known)
                self._cache = Cache.open(self._registry) if self._settings.proxy else None
                self._recent = Recent(self._cache.version if self._cache else self._registry.database.version)
                told = self._audit.expired if self._audit else unheard
                self._chores = tuple(asyncio.create_task(each) for each in chores(self._registry, retention, told))
                if limits:
                    self._chores += (asyncio.create_task(limits.follow(self._limit)),)
            return self._registry

    async def close(self) -> None:
        """Close the registry, if it is open; what is being written is finished."""
        async with self._opening:
            for chore in self._chores:
                chore.cancel()
            await asyncio.gather(*self._chores, return_exceptions=True)
            if self._cache:
                await self._cache.close()
            if self._registry:
                await asyncio.to_thread(self._registry.close)
            if self._access:
                await asyncio.to_thread(self._access.close)
            if self._audit:
                await asyncio.to_thread(self._audit.close)
            self._registry = self._recent = self._cache = self._access = self._audit = None
            self._chores = ()

    async def admits(self, right: Right, repository: str, scope: Scope) -> Caller:
        """Who asks, if they may do that: decided, and counted, as for a request to the registry itself."""
        registry = self._registry or await self.open()
        check_head(scope)
        self._doorkeeper.check_origin(scope["headers"])
        return (await self._counted(registry, right, repository, scope))[0]

    def passing(self, scope: Scope) -> AbstractContextManager[None]:
        """While a request is in progress that something beside the registry answers; or `Crowded`."""
        return self._throttle.passing(_client(scope))

    def _limit(self, settings: Settings) -> None:
        """Go by other limits from now on."""
        assert self._registry
        self._registry.limit(settings)
        self.denied = _denied(settings)
        self._throttle.limit(rate=settings.rate, in_flight=settings.in_flight)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.open()
        except (BoxshipError, OSError, sqlite3.Error) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = _client(scope)
        incoming = Incoming(scope["headers"], receive)
        try:
            # Until it is delivered: who reads slowly is in progress all the while.
            with self._throttle.passing(client):
                again = await self._answered_before(scope)
                if again:
                    self._throttle.count(client)
                    await send_all(again, send)
                else:
                    await self._deliver(await self._answer(scope, incoming), scope, incoming, send)
        except Crowded as error:
            await self._deliver(crowded(error), scope, incoming, send)

    async def _deliver(self, answer: Answer, scope: Scope, incoming: Incoming, send: Send) -> None:
        if answer.status != _TOO_SLOW:
            await incoming.rest(self._settings.patience.silence)
        await deliver(answer, scope, incoming, send)

    async def _answered_before(self, scope: Scope) -> Messages | None:
        try:
            return await self._recent.find(scope) if self._recent else None
        except Unavailable as error:
            return messages(failed(error), scope)
        except sqlite3.DatabaseError:
            return None  # which finding it out anew meets too, and answers

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            registry = self._registry or await self.open()
            recent = self._recent
            assert recent
            version = recent.version
            route, request = await self._read(registry, scope, receive)
            await _check_room(registry, request)
            if self._audit and route.event:
                await self._audit.check()
                # What is done is noted, whoever stops waiting for it.
                doing = self._act_and_note(self._audit, route, registry, request, scope)
                answer = await finished(doing, hurry=request.body.give_up)
            else:
                answer = await self._act(route, registry, request)
            if route.repeatable and not answer.passing:
                recent.keep(scope, messages(answer, scope), version)
            return answer
        except Refusal as refusal:
            return await self._refused(refusal, scope)
        except QuotaExceeded as error:
            exceeded = Refusal(403, "DENIED", f"a quota: {error}", headers={"connection": "close"})
            return await self._refused(exceeded, scope)
        except (OSError, sqlite3.DatabaseError) as error:
            if self._registry and _is_full(error):
                self._registry.room.ran_out()
            return failed(error)

    async def _read(self, registry: Registry, scope: Scope, receive: Receive) -> tuple[Route, Request]:
        """What is asked for, if it may be asked for at all."""
        headers = scope["headers"]
        check_head(scope)
        self._doorkeeper.check_origin(headers)
        method, path = scope["method"], read_path(scope)
        route, repository, name = routes.find(method, path, denied=self.denied)
        query = parse_query(scope["query_string"])
        if repository:
            check_repository(repository)
            repository = self._cache.named(repository, query) if self._cache else repository
        caller, client = await self._counted(registry, route.right, repository, scope)
        body = Body.of(headers, receive, patience=self._settings.patience, has_room=registry.room.is_left)
        return route, Request(method, path, repository, name, query, headers, body, caller, client)

    async def _act_and_note(
        self, audit: AuditLog, route: Route, registry: Registry, request: Request, scope: Scope
    ) -> Answer:
        """Have what is done in the audit log before anybody is told."""
        answer = await self._act(route, registry, request)
        event = route.event
        # A token for anybody is no log-in.
        nobody = route.right is Right.LOGIN and not request.caller.name
        if event and answer.status == event.status and not nobody:
            await audit.done(event.word, request, scope, answer)
        return answer

    async def _refused(self, refusal: Refusal, scope: Scope) -> Answer:
        if self._audit:
            await self._audit.refused(scope, refusal.answer)
        return refusal.answer

    async def _act(self, route: Route, registry: Registry, request: Request) -> Answer:
        brought = ACTIONS.get(route.action) if self._cache else None
        return await (brought(self._cache, request) if brought and self._cache else route.action(registry, request))

    async def _counted(self, registry: Registry, right: Right, repository: str, scope: Scope) -> tuple[Caller, str]:
        """Who asks, if they may, and not too often, and whom that counts for: a wrong password, for its address."""
        client = _client(scope)
        try:
            caller = await self._admit(registry, right, repository, scope)
        except Refusal:
            self._throttle.count(client)
            raise
        # No address has an @ before it.
        client = f"@{caller.name}" if caller.name else client
        self._throttle.count(client)
        return caller, client

    async def _admit(self, registry: Registry, right: Right, repository: str, scope: Scope) -> Caller:
        """Who asks, if they may. Decided here for every route, and before anything is looked up."""
        assert self._access
        url = (self._settings.url or called(scope)) if registry.tokens else ""
        caller = await self._access.admit(
            registry.users, right, repository, scope["headers"], url=url, client=_client(scope)
        )
        # A browser sends a password to the site that it was given for; TLS makes sure which site this is.
        if right is not Right.NONE and not caller.name and scope.get("scheme") != "https":
            self._doorkeeper.check_host(scope["headers"])
        return caller


def _audit(settings: Settings, clock: Callable[[], float]) -> AuditLog | None:
    return AuditLog(Path(settings.audit_log), clock=clock) if settings.audit_log else None


def _client(scope: Scope) -> str:
    return client_of(address(scope))


def _denied(settings: Settings) -> frozenset[Right]:
    if settings.read_only:
        return frozenset({Right.CREATE, Right.DELETE})
    denied = frozenset() if settings.allow_delete else frozenset({Right.DELETE})
    # What is in a cache is what its upstreams have, and nothing else.
    return denied | {Right.CREATE} if settings.proxy else denied


async def _check_room(registry: Registry, request: Request) -> None:
    length = request.body.length or 0
    needed = length if length <= registry.settings.largest_blob else 0  # what is too large anywhere is told as that
    if request.method in _TAKING and not await registry.room.is_left(needed):
        raise Refusal(507, "UNKNOWN", "the registry's disk is full", headers={"connection": "close"})


def crowded(error: Crowded) -> Answer:
    """The answer to who asks for too much at a time."""
    headers = {"retry-after": str(error.wait), "connection": "close"}
    return Refusal(429, "TOOMANYREQUESTS", "too many requests", headers=headers).answer


def failed(error: OSError | sqlite3.DatabaseError) -> Answer:
    """The answer to a request that the disk or the database failed; the operator finds the story in the log."""
    if isinstance(error, Unavailable):
        _log.error("a request failed %s: %s", request_id.get(), error.strerror)
        what = "storage" if isinstance(error, StorageUnavailable) else "database"
        return Refusal(503, "UNKNOWN", f"the registry's {what} cannot be asked", headers={"retry-after": "1"}).answer
    _log.error("a request failed %s", request_id.get(), exc_info=error)
    if _is_full(error):
        return Refusal(507, "UNKNOWN", "the registry's disk is full").answer
    if isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorname", _BUSY).startswith(_BUSY):
        return Refusal(503, "UNKNOWN", "the registry is busy", headers={"retry-after": "5"}).answer
    return Refusal(500, "UNKNOWN", "the registry's disk failed").answer


def _is_full(error: OSError | sqlite3.DatabaseError) -> bool:
    if isinstance(error, sqlite3.DatabaseError):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
