"""The registry behind the routes: its names, bytes and open uploads, and the settings that actions go by."""

from __future__ import annotations

__all__ = ["Registry", "Settings", "quotas_of"]

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from boxship.errors import InvalidSettings
from boxship.server.access.issuer_keys import Issuer
from boxship.server.access.tokens import Tokens
from boxship.server.access.users import Users
from boxship.server.belonging import belong
from boxship.server.body import Patience
from boxship.server.database import Database, Elsewhere
from boxship.server.database.shared_clock import SharedClock
from boxship.server.names import Names
from boxship.server.opening import open_database, open_storage
from boxship.server.proxy.upstream import Source
from boxship.server.quota import Quotas
from boxship.server.room import Room
from boxship.server.sessions import Sessions
from boxship.server.storage import Storage
from boxship.server.storage.file_storage import FileStorage
from boxship.server.storage.layout import Layout
from boxship.server.tagging import TagPatterns
from boxship.server.turns import Turns
from boxship.value import dataclass, field

_NO_BOOT = "-"  # a store that others look after has what it has, whichever machine was started anew
_MOST_DOUBTS = 2  # blobs and uploads that are read and hashed at a time: others need threads, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a registry behaves.

    Attributes:
        allow_delete: whether anything may be deleted.
        allow_sparse: whether a manifest may be pushed some of whose content is not there: copies of some platforms.
        read_only: whether nothing may be pushed or deleted.
        page_size: the most entries of a page.
        largest_blob: the most bytes of a blob.
        reserve: bytes of the disk that are left free; None is 1 GiB, or a fiftieth of a smaller disk.
        patience: how slow a body may come.
        rate: requests a second of one user, or of one address where nobody says who they are; 0 is without bound.
        in_flight: requests at a time of one address; 0 is without bound. This machine's own is not counted.
        htpasswd: a file of users who may do everything, '' for none.
        anonymous: what anybody may do: `none`, or `pull`, `create` or `push`, also with `:PATTERN`. Where nothing is
            said and there are no users either, anybody may do everything.
        grants: a file of what users, and those whom issuers vouch for, may do; '' for none.
        oidc_issuer: other systems whose tokens are believed.
        oidc_audience: whom those have to be for; '' is the host in `url`.
        token_key: files of keys (Ed25519, PEM); with them, clients get tokens for passwords. The first one signs.
        url: how clients reach it, where what they write as `Host` is not that.
        limits: a file of limits that stand for these, read again while the registry serves; '' for none.
        retention: a file of which tags are kept; '' keeps all.
        immutable: patterns of tags that nobody moves or deletes once they name something: `v*`.
        quota_bytes, quota_tags, quota_repositories: the most of them in all, or `PATTERN=AMOUNT` in some repositories.
        gc_interval: seconds from one sweep of what nobody needs to the next; 0 is never.
        gc_grace: seconds that content is kept which no manifest refers to.
        gc_untagged: whether sweeps take manifests, too, that neither a tag nor another manifest names.
        proxy: registries that this one stands in for; nothing is pushed to it then.
        proxy_allow: patterns of the repositories that it brings from them, all if there is none.
        proxy_fresh: seconds that what an upstream's tag names counts as known.
        proxy_size: bytes of blobs and manifests to keep of them at most; 0 is any.
        proxy_age: seconds after which what nobody asked for goes; 0 is never.
        audit_log: a file that has a line for each change, log-in and refusal; '' for none.
        database: the URL of a PostgreSQL database that has the names, '' where they are in the folder.
        storage: the URL of a bucket that has the content, `s3://BUCKET/PREFIX`, '' where it is in the folder.
        s3_endpoint, s3_region: where that bucket is; '' is what the environment says, and else AWS.
        storage_redirect: whether clients are sent to the bucket for blobs, by URLs that are good for some minutes.
        verify_on_read: whether a blob that is sent whole is hashed as it goes, and cut off where it is damaged.
    """

    allow_delete: bool = False
    allow_sparse: bool = False
    read_only: bool = False
    page_size: int = 1000
    largest_blob: int = 64 * 1024**3
    reserve: int | None = None
    patience: Patience = field(default_factory=Patience)
    rate: float = 0
    in_flight: int = 64
    htpasswd: str = ""
    anonymous: tuple[str, ...] = ()
    grants: str = ""
    oidc_issuer: tuple[Issuer, ...] = ()
    oidc_audience: str = ""
    token_key: tuple[str, ...] = ()
    url: str = ""
    limits: str = ""
    retention: str = ""
    immutable: tuple[str, ...] = ()
    quota_bytes: tuple[str, ...] = ()
    quota_tags: tuple[str, ...] = ()
    quota_repositories: tuple[str, ...] = ()
    gc_interval: float = 3600.0
    gc_grace: float = 24 * 3600.0
    gc_untagged: bool = False
    proxy: tuple[Source, ...] = ()
    proxy_allow: tuple[str, ...] = ()
    proxy_fresh: float = 60.0
    proxy_size: int = 0
    proxy_age: float = 0.0
    audit_log: str = ""
    verify_on_read: bool = False
    storage: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""
    storage_redirect: bool = False
    database: str = field(default="", repr=False)  # no `Secret`, for workers are told


@dataclass(slots=True, kw_only=True)
class Registry:
    """An open registry. Actions get it with each request; nothing here knows HTTP."""

    settings: Settings
    names: Names
    sessions: Sessions
    storage: Storage
    room: Room
    users: Users
    immutable: TagPatterns
    database: Database
    layout: Layout
    close: Callable[[], None]
    clock: Callable[[], float] = time.time
    tokens: Tokens | None = None
    doubts: Turns = field(default_factory=partial(Turns, _MOST_DOUBTS))

    @property
    def files(self) -> FileStorage:
        """Its bytes, which are files: a cache keeps no others."""
        assert isinstance(self.storage, FileStorage)
        return self.storage

    def limit(self, settings: Settings) -> None:
        """Go by the limits of these settings from now on; they can be read."""
        self.settings = settings
        self.immutable = TagPatterns.parse(settings.immutable)
        self.names.limit(quotas_of(settings))
        self.room.limit(settings.reserve)

    @classmethod
    def open(cls, folder: Path, settings: Settings, *, clock: Callable[[], float] | None = None) -> Self:
        """The registry in `folder`, which is made if need be; what a crash left of uploads is swept.

        It goes by this machine's clock, or by that of a database that others have, too, unless another one is given.

        Raises `InvalidSettings` where the folder cannot be had. Blocks: not for an event loop.
        """
        immutable, quotas = TagPatterns.parse(settings.immutable), quotas_of(settings)
        layout = Layout(folder, names_elsewhere=bool(settings.database))
        with ExitStack() as failing:
            failing.callback(layout.close)
            database = open_database(layout.database, settings.database)
            failing.callback(database.close)
            if isinstance(database, Elsewhere):
                belong(layout, database.id)
            storage = _open_storage(layout, database, settings)
            clock = clock or _open_clock(database)
            failing.pop_all()

        def close() -> None:
            database.close()
            layout.close()

        sessions = _open_sessions(layout, database, storage)
        room = Room(folder, settings.reserve, takes_content=isinstance(storage, FileStorage))
        names = Names(database, quotas)
        return cls(
            settings=settings,
            names=names,
            sessions=sessions,
            storage=storage,
            room=room,
            users=Users(database),
            immutable=immutable,
            database=database,
            layout=layout,
            close=close,
            clock=clock,
        )


def _open_clock(database: Database) -> Callable[[], float]:
    if not isinstance(database, Elsewhere):
        return time.time
    clock = SharedClock(database)
    clock.set_now()
    return clock


def _open_sessions(layout: Layout, database: Database, storage: Storage) -> Sessions:
    """The sessions, of which what a crash left is swept; the folder is shared from then on."""
    if not isinstance(storage, FileStorage):
        layout.share()
        return Sessions(database, storage, boot=_NO_BOOT)
    sessions = Sessions(database, storage)
    if layout.alone:
        sessions.distrust()
        layout.share()
    storage.sweep(sessions.has)
    return sessions


def _open_storage(layout: Layout, database: Database, settings: Settings) -> Storage:
    if settings.storage and settings.proxy:
        remedy = "leave out --storage: a cache's content is its folder's"
        raise InvalidSettings("--proxy", why="a cache keeps files", remedy=remedy)
    return open_storage(
        layout,
        database,
        settings.storage,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        redirect=settings.storage_redirect,
        largest=settings.largest_blob,
    )


def quotas_of(settings: Settings) -> Quotas:
    """The quotas that settings write, or `InvalidSettings`."""
    return Quotas.parse(bytes=settings.quota_bytes, tags=settings.quota_tags, repositories=settings.quota_repositories)
