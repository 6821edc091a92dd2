"""Numbers of errata by their type, as Katello shows them."""

from pyroaring import BitMap

from headgate.content.rpm.tables import errata
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

# What advisories call themselves, under Katello's three kinds; anything else counts only in all.
KINDS = {
    "security": "security",
    "bugfix": "bugfix",
    "recommended": "bugfix",
    "enhancement": "enhancement",
    "optional": "enhancement",
    "newpackage": "enhancement",
}


def errata_counts(tx: Transaction, ids: BitMap) -> dict[str, int]:
    """Return how many errata of each kind there are, and in all."""
    counts = {"security": 0, "bugfix": 0, "enhancement": 0, "total": len(ids)}
    for row in rows_of(tx, [errata.c.type], errata.c.id, ids):
        kind = KINDS.get(row[0])
        if kind is not None:
            counts[kind] += 1
    return counts
