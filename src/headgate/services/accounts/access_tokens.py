"""Personal access tokens: passwords for programs, each by itself revocable.

The token is shown once, when it is made; only its hash is stored. A token is 256 random bits, so a
plain SHA-256 keeps it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, or_, update

from headgate.domain.clock import Clock
from headgate.domain.errors import NotFoundError, ValidationError
from headgate.domain.ids import PersonalAccessTokenId, UserId
from headgate.domain.names import check_name
from headgate.services.access import Actor, load
from headgate.services.accounts.authentication import new_token, token_hash
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import personal_access_tokens, users


def create_token(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    user_id: UserId,
    name: str,
    expires_at: datetime | None = None,
) -> tuple[PersonalAccessTokenId, str]:
    """Make a token for a user and return it; the name of a dead one may be used again.

    Only users themselves and administrators make tokens: a token is the user.
    """
    require_self_or_admin(tx, actor, user_id)
    check_name(name)
    now = clock()
    if expires_at is not None and expires_at <= now:
        raise ValidationError({"expires_at": ["cannot be in the past"]})
    table = personal_access_tokens
    tx.execute(
        delete(table).where(
            table.c.user_id == user_id,
            table.c.name == name,
            or_(table.c.revoked, table.c.expires_at <= now),
        )
    )
    require_unique(tx, table, name=name, user_id=user_id)
    token = new_token()
    token_id = insert_row(
        tx,
        table,
        {
            "user_id": user_id,
            "name": name,
            "token_hash": token_hash(token),
            "expires_at": expires_at,
            "created_at": now,
        },
    )
    return PersonalAccessTokenId(token_id), token


def revoke_token(
    tx: Transaction, *, actor: Actor, user_id: UserId, token_id: PersonalAccessTokenId
) -> Row[Any]:
    """End a token at once; it stays listed. Returns it as it is then."""
    row = load_token(tx, actor, user_id=user_id, token_id=token_id)
    table = personal_access_tokens
    tx.execute(update(table).where(table.c.id == row.id).values(revoked=True))
    return load(tx, actor, table, row.id)


def load_token(
    tx: Transaction, actor: Actor, *, user_id: UserId, token_id: PersonalAccessTokenId
) -> Row[Any]:
    """Return a token of this user."""
    require_self_or_admin(tx, actor, user_id)
    row = load(tx, actor, personal_access_tokens, token_id)
    if row.user_id != user_id:
        raise NotFoundError(f"Could not find personal access token with id {token_id}")
    return row


def require_self_or_admin(tx: Transaction, actor: Actor, user_id: UserId) -> None:
    """Raise unless the tokens are the actor's own or the actor is an administrator."""
    load(tx, actor, users, user_id)
    if user_id != actor.user_id:
        actor.require_admin()
