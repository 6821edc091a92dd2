"""Repositories: their settings, their versions, and when they may go."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from headgate.domain.clock import Clock
from headgate.domain.container_repositories import CONTAINER
from headgate.domain.errors import BadRequestError, ConflictError, ValidationError
from headgate.domain.ids import (
    OrganizationId,
    ProductId,
    RepositoryId,
)
from headgate.domain.repositories import RepositorySettings
from headgate.plugin import PublishOptions
from headgate.services.access import Actor, load
from headgate.services.containers.naming import name_after
from headgate.services.platform.setting_values import in_force
from headgate.services.related import AnyRow
from headgate.services.repositories.products import (
    CREDENTIAL_KINDS,
    checked_credentials,
    new_content_id,
)
from headgate.services.storage.collection import request_collection
from headgate.services.uniqueness import free_name, free_names
from headgate.services.work.busy import require_free
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_filter_repositories,
    content_view_filters,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    products,
    repositories,
)

Seal = Callable[[bytes], bytes]

DEFAULTS: Mapping[str, Any] = {
    "arch": "noarch",
    "unprotected": False,
    "verify_ssl_on_sync": True,
    "missing_files_policy": "keep_good",
    "snapshot_days": 0,
}
# The registry decides by permissions who may pull; nothing of it is served by path.
_OWN_DEFAULTS: Mapping[str, Mapping[str, Any]] = {CONTAINER: {"unprotected": True}}
SETTABLE = (
    "name",
    "description",
    "url",
    "arch",
    "unprotected",
    "verify_ssl_on_sync",
    "upstream_username",
    "download_policy",
    "mirroring_policy",
    "missing_files_policy",
    "snapshot_days",
    "checksum_type",
    "metadata_compression",
)
_SECRETS = ("upstream_password", "http_proxy_url")
# Changing these means that the next sync must look again, whatever upstream says.
SYNC_RELEVANT = frozenset(
    {"url", "download_policy", "mirroring_policy", "checksum_type", "metadata_compression"}
)


def create_repository(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    product_id: ProductId,
    values: Mapping[str, Any],
) -> RepositoryId:
    """Make a repository from API values (`name`, `content_type` and any of SETTABLE).

    `upstream_password` and `http_proxy_url` come in plain text and are stored sealed. It has no
    version until its first sync or upload.
    """
    product = load(tx, actor, products, product_id, permission="create_products")
    values = {
        **values,
        **_credentials(tx, actor, product.organization_id, values),
        **_sealed(seal, values),
    }
    return insert_repository(tx, clock=clock, product=product, values=values)


def insert_repository(
    tx: Transaction, *, clock: Clock, product: Row[Any], values: Mapping[str, Any]
) -> RepositoryId:
    """Make a repository for a caller who may; secrets among the values are sealed already."""
    own = _OWN_DEFAULTS.get(values["content_type"], {})
    given = {key: value for key, value in values.items() if value is not None}
    policies = _policies(tx, values["content_type"])
    values = {**DEFAULTS, **policies, **own, **given}
    names = free_names(
        tx, repositories, name=values["name"], label=values.get("label"), product_id=product.id
    )
    settings = _settings_of(values, password_given=bool(values.get("upstream_password")))
    settings.check()
    now = clock()
    repository_id = insert_row(
        tx,
        repositories,
        {
            **{column: values.get(column) for column in (*SETTABLE, *CREDENTIAL_KINDS, *_SECRETS)},
            **names,
            "organization_id": product.organization_id,
            "product_id": product.id,
            "content_type": values["content_type"],
            "relative_path": f"custom/{product.label}/{names['label']}",
            "content_id": new_content_id(),
            "created_at": now,
            "updated_at": now,
        },
    )
    return RepositoryId(repository_id)


def _policies(tx: Transaction, content_type: str) -> dict[str, str]:
    """Return what the settings say of repositories that are made without policies."""
    of_type = "yum" if content_type == "yum" else "non_yum"
    return {
        "download_policy": in_force(tx, "default_download_policy"),
        "mirroring_policy": in_force(tx, f"default_{of_type}_mirroring_policy"),
    }


def update_repository(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    seal: Seal,
    repository_id: RepositoryId,
    changes: Mapping[str, Any],
) -> None:
    """Change settings; a key with None clears it. Label, product and type stay for ever."""
    row = load(tx, actor, repositories, repository_id, permission="edit_products")
    values = {column: changes[column] for column in SETTABLE if column in changes}
    if "name" in values and values["name"] != row.name:
        name = values["name"]
        free_name(tx, repositories, name, except_id=row.id, product_id=row.product_id)
    password = changes.get("upstream_password", row.upstream_password)
    present = {column.name: getattr(row, column.name) for column in repositories.columns}
    merged = {**present, **values}
    _settings_of(merged, password_given=bool(password)).check()
    values |= _credentials(tx, actor, row.organization_id, changes)
    values |= _sealed(seal, changes)
    if any(merged[column] != present[column] for column in SYNC_RELEVANT):
        values["upstream_state"] = None
    if merged["url"] != row.url:
        values["mirrors"] = None
    tx.execute(
        update(repositories).where(repositories.c.id == row.id).values(updated_at=clock(), **values)
    )
    if merged["name"] != row.name and row.content_type == CONTAINER:
        name_after(tx, row.organization_id, "repository.name")


def delete_repository(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    repository_id: RepositoryId,
    remove_from_versions: bool = False,
    delete_filters: bool = False,
) -> Row[Any]:
    """Delete the repository with its versions; return it as it was.

    ConflictError while a task works on it, or a version that holds it is being published, or a
    published one holds it, unless `remove_from_versions`: then it leaves them too, and everything
    that they serve goes on without it from one moment to the next. Filters that apply to it alone
    would apply to their whole view: BadRequestError, unless `delete_filters` says that they go
    with it.
    """
    row = load(tx, actor, repositories, repository_id, permission="destroy_products")
    require_free(tx, f"repository:{row.id}", name=f"Repository '{row.name}'")
    lonely = _filters_only_for(tx, repository_id)
    if lonely and not delete_filters:
        names = ", ".join(f"'{each.name}'" for each in lonely[:5])
        raise BadRequestError(
            f"Repository '{row.name}' is the only one of the content view filters {names}."
            " Delete these, or pass delete_empty_repo_filters."
        )
    publishing = _versions_holding(tx, repository_id, published=False)
    if publishing:
        raise ConflictError(
            f"Repository '{row.name}' is in content view versions that are being published"
            f" ({', '.join(publishing[:5])}). Wait for these tasks, then delete it."
        )
    holding = _versions_holding(tx, repository_id, published=True)
    if holding and not remove_from_versions:
        raise ConflictError(
            f"Repository '{row.name}' is in published content view versions"
            f" ({', '.join(holding[:5])}). Delete these, or pass"
            " remove_from_content_view_versions."
        )
    gone = [each.id for each in lonely]
    tx.execute(delete(content_view_filters).where(content_view_filters.c.id.in_(gone)))
    tx.execute(
        delete(content_view_version_repositories).where(
            content_view_version_repositories.c.repository_id == repository_id
        )
    )
    tx.execute(delete(repositories).where(repositories.c.id == repository_id))
    request_collection(tx, clock)
    return row


def publish_options(repository: Row[Any]) -> PublishOptions:
    """Return how the repository's metadata is written."""
    return PublishOptions(
        checksum_type=repository.checksum_type,
        compression=repository.metadata_compression,
        signing=repository.signing_fingerprint,
    )


