"""What smart proxies are to mirror: lifecycle environments, each of them recorded.

Nothing is mirrored yet, so nothing follows from a record; this server holds all content itself and
is given no environments.
"""

from typing import Any, Final

from sqlalchemy import Row, delete, insert, select

from headgate.domain.errors import BadRequestError, NotFoundError
from headgate.domain.ids import EnvironmentId, OrganizationId, SmartProxyId
from headgate.services.access import Actor, load
from headgate.services.organizations.environment_records import query
from headgate.services.organizations.smart_proxies import load_smart_proxy
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    smart_proxy_environments,
)

VIEW: Final = "view_capsule_content"
MANAGE: Final = "manage_capsule_content"

_links = smart_proxy_environments.c


def load_mirror(tx: Transaction, actor: Actor, proxy_id: SmartProxyId) -> AnyRow:
    """Return a proxy as `smart_proxies.query` gives it; BadRequestError for this server itself."""
    row = load_smart_proxy(tx, actor, proxy_id)
    if row.internal:
        raise BadRequestError(
            f"Smart proxy '{row.name}' is this server itself: it has all content and mirrors none."
            " Name another smart proxy."
        )
    return row


def environments_of(
    tx: Transaction,
    actor: Actor,
    proxy_id: SmartProxyId,
    *,
    organization_id: OrganizationId | None = None,
    added: bool,
) -> list[AnyRow]:
    """Return the environments that the proxy is to mirror, or those that could be added to them.

    As far as the actor sees them, as `environment_records.query` gives them.
    """
    load_mirror(tx, actor, proxy_id)
    chosen = select(_links.environment_id).where(_links.smart_proxy_id == proxy_id)
    key = lifecycle_environments.c.id
    found = query(actor, organization_id=organization_id).where(
        key.in_(chosen) if added else key.not_in(chosen)
    )
    return list(tx.execute(found.order_by(lifecycle_environments.c.name, key)).all())


def add_environment(
    tx: Transaction, *, actor: Actor, proxy_id: SmartProxyId, environment_id: EnvironmentId
) -> None:
    """Record that the proxy is to mirror an environment; once is as good as twice."""
    load_mirror(tx, actor, proxy_id)
    row = _load_environment(tx, actor, environment_id)
    if not tx.execute(select(smart_proxy_environments).where(*_link(proxy_id, row.id))).first():
        link = {"smart_proxy_id": proxy_id, "environment_id": row.id}
        tx.execute(insert(smart_proxy_environments).values(**link))


def remove_environment(
    tx: Transaction, *, actor: Actor, proxy_id: SmartProxyId, environment_id: EnvironmentId
) -> None:
    """Forget that the proxy is to mirror an environment; NotFoundError if it is not."""
    proxy = load_mirror(tx, actor, proxy_id)
    row = _load_environment(tx, actor, environment_id)
    gone = tx.execute(delete(smart_proxy_environments).where(*_link(proxy_id, row.id)))
    if not gone.rowcount:
        raise NotFoundError(
            f"Lifecycle environment '{row.name}' is not among those of smart proxy '{proxy.name}'"
        )


def views_in(tx: Transaction, environment_ids: list[int]) -> Grouped:
    """Return by environment the content views in it, with their versions."""
    versions = content_view_versions.c
    rows = tx.execute(
        select(
            distributions.c.environment_id,
            distributions.c.id.label("distribution_id"),
            content_views.c.id,
            content_views.c.name,
            content_views.c.label,
            content_views.c.composite,
            content_views.c.default,
            distributions.c.version_id,
            versions.major,
            versions.minor,
        )
        .join(content_views, content_views.c.id == distributions.c.content_view_id)
        .outerjoin(content_view_versions, versions.id == distributions.c.version_id)
        .where(among(tx, distributions.c.environment_id, environment_ids))
        .order_by(content_views.c.name, content_views.c.id)
    )
    return grouped(rows, "environment_id")


def _load_environment(tx: Transaction, actor: Actor, environment_id: EnvironmentId) -> Row[Any]:
    return load(tx, actor, lifecycle_environments, environment_id, permission=MANAGE)


def _link(proxy_id: int, environment_id: int) -> tuple[Any, Any]:
    return (_links.smart_proxy_id == proxy_id, _links.environment_id == environment_id)
