"""Distributions: which version an environment serves, one row for each.

Whoever changes one has changed what hosts see the moment the transaction commits.
"""

from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.content_views import ContentViewVersion, LifecycleEnvironment
from headgate.services.containers.naming import name_served
from headgate.services.hosts.leaving import let_go, places_of
from headgate.services.serving.history import note_serving
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
)


def serve_version(tx: Transaction, *, clock: Clock, version_id: int, environment_id: int) -> None:
    """Let the environment serve this version in the place of any other of its view.

    ValidationError if the registry cannot name its container repositories.
    """
    row = tx.execute(
        select(
            content_views.c.id.label("content_view_id"),
            content_views.c.organization_id,
            content_views.c.label.label("view_label"),
            organizations.c.label.label("organization_label"),
            lifecycle_environments.c.label.label("environment_label"),
        )
        .join(content_view_versions, content_view_versions.c.content_view_id == content_views.c.id)
        .join(organizations, organizations.c.id == content_views.c.organization_id)
        .join(lifecycle_environments, lifecycle_environments.c.id == environment_id)
        .where(content_view_versions.c.id == version_id)
    ).one()
    changed = tx.execute(
        update(distributions)
        .where(
            distributions.c.content_view_id == row.content_view_id,
            distributions.c.environment_id == environment_id,
        )
        .values(version_id=version_id, updated_at=clock())
    )
    base_path = f"{row.organization_label}/{row.environment_label}/{row.view_label}"
    if not changed.rowcount:
        tx.execute(
            insert(distributions).values(
                base_path=base_path,
                organization_id=row.organization_id,
                environment_id=environment_id,
                content_view_id=row.content_view_id,
                version_id=version_id,
                updated_at=clock(),
            )
        )
    note_serving(
        tx,
        clock=clock,
        base_path=base_path,
        organization_id=row.organization_id,
        content_view_id=row.content_view_id,
        serves="version",
        version_id=version_id,
    )
    name_served(tx, content_view_id=row.content_view_id, environment_id=environment_id)


def serve_latest(
    tx: Transaction,
    *,
    clock: Clock,
    base_path: str,
    organization_id: int,
    environment_id: int,
    content_view_id: int,
) -> None:
    """Let the environment serve what the view's repositories hold now, whenever they are asked."""
    tx.execute(
        insert(distributions).values(
            base_path=base_path,
            organization_id=organization_id,
            environment_id=environment_id,
            content_view_id=content_view_id,
            version_id=None,
            updated_at=clock(),
        )
    )
    note_serving(
        tx,
        clock=clock,
        base_path=base_path,
        organization_id=organization_id,
        content_view_id=content_view_id,
        serves="latest",
    )
    name_served(tx, content_view_id=content_view_id, environment_id=environment_id)


def base_path_of(tx: Transaction, view: Row[Any], environment: Row[Any]) -> str:
    """Return the path below which an environment serves a view."""
    organization = tx.scalar(
        select(organizations.c.label).where(organizations.c.id == view.organization_id)
    )
    return f"{organization}/{environment.label}/{view.label}"


def stop_serving(
    tx: Transaction, *, clock: Clock, content_view_id: int, environment_id: int
) -> None:
    """Take the view out of the environment; taking it out twice is no error.

    BadRequestError if keys or hosts would be left without content.
    """
    let_go(tx, places_of(tx, content_view_id, [environment_id]))
    gone = tx.execute(
        delete(distributions)
        .where(
            distributions.c.content_view_id == content_view_id,
            distributions.c.environment_id == environment_id,
        )
        .returning(distributions.c.base_path, distributions.c.organization_id)
    ).all()
    for base_path, organization_id in gone:
        note_serving(
            tx,
            clock=clock,
            base_path=base_path,
            organization_id=organization_id,
            content_view_id=content_view_id,
            serves="nothing",
        )
        name_served(tx, content_view_id=content_view_id, environment_id=environment_id)


def environments_serving(tx: Transaction, version_id: int) -> list[Row[Any]]:
    """Return the environments that serve this version, in the order of their making."""
    return list(
        tx.execute(
            select(lifecycle_environments)
            .join(distributions, distributions.c.environment_id == lifecycle_environments.c.id)
            .where(distributions.c.version_id == version_id)
            .order_by(lifecycle_environments.c.id)
        )
    )


def as_value(tx: Transaction, version: Row[Any]) -> ContentViewVersion:
    """Return a version's row as the domain's value, with where it is served."""
    serving = environments_serving(tx, version.id)
    return ContentViewVersion(
        id=version.id,
        number=f"{version.major}.{version.minor}",
        environment_ids=frozenset(environment.id for environment in serving),
    )


def environment_value(row: Row[Any]) -> LifecycleEnvironment:
    """Return an environment's row as the domain's value."""
    return LifecycleEnvironment(id=row.id, name=row.name, prior_id=row.prior_id)
