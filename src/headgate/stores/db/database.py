"""Opening the database and its transactions, the same way for SQLite and PostgreSQL."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from headgate.domain.authors import SERVER, Author
from headgate.domain.clock import Clock, utc_now
from headgate.stores.db.auditing.capture import TOUCHED, Touched, listen
from headgate.stores.db.auditing.trail import write_trail

Transaction = Connection

_READ_ONLY = "headgate_read_only"
_TOPICS = "headgate_topics"


def announce(tx: Transaction, topic: str) -> None:
    """Let those subscribed to the topic know, once this transaction has committed."""
    tx.info.setdefault(_TOPICS, set()).add(topic)


class Database:
    """One database; every process opens its own after a fork."""

    def __init__(self, url: str, *, pool_size: int = 10, clock: Clock = utc_now) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._open(pool_size)
        listen(self.engine)
        self._clock = clock
        self._author = SERVER
        self._listeners: dict[str, tuple[Callable[[], None], ...]] = {}

    def by(self, author: Author) -> Self:
        """Return the same database as an author writes to it: the audit log names who it was."""
        other = copy(self)
        other._author = author  # noqa: SLF001 - its own class
        return other

    @contextmanager
    def begin(self) -> Generator[Transaction]:
        """Open a transaction that may write; it commits unless the block raises.

        What it changed is added to the audit log before it commits. On SQLite it takes the write
        lock at once (BEGIN IMMEDIATE), so a transaction that reads and then writes can never fail
        half-way for another writer.
        """
        with self.engine.begin() as connection:
            info = connection.info
            info.pop(_TOPICS, None)  # of an earlier transaction that was rolled back
            touched = info[TOUCHED] = Touched()
            try:
                yield connection
            finally:
                info.pop(TOUCHED, None)
            write_trail(connection, touched, self._author, clock=self._clock)
            topics: set[str] = info.pop(_TOPICS, set())
        for topic in topics:
            for listener in self._listeners.get(topic, ()):
                listener()

    def subscribe(self, topic: str, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener after every commit of this process that announced the topic.

        It runs in the committing thread: it may wake somebody, not do the work. What comes back
        ends the subscription.
        """
        self._listeners[topic] = (*self._listeners.get(topic, ()), listener)

        def unsubscribe() -> None:
            left = list(self._listeners[topic])
            left.remove(listener)
            self._listeners[topic] = tuple(left)

        return unsubscribe

    @contextmanager
    def read(self) -> Generator[Transaction]:
        """Open a transaction that only reads: one consistent view, never waiting for writers."""
        connection = self.engine.connect().execution_options(**self._read_options())
        with connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close the pooled connections of this process."""
        self.engine.dispose()

    def _read_options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {_READ_ONLY: True}
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def _open(self, pool_size: int) -> Engine:
        if not self.is_sqlite:
            return create_engine(self.url, pool_size=pool_size, max_overflow=10, pool_pre_ping=True)
        path = self.url.database
        if path is None or path == ":memory:":
            raise ValueError("the SQLite database must be a file: processes share it")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            self.url,
            connect_args={"timeout": 60, "isolation_level": None, "check_same_thread": False},
            pool_size=pool_size,
            max_overflow=20,
        )
        _configure_sqlite(engine)
        return engine


def _configure_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: object) -> None:
        # WAL: readers never wait; FULL: a commit that was answered is on disk.
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            # The indexes of a first sync grow at random places: 2 MB of cache would thrash.
            "cache_size = -16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(_READ_ONLY)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
