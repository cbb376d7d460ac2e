"""The users that the registry's folder knows: names, hashes of passwords, and what each may do where.

Programs add and remove them beside a registry that runs, which knows at once. What rights mean is `rights`'s; whether a
password is right, `passwords`'s.
"""

from __future__ import annotations

__all__ = ["Known", "User", "Users", "are_there", "opened"]

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from boxship.credential import Secret
from boxship.errors import InvalidSettings
from boxship.server.access.passwords import LONGEST, hash_password
from boxship.server.access.rights import Grant, Pattern, Right, Rights
from boxship.server.database import Database, Transaction
from boxship.server.database.sqlite import SqliteDatabase, telling
from boxship.server.opening import open_database
from boxship.server.storage.layout import Layout
from boxship.value import dataclass, field

# RFC 7617, 2: in Basic, a colon ends the name, and no control characters are in it. Surrogates are no characters.
_NAME = re.compile(r"[^\x00-\x1f\x7f:\ud800-\udfff]{1,255}")
_PUT = 'INSERT INTO "user" (name, password) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET password = excluded.password'
_REMOVE = "DELETE FROM \"user\" WHERE name = ? AND name <> ''"
_REMEMBER = "INSERT INTO \"user\" (name, password) VALUES ('', '') ON CONFLICT DO NOTHING"
_GRANT = 'INSERT INTO user_grant ("user", pattern, actions) VALUES (?, ?, ?)'


@dataclass(frozen=True, slots=True)
class User:
    """A user: the hash of the password, and the grants."""

    name: str
    password: str = field(repr=False)
    grants: tuple[Grant, ...]

    @classmethod
    def of(cls, name: str, password: Secret, grants: Iterable[Grant], *, cost: int = 12) -> User:
        """A user with that password, hashed here; `InvalidSettings` for a name or a password that cannot be."""
        if not _NAME.fullmatch(name) or name != name.strip():
            raise InvalidSettings(f"the user {name!r}", why="a name has no colon, no control characters, and is short")
        length = len(password.reveal().encode())
        if not 0 < length <= LONGEST:
            why = f"it has {length} bytes; bcrypt takes between 1 and {LONGEST}"
            raise InvalidSettings(f"the password of {name!r}", why=why)
        return cls(name, hash_password(password, cost=cost), _merge(grants))

    @property
    def rights(self) -> Rights:
        """All that the user may do."""
        return Rights.of(self.grants)


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a registry has users.

    Attributes:
        like: the hash of some user's password, '' where others are known by other means; None where nobody is known.
        were_there: whether there once were users, or are: that the last one was removed lets nobody in.
    """

    like: str | None
    were_there: bool


class Users:
    """The users in a registry's database. Reading is quick, and always shows what is there now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str) -> User | None:
        """The user of that name."""
        if not name:
            return None
        row = (await self._database.read('SELECT password FROM "user" WHERE name = ?', (name,))).fetchone()
        return User(name, row[0], await self._grants(name)) if row else None

    async def known(self) -> Known:
        """Whether there are users, or were: one question, for every request asks it."""
        # The name of what remembers those who were removed is empty, and comes after all others here.
        row = (await self._database.read('SELECT password FROM "user" ORDER BY name DESC LIMIT 1')).fetchone()
        return Known((row and row[0]) or None, were_there=row is not None)

    async def all(self) -> tuple[User, ...]:
        """Every user, by name."""
        query = "SELECT name, password FROM \"user\" WHERE name <> '' ORDER BY name"
        rows = (await self._database.read(query)).fetchall()
        return tuple([User(name, password, await self._grants(name)) for name, password in rows])

    async def put(self, user: User) -> None:
        """Add the user, or let it have another password and other grants."""

        def work(connection: Transaction) -> None:
            connection.execute(_PUT, (user.name, user.password))
            connection.execute('DELETE FROM user_grant WHERE "user" = ?', (user.name,))
            rows = [(user.name, str(grant.pattern), ",".join(sorted(grant.rights))) for grant in user.grants]
            connection.executemany(_GRANT, rows)

        await self._database.write(work)

    async def remove(self, name: str) -> bool:
        """Remove the user; whether there was one."""

        def work(connection: Transaction) -> bool:
            removed = connection.execute(_REMOVE, (name,)).rowcount > 0
            if removed:
                connection.execute(_REMEMBER)
            return removed

        return await self._database.write(work)

    async def _grants(self, name: str) -> tuple[Grant, ...]:
        query = 'SELECT pattern, actions FROM user_grant WHERE "user" = ? ORDER BY pattern'
        rows = (await self._database.read(query, (name,))).fetchall()
        return tuple(Grant(Pattern.parse(pattern), _rights(actions)) for pattern, actions in rows)


def _rights(actions: str) -> frozenset[Right]:
    return frozenset(map(Right, actions.split(",")))


def _merge(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """One grant for each pattern."""
    merged: dict[Pattern, Grant] = {}
    for grant in grants:
        known = merged.get(grant.pattern)
        merged[grant.pattern] = Grant(grant.pattern, grant.rights | known.rights) if known else grant
    return tuple(merged.values())


@contextmanager
def opened(folder: Path, *, make: bool = False, url: str = "") -> Iterator[Users]:
    """The users of the registry in `folder`, which may be running; `make` it where there is none yet.

    With `url` they are those of that database, wherever the registry's folder is.
    Raises `InvalidSettings` where it cannot be had.
    """
    if url:
        with closing(open_database(folder, url)) as database:
            yield Users(database)
        return
    if not (make or (folder / "registry.db").is_file()):
        raise InvalidSettings(str(folder), why="there is no registry", remedy="give its folder: --disk DIR")
    with telling(folder), closing(Layout(folder)) as layout, closing(SqliteDatabase(layout.database)) as database:
        yield Users(database)


def are_there(folder: Path) -> bool:
    """Whether the registry in `folder` has users, or would have, were it there; nothing is changed."""
    path = folder / "registry.db"
    if not path.is_file():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        # An older registry has no such table yet.
        known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'user'").fetchone()
        return bool(known) and connection.execute("SELECT 1 FROM user WHERE name <> '' LIMIT 1").fetchone() is not None
