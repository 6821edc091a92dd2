"""Settings that only repositories of one content type have."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from headgate.stores.db import Transaction
from headgate.stores.db.tables import container_repositories

_TABLES = {"docker": container_repositories}


def own_settings(tx: Transaction, repository: Row[Any]) -> Mapping[str, Any]:
    """Return them by the names of their columns; empty for types that have none."""
    table = _TABLES.get(repository.content_type)
    if table is None:
        return {}
    query = select(table).where(table.c.repository_id == repository.id)
    row = tx.execute(query).mappings().one_or_none()
    return {} if row is None else dict(row)
