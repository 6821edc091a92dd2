"""What a repository takes from upstream, by which way and how fast."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select, update

from headgate.domain.ids import HttpProxyId, RepositoryId
from headgate.domain.repositories import SELECTED_PROXY
from headgate.domain.repository_sources import SourceSettings
from headgate.services.access import Actor, load
from headgate.services.organizations.http_proxies import require_usable
from headgate.stores.db import Transaction
from headgate.stores.db.tables import http_proxies, repositories

SOURCE_COLUMNS: Final = (
    "http_proxy_policy",
    "http_proxy_id",
    "download_concurrency",
    "download_rate",
    "ignorable_content",
    "retain_package_versions_count",
    "metadata_expire",
    "os_versions",
)
# Changing these means that the next sync must look again, whatever upstream says.
_SYNC_RELEVANT: Final = ("ignorable_content", "retain_package_versions_count")


def set_source(
    tx: Transaction,
    *,
    actor: Actor,
    repository_id: RepositoryId,
    changes: Mapping[str, Any],
    permission: str = "edit_products",
) -> None:
    """Change columns of SOURCE_COLUMNS.

    To be called last, without changes, too: whether the settings go together depends on the rest
    of the repository.
    """
    row = load(tx, actor, repositories, repository_id, permission=permission)
    values = {name: changes[name] for name in SOURCE_COLUMNS if name in changes}
    merged = {name: getattr(row, name) for name in SOURCE_COLUMNS} | values
    if merged["http_proxy_policy"] != SELECTED_PROXY and "http_proxy_id" not in changes:
        values["http_proxy_id"] = merged["http_proxy_id"] = None
    SourceSettings(
        content_type=row.content_type,
        mirroring_policy=row.mirroring_policy,
        http_proxy_policy=merged["http_proxy_policy"],
        http_proxy_id=merged["http_proxy_id"],
        ignorable_content=merged["ignorable_content"] or (),
        retain_package_versions_count=merged["retain_package_versions_count"],
        metadata_expire=merged["metadata_expire"],
        os_versions=merged["os_versions"] or (),
    ).check()
    proxy_id = values.get("http_proxy_id")
    if proxy_id is not None:
        require_usable(tx, actor, HttpProxyId(proxy_id), row.organization_id)
    if any(merged[name] != getattr(row, name) for name in _SYNC_RELEVANT):
        values["upstream_state"] = None
    if values:
        tx.execute(update(repositories).where(repositories.c.id == row.id).values(values))


def name_of_proxy(tx: Transaction, proxy_id: int | None) -> str | None:
    """Return the name of the proxy that a repository has chosen."""
    if proxy_id is None:
        return None
    return tx.scalar(select(http_proxies.c.name).where(http_proxies.c.id == proxy_id))
