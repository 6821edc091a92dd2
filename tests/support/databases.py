"""Databases of tests: copies of ones that are prepared once, a SQLite file or one of PostgreSQL."""

import shutil
from collections.abc import Callable, Generator, Iterator, MutableMapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from headgate.server.schema import import_tables
from headgate.stores.db import Database, metadata
from support.control import Watch, install
from support.postgres import Cluster

_MOST_COMPILED = 1_500


class Templates:
    """What databases are copied from: all tables, without rows or as a server's first start fills.

    Copying takes a millisecond (SQLite) or thirty (PostgreSQL), making the tables does not.
    """

    def __init__(self, folder: Path, cluster: Callable[[], Cluster]) -> None:
        self._folder = folder
        self._cluster = cache(cluster)
        self.sqlite = cache(self._make_sqlite)
        self.postgresql = cache(self._make_postgresql)

    @contextmanager
    def copy(self, kind: str, folder: Path, *, installed: bool = False) -> Generator[Database]:
        """Open a copy until the block ends, then remove it."""
        if kind == "sqlite":
            path = folder / "headgate.sqlite"
            shutil.copyfile(self.sqlite(installed=installed), path)
            with closing(opened(f"sqlite:///{path}")) as database:
                yield database
            return
        name = self._cluster().create(template=self.postgresql(installed=installed))
        with closing(opened(self._cluster().url(name))) as database:
            yield database
        self._cluster().drop(name)

    def _make_sqlite(self, *, installed: bool) -> Path:
        path = self._folder / f"{'installed' if installed else 'empty'}.sqlite"
        _prepare(f"sqlite:///{path}", installed=installed)
        return path

    def _make_postgresql(self, *, installed: bool) -> str:
        name = self._cluster().create()
        _prepare(self._cluster().url(name), installed=installed)
        return name


def opened(url: str) -> Database:
    """Open a database; statements that another one of its kind has compiled need not be again."""
    database = Database(url)
    share_statements(database)
    return database


def share_statements(database: Database) -> None:
    """Let a database use what others of its kind have compiled."""
    database.engine.update_execution_options(compiled_cache=_compiled(database.is_sqlite))


class _Compiled(MutableMapping[Any, Any]):
    """Compiled statements of one kind of database.

    SQLAlchemy asks by the engine's dialect and the statement; all engines of a kind have the same.
    """

    def __init__(self) -> None:
        self._kept: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        return self._kept[key[1:]]

    def __setitem__(self, key: Any, value: Any) -> None:
        if len(self._kept) >= _MOST_COMPILED:
            self._kept.clear()
        self._kept[key[1:]] = value

    def __delitem__(self, key: Any) -> None:
        del self._kept[key[1:]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


@cache
def _compiled(is_sqlite: bool) -> _Compiled:
    del is_sqlite
    return _Compiled()


def _prepare(url: str, *, installed: bool) -> None:
    import_tables()
    with closing(Database(url)) as database:
        with database.begin() as tx:
            metadata.create_all(tx)
        if installed:
            install(database, Watch())
