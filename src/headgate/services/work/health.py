"""Whether the parts of the server answer."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from headgate.stores.db import Transaction
from headgate.stores.db.tables import executors

# Workers beat every few seconds; one that is busy writing may be late.
_SILENCE: Final = timedelta(seconds=60)


def check_database(tx: Transaction) -> str | None:
    """Return what is wrong with the database, None if nothing is."""
    tx.execute(select(1))
    return None


def check_workers(tx: Transaction, *, now: datetime) -> str | None:
    """Return what is wrong with the workers, None if one at least is alive."""
    alive = select(func.count()).where(executors.c.beat_at > now - _SILENCE)
    return None if tx.scalar(alive) else "No worker is running: tasks will wait"
