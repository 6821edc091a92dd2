"""Reading lifecycle environments: as rows of a list, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select

from headgate.domain.ids import EnvironmentId, OrganizationId
from headgate.search import Field, Fields
from headgate.services.access import Actor, load
from headgate.services.hosts.view_environments import HOSTS, count_of
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_views,
    distributions,
    lifecycle_environments,
)

PERMISSION_TYPES: Final = ("readable", "promotable")
_PROMOTE: Final = "promote_or_remove_content_views_to_environments"

ENVIRONMENTS: Final = Catalog(
    key=lifecycle_environments.c.id,
    fields=Fields(
        {
            "id": Field(lifecycle_environments.c.id, "integer"),
            "name": Field(lifecycle_environments.c.name, default=True),
            "label": Field(lifecycle_environments.c.label, default=True),
            "description": Field(lifecycle_environments.c.description),
            "library": Field(lifecycle_environments.c.library, "boolean"),
            "organization_id": Field(lifecycle_environments.c.organization_id, "integer"),
        }
    ),
)

_PRIOR = lifecycle_environments.alias("prior")


@dataclass(frozen=True, slots=True)
class Beside:
    """What the environments of a page lead to: successors and the views that they serve."""

    successors: Grouped
    views: Grouped


def query(
    actor: Actor,
    *,
    organization_id: OrganizationId | None = None,
    library: bool | None = None,
    **plain: object,
) -> Select[Any]:
    """Select environments with the names of their prior and organization.

    `plain` narrows by columns such as `name` and `label`.
    """
    joined = (
        select(
            lifecycle_environments,
            _PRIOR.c.name.label("prior_name"),
            count_of(HOSTS, distributions.c.environment_id, lifecycle_environments.c.id).label(
                "host_count"
            ),
        )
        .select_from(lifecycle_environments)
        .outerjoin(_PRIOR, _PRIOR.c.id == lifecycle_environments.c.prior_id)
    )
    if library is not None:
        joined = joined.where(lifecycle_environments.c.library.is_(library))
    return of_organizations(
        joined, actor, lifecycle_environments, organization_id=organization_id, **plain
    )


def load_environment(
    tx: Transaction,
    actor: Actor,
    environment_id: EnvironmentId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one environment as `query` gives it; NotFoundError unless of `organization_id`."""
    load(tx, actor, lifecycle_environments, environment_id, organization_id=organization_id)
    return tx.execute(query(actor).where(lifecycle_environments.c.id == environment_id)).one()


def beside(tx: Transaction, rows: Sequence[AnyRow]) -> Beside:
    """Read what stands beside these environments, in two statements."""
    ids = [row.id for row in rows]
    environments = lifecycle_environments.c
    successors = tx.execute(
        select(environments.id, environments.name, environments.prior_id)
        .where(among(tx, environments.prior_id, ids))
        .order_by(environments.id)
    )
    views = tx.execute(
        select(content_views.c.id, content_views.c.name, distributions.c.environment_id)
        .join(distributions, distributions.c.content_view_id == content_views.c.id)
        .where(among(tx, distributions.c.environment_id, ids))
        .order_by(content_views.c.name, content_views.c.id)
    )
    return Beside(grouped(successors, "prior_id"), grouped(views, "environment_id"))


def paths(
    tx: Transaction, actor: Actor, organization_id: OrganizationId, *, promotable: bool = False
) -> list[list[AnyRow]]:
    """Return each path from Library to a last environment.

    `promotable` leaves none where the actor may not promote: the permission holds in a whole
    organization.
    """
    if promotable and not actor.may(_PROMOTE, organization_id=organization_id):
        return []
    rows = tx.execute(
        query(actor, organization_id=organization_id).order_by(lifecycle_environments.c.id)
    ).all()
    following = grouped((row for row in rows if not row.library), "prior_id")

    def walk(path: list[AnyRow]) -> list[list[AnyRow]]:
        further = following.get(path[-1].id, [])
        return [found for row in further for found in walk([*path, row])] or [path]

    return [path for library in rows if library.library for path in walk([library])]
