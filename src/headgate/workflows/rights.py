"""Tasks act with the rights of who asked for them, as these are when the task runs.

What was asked for was allowed then; a task may wait, or be resumed, long after a role was taken.
Sub-tasks and what follows from a task belong to it and are not asked about again, nor are tasks
that recur: those are the server's own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, select

from headgate.domain.errors import PermissionDeniedError
from headgate.engine.port import Run
from headgate.services.access import held_for
from headgate.services.accounts.actors import load_actor
from headgate.services.actor import lacking
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    activation_keys,
    content_view_versions,
    content_views,
    flatpak_remotes,
    organizations,
    products,
    repositories,
    sync_plans,
    tasks,
)
from headgate.workflows.incremental_requests import INCREMENTAL_UPDATE
from headgate.workflows.workshop import Workshop

Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Right:
    """Any one of the permissions, for all the rows of a table that the input of a task names."""

    table: Table
    ids: Callable[[Input], Iterable[int]]
    permissions: tuple[str, ...]


def require_still(workshop: Workshop, run: Run, workflow: str) -> None:
    """Raise PermissionDeniedError if whoever asked for the task may no longer do so.

    A workflow with something to clean up calls it itself, where its clean-up sees the error.
    """
    right = _RIGHTS.get(workflow)
    if right is None or run.user_id is None:
        return
    with workshop.ports.database.read() as tx:
        if tx.scalar(select(tasks.c.parent_id).where(tasks.c.id == run.task_id)) is not None:
            return
        actor = load_actor(tx, run.user_id)
        if actor is None:
            raise PermissionDeniedError("Whoever asked for this may no longer log in")
        if actor.admin:
            return
        rows = tx.execute(
            select(right.table).where(among(tx, right.table.c.id, right.ids(run.input)))
        ).all()
        for permission in right.permissions:
            held = held_for(tx, actor, right.table, rows, permission)
            if all(row.id in held for row in rows):
                return
    raise lacking(right.permissions[0])


def _one(*keys: str) -> Callable[[Input], Iterable[int]]:
    """Find an id under keys within each other."""

    def found(given: Input) -> Iterable[int]:
        value: Any = given
        for key in keys:
            value = value[key]
        return [value]

    return found


def _updated(given: Input) -> Iterable[int]:
    """Composites that follow from other updates were not asked for."""
    return [each["version_id"] for each in given["updates"] if not each["composite"]]


def _of_repository(*permissions: str) -> Right:
    return Right(repositories, _one("repository_id"), permissions)


def _of_view(*permissions: str) -> Right:
    return Right(content_views, _one("content_view", "id"), permissions)


def _of_either(given: Input) -> Iterable[int]:
    return [given["repository_id"]] if "repository_id" in given else []


_PROMOTE: Final = "promote_or_remove_content_views"
_DESTROY: Final = "destroy_content_views"

PUBLISH: Final = "publish"

_RIGHTS: Final[Mapping[str, Right]] = {
    "sync": _of_repository("sync_products"),
    "sync_many": Right(repositories, lambda given: given["repository_ids"], ("sync_products",)),
    "sync_plan": Right(sync_plans, _one("sync_plan_id"), ("sync_sync_plans",)),
    "import_uploads": _of_repository("edit_products"),
    "remove_content": _of_repository("edit_products"),
    "reclaim_space": _of_repository("edit_products"),
    # Of a version, too, where versions of views are what they are about.
    "verify_checksum": Right(repositories, _of_either, ("sync_products",)),
    "republish": Right(repositories, _of_either, ("edit_products",)),
    "repair_many": Right(
        repositories, lambda given: given["repository_ids"], ("sync_products", "edit_products")
    ),
    PUBLISH: _of_view("publish_content_views"),
    INCREMENTAL_UPDATE: Right(content_view_versions, _updated, ("publish_content_views",)),
    "promote": _of_view(_PROMOTE),
    "remove_versions": _of_view(_PROMOTE, _DESTROY),
    "retain_versions": _of_view(_DESTROY),
    "check_dependencies": _of_view("view_content_views"),
    "preview_dependencies": _of_view("view_content_views"),
    "remove_product": Right(products, _one("product_id"), ("destroy_products",)),
    "remove_activation_key": Right(
        activation_keys, _one("activation_key_id"), ("destroy_activation_keys",)
    ),
    "remove_organization": Right(
        organizations, _one("organization_id"), ("destroy_organizations",)
    ),
    "scan_flatpak_remote": Right(
        flatpak_remotes, _one("flatpak_remote_id"), ("edit_flatpak_remotes",)
    ),
}

# They check for themselves: a version that they were to make is given up then.
OWN_CHECK: Final = frozenset({PUBLISH, INCREMENTAL_UPDATE})
