"""Who may count on units, content sets and publications, and who may remove them, at one time.

A row that nothing refers to may be collected at any moment, also between a look at it and the pin
or reference that would have kept it. So whoever is about to refer to something by what it found
holds collection off first; whoever collects waits for those, and they for it. SQLite lets one
transaction write at a time anyway; on PostgreSQL it is an advisory lock, which ends with the
transaction.
"""

from sqlalchemy import text

from headgate.stores.db import Transaction

# Any constant that no other advisory lock has.
_KEY = 7_365_021
_SLEEP_KEY = 7_365_022


def hold_off_collection(tx: Transaction) -> None:
    """Let nothing be collected until this transaction ends; call before looking things up."""
    _lock(tx, "pg_advisory_xact_lock_shared")


def begin_collection(tx: Transaction) -> None:
    """Let nobody refer to what was found until this transaction ends; its first statement."""
    _lock(tx, "pg_advisory_xact_lock")


def hold_off_sleep(tx: Transaction) -> None:
    """Let no publication fall dormant until this transaction ends; waits for no collection."""
    _lock(tx, "pg_advisory_xact_lock_shared", _SLEEP_KEY)


def begin_sleep(tx: Transaction) -> None:
    """Let nobody count on publications being awake until this transaction ends; its beginning."""
    begin_collection(tx)
    _lock(tx, "pg_advisory_xact_lock", _SLEEP_KEY)


def _lock(tx: Transaction, function: str, key: int = _KEY) -> None:
    if tx.dialect.name == "postgresql":
        tx.execute(text(f"SELECT {function}(:key)"), {"key": key})
