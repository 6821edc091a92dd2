"""Lifecycle environments: paths that start at Library; content moves along them by promotion."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import EnvironmentId, OrganizationId
from headgate.domain.registry_names import NamePattern
from headgate.services.access import Actor, load
from headgate.services.containers.naming import name_after, name_environment
from headgate.services.uniqueness import free_name, free_names
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import distributions, lifecycle_environments, organizations

# `ORG/content_views/...` is where archived versions are served (katello.md 1.1).
RESERVED_LABELS = frozenset({"content_views"})

REGISTRY_FIELDS = (
    "registry_name_pattern",
    "registry_unauthenticated_pull",
    "registry_unauthenticated_index",
)


def create_environment(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    prior_id: EnvironmentId,
    label: str | None = None,
    description: str | None = None,
    registry_name_pattern: str | None = None,
    registry_unauthenticated_pull: bool = False,
    registry_unauthenticated_index: bool = False,
) -> EnvironmentId:
    """Make an environment that follows `prior_id`.

    Paths branch at Library only: each environment that follows it starts one. Elsewhere the new
    environment comes between the prior and what followed it (katello.md 1.1).
    """
    load(tx, actor, organizations, organization_id)
    actor.require("create_lifecycle_environments", organization_id=organization_id)
    names = free_names(
        tx, lifecycle_environments, name=name, label=label, organization_id=organization_id
    )
    if names["label"] in RESERVED_LABELS:
        raise ValidationError({"label": [f"'{names['label']}' is reserved"]})
    prior = load(tx, actor, lifecycle_environments, prior_id)
    if prior.organization_id != organization_id:
        raise ValidationError({"prior": ["must be an environment of the same organization"]})
    now = clock()
    environment_id = insert_row(
        tx,
        lifecycle_environments,
        {
            **names,
            "description": description,
            "library": False,
            "prior_id": prior_id,
            "registry_name_pattern": _checked_pattern(registry_name_pattern),
            "registry_unauthenticated_pull": registry_unauthenticated_pull,
            "registry_unauthenticated_index": registry_unauthenticated_index,
            "created_at": now,
            "updated_at": now,
        },
    )
    if not prior.library:
        _follow(tx, moved_from=prior_id, to=environment_id)
    return EnvironmentId(environment_id)


def update_environment(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    environment_id: EnvironmentId,
    changes: Mapping[str, Any],
) -> None:
    """Change `name`, `description` or how the registry serves it (`REGISTRY_FIELDS`).

    The label is in served paths and never changes. ValidationError, which tells them all, if a
    pattern gives names that are not valid or are taken.
    """
    row = load(
        tx, actor, lifecycle_environments, environment_id, permission="edit_lifecycle_environments"
    )
    name, description = changes.get("name"), changes.get("description")
    if row.library and (name or description is not None):
        raise BadRequestError("The Library environment cannot be renamed or described.")
    values = {field: changes[field] for field in REGISTRY_FIELDS if field in changes}
    if "registry_name_pattern" in values:
        values["registry_name_pattern"] = _checked_pattern(values["registry_name_pattern"])
    if name is not None and name != row.name:
        values["name"] = free_name(
            tx, lifecycle_environments, name, except_id=row.id, organization_id=row.organization_id
        )
    if description is not None:
        values["description"] = description
    tx.execute(
        update(lifecycle_environments)
        .where(lifecycle_environments.c.id == row.id)
        .values(updated_at=clock(), **values)
    )
    if values.get("registry_name_pattern", row.registry_name_pattern) != row.registry_name_pattern:
        name_environment(tx, row.id)
    elif "name" in values:
        name_after(tx, row.organization_id, "lifecycle_environment.name")


def delete_environment(tx: Transaction, *, actor: Actor, environment_id: EnvironmentId) -> Row[Any]:
    """Delete an environment that serves nothing; its successors follow its prior. Returns it."""
    row = load(
        tx,
        actor,
        lifecycle_environments,
        environment_id,
        permission="destroy_lifecycle_environments",
    )
    if row.library:
        raise BadRequestError("Library lifecycle environments may not be deleted.")
    serving = tx.scalar(
        select(func.count())
        .select_from(distributions)
        .where(distributions.c.environment_id == row.id)
    )
    if serving:
        raise BadRequestError(
            f"Lifecycle environment '{row.name}' still serves {serving} content view(s);"
            " remove them from it first."
        )
    _follow(tx, moved_from=row.id, to=row.prior_id)
    tx.execute(delete(lifecycle_environments).where(lifecycle_environments.c.id == row.id))
    return row


def _checked_pattern(pattern: str | None) -> str | None:
    """Return the pattern once it is one; None for an empty one, which is none."""
    if not pattern:
        return None
    NamePattern.read(pattern)
    return pattern


def _follow(tx: Transaction, *, moved_from: int, to: int) -> None:
    """Let what followed one environment follow another, that other one excepted."""
    environments = lifecycle_environments
    tx.execute(
        update(environments)
        .where(environments.c.prior_id == moved_from, environments.c.id != to)
        .values(prior_id=to)
    )
