"""Groups of the OpenID Connect provider that stand for user groups.

Whoever logs in by the provider is in the user groups that the token's groups stand for, from then
on and until a login says otherwise. So mapping a group gives its rights, and takes whoever may
give them.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import ExternalUsergroupId, UsergroupId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnySelect, load, missing, scoped
from headgate.services.accounts.authentication import EXTERNAL
from headgate.services.accounts.usergroups import load_to_change
from headgate.services.listing import Catalog
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import external_usergroups

_LONGEST: Final = 255
_EDIT: Final = "edit_usergroups"

EXTERNAL_USERGROUPS: Final = Catalog(
    key=external_usergroups.c.id,
    fields=Fields(
        {
            "id": Field(external_usergroups.c.id, "integer"),
            "name": Field(external_usergroups.c.name, default=True),
        }
    ),
)


def query(actor: Actor, usergroup_id: UsergroupId) -> AnySelect:
    """Select the provider's groups that stand for a user group."""
    found = select(external_usergroups).where(external_usergroups.c.usergroup_id == usergroup_id)
    return scoped(found, actor, external_usergroups)


def standing_for(tx: Transaction, actor: Actor, usergroup_id: UsergroupId) -> Sequence[Row[Any]]:
    """Return the provider's groups that stand for a user group, by name."""
    found = query(actor, usergroup_id).order_by(external_usergroups.c.name)
    return tx.execute(found).all()


def load_external(
    tx: Transaction, actor: Actor, usergroup_id: UsergroupId, external_id: ExternalUsergroupId
) -> Row[Any]:
    """Return one of a user group's; NotFoundError as for every id, and for another group's."""
    row = load(tx, actor, external_usergroups, external_id)
    if row.usergroup_id != usergroup_id:
        raise missing(ExternalUsergroupId, external_id)
    return row


def map_external(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    usergroup_id: UsergroupId,
    name: str,
    auth_source_id: int,
) -> ExternalUsergroupId:
    """Let a group of the provider stand for a user group, from the next logins on."""
    load_to_change(tx, actor, usergroup_id, _EDIT)
    _check(name, auth_source_id)
    require_unique(tx, external_usergroups, usergroup_id=usergroup_id, name=name)
    now = clock()
    row = {"usergroup_id": usergroup_id, "name": name, "auth_source_id": auth_source_id}
    made = insert_row(tx, external_usergroups, {**row, "created_at": now, "updated_at": now})
    return ExternalUsergroupId(made)


def rename_external(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    usergroup_id: UsergroupId,
    external_id: ExternalUsergroupId,
    name: str,
    auth_source_id: int,
) -> None:
    """Let another group of the provider stand for the user group."""
    load_to_change(tx, actor, usergroup_id, _EDIT)
    row = load_external(tx, actor, usergroup_id, external_id)
    _check(name, auth_source_id)
    if name != row.name:
        require_unique(tx, external_usergroups, usergroup_id=usergroup_id, name=name)
    change = update(external_usergroups).where(external_usergroups.c.id == row.id)
    tx.execute(change.values(name=name, updated_at=clock()))


def unmap_external(
    tx: Transaction,
    *,
    actor: Actor,
    usergroup_id: UsergroupId,
    external_id: ExternalUsergroupId,
) -> None:
    """Let a group of the provider stand for nothing; its users stay in the user group."""
    load_to_change(tx, actor, usergroup_id, _EDIT)
    row = load_external(tx, actor, usergroup_id, external_id)
    tx.execute(delete(external_usergroups).where(external_usergroups.c.id == row.id))


def _check(name: str, auth_source_id: int) -> None:
    if auth_source_id != EXTERNAL:
        raise ValidationError({"auth_source_id": ["must be 2: the internal source has no groups"]})
    if not 0 < len(name) <= _LONGEST or "\0" in name:
        raise ValidationError({"name": [f"must be 1 to {_LONGEST} characters"]})