def require_repositories(
    tx: Transaction, actor: Actor, organization_id: int, repository_ids: list[RepositoryId]
) -> list[Row[Any]]:
    """Return the repositories, each within the caller's reach and of this organization."""
    rows = [load(tx, actor, repositories, repository_id) for repository_id in repository_ids]
    strangers = [row.name for row in rows if row.organization_id != organization_id]
    if strangers:
        raise ValidationError(
            {"repository_ids": [f"belong to another organization: {', '.join(strangers)}"]}
        )
    return rows


def _filters_only_for(tx: Transaction, repository_id: RepositoryId) -> Sequence[AnyRow]:
    mine = content_view_filter_repositories.alias("mine")
    other = content_view_filter_repositories.alias("other")
    others = select(other.c.filter_id).where(
        other.c.filter_id == mine.c.filter_id, other.c.repository_id != repository_id
    )
    return tx.execute(
        select(content_view_filters.c.id, content_view_filters.c.name)
        .join(mine, mine.c.filter_id == content_view_filters.c.id)
        .where(mine.c.repository_id == repository_id, ~others.exists())
        .order_by(content_view_filters.c.id)
    ).all()


def _versions_holding(
    tx: Transaction, repository_id: RepositoryId, *, published: bool
) -> list[str]:
    rows = tx.execute(
        select(content_views.c.name, content_view_versions.c.major, content_view_versions.c.minor)
        .join(content_view_versions, content_view_versions.c.content_view_id == content_views.c.id)
        .join(
            content_view_version_repositories,
            content_view_version_repositories.c.version_id == content_view_versions.c.id,
        )
        .where(
            content_view_version_repositories.c.repository_id == repository_id,
            content_view_versions.c.published == published,
        )
        .order_by(func.lower(content_views.c.name))
    )
    return [f"{name} {major}.{minor}" for name, major, minor in rows]


def _settings_of(values: Mapping[str, Any], *, password_given: bool) -> RepositorySettings:
    return RepositorySettings(
        content_type=values["content_type"],
        url=values.get("url"),
        upstream_username=values.get("upstream_username"),
        upstream_password_given=password_given,
        download_policy=values["download_policy"],
        mirroring_policy=values["mirroring_policy"],
        missing_files_policy=values["missing_files_policy"],
        checksum_type=values.get("checksum_type"),
        metadata_compression=values.get("metadata_compression"),
    )


def _credentials(
    tx: Transaction, actor: Actor, organization_id: OrganizationId, values: Mapping[str, Any]
) -> dict[str, Any]:
    chosen = {column: values[column] for column in CREDENTIAL_KINDS if column in values}
    return dict(checked_credentials(tx, actor, organization_id, chosen))


def _sealed(seal: Seal, values: Mapping[str, Any]) -> dict[str, bytes | None]:
    return {
        column: seal(values[column].encode()) if values[column] else None
        for column in _SECRETS
        if column in values
    }
