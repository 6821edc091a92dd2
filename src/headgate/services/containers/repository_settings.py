"""Settings that only container repositories have, kept beside their rows."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select, update

from headgate.domain.container_repositories import CONTAINER, USUAL_EXCLUDES, ContainerSettings
from headgate.domain.errors import ValidationError
from headgate.domain.ids import RepositoryId
from headgate.services.access import Actor, load
from headgate.services.containers.naming import name_after, name_repository
from headgate.stores.db import Transaction
from headgate.stores.db.tables import container_repositories, repositories

# As the API calls them -> the column.
COLUMNS: Final[Mapping[str, str]] = {
    "docker_upstream_name": "docker_upstream_name",
    "include_tags": "include_tags",
    "exclude_tags": "exclude_tags",
    "container_platforms": "platforms",
    "tag_limit_count": "tag_limit_count",
    "tag_limit_days": "tag_limit_days",
    "upstream_authentication_hosts": "authentication_hosts",
    "sigstore_url": "sigstore_url",
    "immutable_tags": "immutable_tags",
}
_LISTS: Final = frozenset(
    {
        "include_tags",
        "exclude_tags",
        "container_platforms",
        "upstream_authentication_hosts",
        "immutable_tags",
    }
)
# Changing these does not change what the next sync brings.
_OTHER: Final = frozenset({"immutable_tags", "upstream_authentication_hosts"})


def begin_container_settings(
    tx: Transaction, *, actor: Actor, repository_id: RepositoryId, given: Mapping[str, Any]
) -> None:
    """Set those of a repository that has just been made, with what is usual for mirrors."""
    row = load(tx, actor, repositories, repository_id)
    usual: Mapping[str, Any] = {}
    if row.content_type == CONTAINER and row.url is not None:
        usual = {"exclude_tags": list(USUAL_EXCLUDES)}
    set_container_settings(
        tx,
        actor=actor,
        repository_id=repository_id,
        changes={**usual, **given},
        permission="create_products",
    )


def set_container_settings(
    tx: Transaction,
    *,
    actor: Actor,
    repository_id: RepositoryId,
    changes: Mapping[str, Any],
    permission: str = "edit_products",
) -> None:
    """Change settings by their names in the API (`COLUMNS`); None clears one.

    To be called last, without changes, too: whether the settings go together depends on the rest
    of the repository. ValidationError for settings of a repository that holds no containers, and
    if the registry cannot name it: the first call for a repository gives it its name in Library.
    """
    row = load(tx, actor, repositories, repository_id, permission=permission)
    if row.content_type != CONTAINER:
        _refuse(changes)
        return
    own = container_repositories.c
    query = select(container_repositories).where(own.repository_id == row.id)
    known = tx.execute(query).mappings().one_or_none()
    held: Mapping[str, Any] = {} if known is None else dict(known)
    present = {name: held.get(column) for name, column in COLUMNS.items()}
    merged = present | dict(changes)
    together: dict[str, Any] = {
        name: value or () if name in _LISTS else value for name, value in merged.items()
    }
    ContainerSettings(
        url=row.url,
        unprotected=row.unprotected,
        snapshot_days=row.snapshot_days,
        pushed=held.get("push_name") is not None,
        **together,
    ).check()
    changed = [name for name in COLUMNS if merged[name] != present[name]]
    values = {COLUMNS[name]: merged[name] for name in changed}
    if known is None:
        tx.execute(insert(container_repositories).values(repository_id=row.id, **values))
    elif values:
        tx.execute(update(container_repositories).where(own.repository_id == row.id).values(values))
    if not _OTHER.issuperset(changed):
        looked = update(repositories).where(repositories.c.id == row.id)
        tx.execute(looked.values(upstream_state=None))
    if known is None:
        name_repository(tx, row.organization_id, row.id)
    elif "docker_upstream_name" in changed:
        name_after(tx, row.organization_id, "repository.docker_upstream_name")


def _refuse(changes: Mapping[str, Any]) -> None:
    errors = {
        name: ["is only for container repositories (docker)"]
        for name, value in changes.items()
        if value is not None
    }
    if errors:
        raise ValidationError(errors)
