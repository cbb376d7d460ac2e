"""One connection to PostgreSQL, which comes back by itself; where psycopg's exceptions stop.

A password may be in the URL, or where libpq looks for one (PGPASSFILE, PGSERVICE): no error repeats it.
"""

from __future__ import annotations

__all__ = ["Connection", "Question", "Where"]

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from boxship.errors import InvalidSettings, MissingExtra
from boxship.server.database import Row, Rows, Unavailable
from boxship.server.database.dialect import bound, translate

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
    from psycopg.pq import TransactionStatus
    from psycopg.types.numeric import IntLoader

    from boxship.server.database.postgres_patience import Impatient, Late
except ModuleNotFoundError as error:
    raise MissingExtra("postgres", "names in PostgreSQL") from error

Result = TypeVar("Result")
Question = tuple[str, tuple[object, ...]]  # a query that only reads, and its parameters

# A server that went away without a word is noticed in about so many seconds; whoever waits for a lock waits no longer.
_OPTIONS = {
    "connect_timeout": "5",
    "application_name": "boxship",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    # Where another server has taken over, this one, or what balances them, may lead to one that only follows.
    "target_session_attrs": "read-write",
}
# A process that hangs in the middle of a transaction keeps all others from writing until it is thrown out.
_SETTINGS = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'; SET statement_timeout = '{}s'"
_LATER = 5.0  # seconds after which PostgreSQL should have ended a statement, and has not
# Seconds of a commit: longer than a disk takes that is busy, and no longer than people wait for a standby that is away.
_COMMITTING = 10.0


class Where:
    """Which database a URL means, and as whom; `str()` is without the password."""

    def __init__(self, url: str) -> None:
        """Read the URL; `InvalidSettings` where it is none of PostgreSQL."""
        remedy = "--database postgresql://USER@HOST/NAME, the password in a file that PGPASSFILE names"
        wrong = InvalidSettings("--database", why="it is no URL of a PostgreSQL database", remedy=remedy)
        if not url.startswith(("postgresql://", "postgres://")):
            raise wrong
        try:
            told = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise wrong from None  # what libpq says repeats the URL
        # A password with an @ that is not written as %40 goes on in the host, which errors tell.
        if "@" in str(told.get("host", "")):
            raise InvalidSettings("--database", why="there is an @ in its host", remedy="write @ in a password as %40")
        self._password = str(told.get("password") or "")
        self.conninfo = make_conninfo("", **{**_OPTIONS, **told})
        place = ":".join(str(told[part]) for part in ("host", "port") if told.get(part))
        self._text = f"postgresql://{place}/{told.get('dbname') or ''}"

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<{self._text}>"

    def told(self, error: psycopg.Error) -> str:
        """What the error says, in one line and without the password."""
        text = " ".join(str(error).split()) or type(error).__name__
        return text.replace(self._password, "(secret)") if self._password else text


class Connection:
    """A connection for one thread at a time, made when it is first needed; also the transaction that is in progress.

    Attributes:
        opened: how many times it was made.
    """

    def __init__(self, where: Where, *, seconds: int) -> None:
        """A statement takes at most so many `seconds`."""
        self._where = where
        self._settings = _SETTINGS.format(seconds)
        self._patience = seconds + _LATER
        self.opened = 0
        self._connection: Impatient | None = None
        self._warning = ""

    @property
    def usable(self) -> bool:
        """Whether it is there, as far as it knows."""
        return self._connection is not None and not self._connection.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and has not been lost."""
        if not self._connection or self._connection.closed:
            return False
        return self._connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def execute(self, query: str, parameters: Sequence[object] | Mapping[str, object] = (), /) -> Rows:
        """What the query finds or changes; `Unavailable` where nobody knows."""
        with self._border():
            if not parameters:
                return self._open().execute(translate(query).replace(b"%%", b"%"))
            return self._open().execute(translate(query), bound(query, parameters))

    def executemany(self, query: str, rows: Iterable[Sequence[object]], /) -> None:
        """Do the same for each row of parameters."""
        with self._border():
            self._open().cursor().executemany(translate(query), [bound(query, row) for row in rows])

    def retried(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` reads; done once more, over a new connection, where it turns out that this one was lost."""
        try:
            return work(self)
        except Unavailable:
            if self.usable:
                raise
            return work(self)

    def ask(self, questions: Sequence[Question]) -> Sequence[Sequence[Row]]:
        """The rows of several questions in one round trip, outside of a transaction."""
        if len(questions) == 1:
            return [self.execute(*questions[0]).fetchall()]
        with self._border():
            connection = self._open()
            with connection.pipeline():
                asked = [connection.execute(translate(query), bound(query, given)) for query, given in questions]
            return [each.fetchall() for each in asked]

    def commit(self) -> None:
        """Let everybody see the transaction; `Unavailable` also where nobody knows whether they do, or for how long."""
        self._warning = ""
        with self._border():
            done = self._commit(self._open())
        if done != "COMMIT":  # of a transaction in which something failed, the server only says so here
            raise Unavailable(errno.EIO, f"the database {self._where} undid a transaction")
        if self._warning:  # somebody ended the wait for a standby, in the words of the server's language
            raise Unavailable(errno.EIO, f"the database {self._where} warned of a commit: {self._warning}")

    def close(self) -> None:
        """Close it; the next query opens another one."""
        if self._connection:
            with suppress(psycopg.Error):  # it may be gone already, and nothing hangs on it
                self._connection.close()
        self._connection = None

    def _commit(self, connection: Impatient) -> str | None:
        """What PostgreSQL says that it did."""
        connection.patience = _COMMITTING
        try:
            return connection.execute(b"COMMIT").statusmessage
        except Late as error:
            # Not cancelled: others would see what no standby has. As it is they see it when one has, and until then
            # PostgreSQL keeps the lock, so that nobody else writes.
            why = f"{error} to COMMIT: is a standby away that synchronous_standby_names wants?"
            raise Unavailable(errno.EAGAIN, f"the database {self._where}: {why}") from None
        finally:
            connection.patience = self._patience

    def _open(self) -> Impatient:
        if self._connection and not self._connection.closed:
            return self._connection
        connection = Impatient.connect(self._where.conninfo, autocommit=True)
        connection.patience = self._patience
        connection.add_notice_handler(self._note)
        connection.adapters.register_loader("numeric", IntLoader)  # sums, which have no fraction here
        connection.execute(self._settings.encode())
        self._connection = connection
        self.opened += 1
        return connection

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self._warning = notice.message_primary or "(without a word)"

    @contextmanager
    def _border(self) -> Iterator[None]:
        try:
            yield
        except psycopg.errors.DiskFull as error:
            raise OSError(errno.ENOSPC, self._where.told(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
            raise Unavailable(errno.EAGAIN, f"the database {self._where}: {self._where.told(error)}") from None
        except psycopg.Error as error:
            raise OSError(errno.EIO, f"the database {self._where}: {self._where.told(error)}") from error
