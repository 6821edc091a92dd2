"""Noting that a repository trusts or signs with other keys than before."""

from sqlalchemy import ColumnElement, select, update

from headgate.domain.ids import CredentialId
from headgate.stores.db import Transaction
from headgate.stores.db.tables import products, repositories


def trust_changed(tx: Transaction, which: ColumnElement[bool]) -> None:
    """Note that these repositories trust or sign with other keys, or for other ends.

    What content processes have in memory of them counts no more, and their next sync looks at
    everything again: `upstream_state` counts only with the stamp that it was made under.
    """
    moved = repositories.c.trust_stamp + 1
    tx.execute(update(repositories).where(which).values(trust_stamp=moved))


def credential_changed(tx: Transaction, credential_id: CredentialId) -> None:
    """Note that a gpg key has other content, or is about to go."""
    own = repositories.c.gpg_key_id
    through_product = select(products.c.id).where(products.c.gpg_key_id == credential_id)
    trust_changed(
        tx,
        (own == credential_id) | (own.is_(None) & repositories.c.product_id.in_(through_product)),
    )
