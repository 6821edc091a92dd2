"""Activation keys: what hosts that are registered with one are given."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, ValidationError
from headgate.domain.ids import ActivationKeyId, HostCollectionId, OrganizationId
from headgate.services.access import Actor, load, load_many
from headgate.services.hosts.limits import limit_of
from headgate.services.hosts.overrides import OF_KEYS, copy_overrides
from headgate.services.hosts.view_environments import (
    KEYS,
    Wanted,
    chosen,
    held_by,
    set_environments,
)
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row, upsert
from headgate.stores.db.tables import (
    activation_key_collections,
    activation_key_hosts,
    activation_keys,
    host_collections,
    organizations,
)

# Columns that requests set as they are.
PLAIN: Final = (
    "description",
    "release_version",
    "service_level",
    "auto_attach",
    "purpose_usage",
    "purpose_role",
    "purpose_addons",
)


def create_key(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    values: Mapping[str, Any],
    wanted: Wanted,
) -> ActivationKeyId:
    """Make a key; without a limit it takes as many hosts as there are."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_activation_keys", organization_id=organization_id)
    _check_key_name(tx, name, organization_id)
    environments = chosen(tx, actor, wanted, organization_id=organization_id)
    now = clock()
    key_id = insert_row(
        tx,
        activation_keys,
        {
            "purpose_addons": [],
            **{column: values[column] for column in PLAIN if values.get(column) is not None},
            "organization_id": organization_id,
            "name": name,
            "max_hosts": limit_of(values, present=None, used=0),
            "user_id": actor.user_id,
            "created_at": now,
            "updated_at": now,
        },
    )
    set_environments(tx, KEYS, [key_id], environments or [])
    return ActivationKeyId(key_id)


def update_key(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    key_id: ActivationKeyId,
    changes: Mapping[str, Any],
    wanted: Wanted,
) -> None:
    """Change what is given, for hosts that are registered from now on."""
    row = load_to_edit(tx, actor, key_id)
    values = {column: changes[column] for column in PLAIN if column in changes}
    if values.get("purpose_addons", ()) is None:
        values["purpose_addons"] = []
    if values.get("auto_attach", True) is None:
        del values["auto_attach"]
    if changes.get("name") is not None and changes["name"] != row.name:
        _check_key_name(tx, changes["name"], row.organization_id, except_id=row.id)
        values["name"] = changes["name"]
    values["max_hosts"] = limit_of(changes, present=row.max_hosts, used=_used(tx, row.id))
    tx.execute(
        update(activation_keys)
        .where(activation_keys.c.id == row.id)
        .values(**values, updated_at=clock())
    )
    environments = chosen(
        tx,
        actor,
        wanted,
        organization_id=row.organization_id,
        present=lambda: held_by(tx, KEYS, [row.id]).get(row.id, []),
    )
    if environments is not None:
        set_environments(tx, KEYS, [row.id], environments)


def copy_key(
    tx: Transaction, *, actor: Actor, clock: Clock, key_id: ActivationKeyId, name: str
) -> ActivationKeyId:
    """Make a key that gives hosts the same; no host is registered with it yet."""
    row = load(tx, actor, activation_keys, key_id, permission="create_activation_keys")
    _check_key_name(tx, name, row.organization_id, field="new_name")
    now = clock()
    own = {"id", "name", "user_id", "created_at", "updated_at"}
    copied = {column.name: getattr(row, column.name) for column in activation_keys.c}
    values = {column: value for column, value in copied.items() if column not in own}
    stamps = {"user_id": actor.user_id, "created_at": now, "updated_at": now}
    copy_id = insert_row(tx, activation_keys, {**values, "name": name, **stamps})
    held = held_by(tx, KEYS, [row.id]).get(row.id, [])
    set_environments(tx, KEYS, [copy_id], [each.id for each in held])
    links = activation_key_collections.c
    collections = tx.scalars(
        select(links.host_collection_id).where(links.activation_key_id == row.id)
    ).all()
    pairs = [{"activation_key_id": copy_id, "host_collection_id": each} for each in collections]
    if pairs:
        tx.execute(insert(activation_key_collections), pairs)
    copy_overrides(tx, OF_KEYS, row.id, copy_id)
    return ActivationKeyId(copy_id)


def require_deletable_key(tx: Transaction, *, actor: Actor, key_id: ActivationKeyId) -> Row[Any]:
    """Return the key, or raise ConflictError while hosts are registered with it."""
    row = load(tx, actor, activation_keys, key_id, permission="destroy_activation_keys")
    _require_unused(tx, row.id, row.name)
    return row


def delete_key(tx: Transaction, *, key_id: ActivationKeyId) -> None:
    """Delete the key unless hosts use it by now; deleting it twice is no error."""
    name = tx.scalar(select(activation_keys.c.name).where(activation_keys.c.id == key_id))
    if name is not None:
        _require_unused(tx, key_id, name)
        tx.execute(delete(activation_keys).where(activation_keys.c.id == key_id))


def add_collections(
    tx: Transaction,
    *,
    actor: Actor,
    key_id: ActivationKeyId,
    collection_ids: Sequence[HostCollectionId],
) -> None:
    """Let the key put hosts into these collections, too."""
    row = load_to_edit(tx, actor, key_id)
    found = load_many(tx, actor, host_collections, collection_ids)
    if any(each.organization_id != row.organization_id for each in found):
        raise ValidationError({"host_collection_ids": ["are of another organization"]})
    pairs = [
        {"activation_key_id": row.id, "host_collection_id": each}
        for each in dict.fromkeys(collection_ids)
    ]
    if pairs:
        tx.execute(upsert(tx, activation_key_collections).on_conflict_do_nothing(), pairs)


def remove_collections(
    tx: Transaction,
    *,
    actor: Actor,
    key_id: ActivationKeyId,
    collection_ids: Sequence[HostCollectionId],
) -> None:
    """Let the key put hosts into these collections no more."""
    row = load_to_edit(tx, actor, key_id)
    load_many(tx, actor, host_collections, collection_ids)
    links = activation_key_collections.c
    tx.execute(
        delete(activation_key_collections).where(
            links.activation_key_id == row.id, links.host_collection_id.in_(collection_ids)
        )
    )


def load_to_edit(tx: Transaction, actor: Actor, key_id: ActivationKeyId) -> Row[Any]:
    """Return the key if the actor may change it."""
    return load(tx, actor, activation_keys, key_id, permission="edit_activation_keys")


def _check_key_name(
    tx: Transaction,
    name: str,
    organization_id: int,
    *,
    except_id: int | None = None,
    field: str = "name",
) -> None:
    if "," in name:  # hosts are given several keys in one text, with commas
        raise ValidationError({field: ["cannot contain commas"]})
    free_name(tx, activation_keys, name, except_id=except_id, organization_id=organization_id)


def _used(tx: Transaction, key_id: int) -> int:
    """Return how many hosts use the key; none is added before the commit."""
    tx.execute(select(activation_keys.c.id).where(activation_keys.c.id == key_id).with_for_update())
    links = activation_key_hosts.c
    count = select(func.count()).where(links.activation_key_id == key_id)
    return tx.scalar(count.select_from(activation_key_hosts)) or 0


def _require_unused(tx: Transaction, key_id: int, name: str) -> None:
    used = _used(tx, key_id)
    if used:
        raise ConflictError(
            f"Activation key '{name}' is used by {used} host(s); delete these or register them"
            " with another one first."
        )
