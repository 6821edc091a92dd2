"""Transactions that outlive the database's hiccups."""

import errno
import sqlite3
from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from headgate.domain.errors import StorageFullError
from headgate.stores.db import Database, Transaction

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 2.0
_PATIENCE_SECONDS = 30.0

_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_DISK_FULL = "53100"
# PostgreSQL appendix A: connection exceptions; being shut down, crashed, or starting up.
_AWAY = ("08", "57P01", "57P02", "57P03")


def write(database: Database, function: Callable[[Transaction], T]) -> T:
    """Run the function in a transaction; again when the database was away or chose a loser.

    A commit whose answer was lost may have happened: the function must bear being repeated.
    StorageFullError when there is no room left.
    """
    deadline = monotonic() + _PATIENCE_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            with database.begin() as tx:
                return function(tx)
        except DBAPIError as error:
            if is_full(error):
                raise StorageFullError(
                    "The database has no room left on its disk: free some and try again"
                ) from error
            if not _worth_repeating(error) or monotonic() > deadline:
                raise
        sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def is_full(error: BaseException) -> bool:
    """Tell whether an error of the database or of a file means that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or _state(error) == _DISK_FULL


def _worth_repeating(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF == sqlite3.SQLITE_BUSY  # the low byte is the primary code
    state = _state(error)
    lost = error.connection_invalidated or (state == "" and "connect" in str(error.orig))
    return lost or state in {_SERIALIZATION_FAILURE, _DEADLOCK} or state.startswith(_AWAY)


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
