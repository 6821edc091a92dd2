"""Tasks act with the rights of who asked for them, as these are when the task runs.

What was asked for was allowed then; a task may wait, or be resumed, long after a role was taken.
Sub-tasks belong to the task that made them and are not asked about again, nor are tasks that
recur: those are the server's own. What a composite view publishes by itself needs the right by
which its component was published, not one for the composite: whoever set it up so decided that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, select

from headgate.domain.errors import PermissionDeniedError
from headgate.engine.port import Run
from headgate.services.access import lacked
from headgate.services.accounts.actors import load_actor
from headgate.services.actor import lacking
from headgate.services.views.publish_plans import AUTO_PUBLISH
from headgate.stores.db.tables import (
    activation_keys,
    content_view_versions,
    content_views,
    flatpak_remotes,
    hosts,
    organizations,
    products,
    repositories,
    signing_keys,
    sync_plans,
    tasks,
)
from headgate.workflows.incremental_requests import INCREMENTAL_UPDATE
from headgate.workflows.workshop import Workshop

Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Right:
    """A permission for all the rows of a table that the input of a task names; none need none.

    To see the rows is always needed, as it is in a request.
    """

    permission: str
    table: Table
    ids: Callable[[Input], Sequence[int]]


def require_still(workshop: Workshop, run: Run, workflow: str) -> None:
    """Raise PermissionDeniedError if whoever asked for the task may no longer do so.

    What is gone by now needs no right. A workflow with something to clean up calls it itself,
    where its clean-up sees the error.
    """
    rights = RIGHTS.get(workflow)
    if rights is None or run.user_id is None:
        return
    with workshop.ports.database.read() as tx:
        if tx.scalar(select(tasks.c.parent_id).where(tasks.c.id == run.task_id)) is not None:
            return
        actor = load_actor(tx, run.user_id)
        if actor is None:
            raise PermissionDeniedError("Whoever asked for this may no longer log in")
        for right in rights:
            missing = lacked(tx, actor, right.table, right.ids(run.input), right.permission)
            if missing is not None:
                raise lacking(missing)


def _one(*keys: str) -> Callable[[Input], Sequence[int]]:
    """Find the id under keys within each other, if there is one."""

    def found(given: Input) -> Sequence[int]:
        value: Any = given
        for key in keys:
            value = value.get(key)
            if value is None:
                return []
        return [value]

    return found


def _several(key: str) -> Callable[[Input], Sequence[int]]:
    """Find the ids under a key."""
    return lambda given: given[key]


def _updated(given: Input) -> Sequence[int]:
    return [each["version_id"] for each in given["updates"]]


def _updated_and_served(given: Input) -> Sequence[int]:
    return [each["version_id"] for each in given["updates"] if each["environment_ids"]]


def _view_that_moves(given: Input) -> Sequence[int]:
    """Find the view if environments get, or lose, a version of it."""
    return _VIEW(given) if given.get("environment_ids") else []


def _view_that_loses(given: Input) -> Sequence[int]:
    """Find the view if it, or a version of it, is deleted."""
    return _VIEW(given) if given.get("version_ids") or given.get("destroy_content_view") else []


def _repaired_by(what: str) -> Callable[[Input], Sequence[int]]:
    return lambda given: given["repository_ids"] if given["what"] == what else []


_VIEW: Final = _one("content_view", "id")
_REPOSITORY: Final = _one("repository_id")
_VERSION: Final = _one("version_id")

_SYNC: Final = "sync_products"
_EDIT: Final = "edit_products"
_PUBLISH: Final = "publish_content_views"
_PROMOTE: Final = "promote_or_remove_content_views"

PUBLISH: Final = "publish"

RIGHTS: Final[Mapping[str, tuple[Right, ...]]] = {
    "sync": (Right(_SYNC, repositories, _REPOSITORY),),
    "sync_many": (Right(_SYNC, repositories, _several("repository_ids")),),
    "sync_plan": (Right("sync_sync_plans", sync_plans, _one("sync_plan_id")),),
    "discover": (Right("create_products", organizations, _one("organization", "id")),),
    "import_uploads": (Right(_EDIT, repositories, _REPOSITORY),),
    "remove_content": (Right(_EDIT, repositories, _REPOSITORY),),
    "reclaim_space": (Right(_EDIT, repositories, _REPOSITORY),),
    "verify_checksum": (
        Right(_SYNC, repositories, _REPOSITORY),
        Right(_PUBLISH, content_view_versions, _VERSION),
    ),
    "republish": (
        Right(_EDIT, repositories, _REPOSITORY),
        Right(_PUBLISH, content_view_versions, _VERSION),
    ),
    "repair_many": (
        Right(_SYNC, repositories, _repaired_by("verify_checksum")),
        Right(_EDIT, repositories, _repaired_by("reclaim_space")),
    ),
    "sign_anew": (Right(_EDIT, repositories, _REPOSITORY),),
    "sign_many": (Right("edit_content_credentials", signing_keys, _one("signing_key", "id")),),
    PUBLISH: (
        Right(_PUBLISH, content_views, _VIEW),
        Right(_PROMOTE, content_views, _view_that_moves),
    ),
    AUTO_PUBLISH: (Right(_PUBLISH, content_view_versions, _one("triggered_by_id")),),
    INCREMENTAL_UPDATE: (
        Right(_PUBLISH, content_view_versions, _updated),
        Right(_PROMOTE, content_view_versions, _updated_and_served),
    ),
    "promote": (Right(_PROMOTE, content_views, _VIEW),),
    "remove_versions": (
        Right(_PROMOTE, content_views, _view_that_moves),
        Right("destroy_content_views", content_views, _view_that_loses),
    ),
    "retain_versions": (Right("destroy_content_views", content_views, _VIEW),),
    "check_dependencies": (Right("view_content_views", content_views, _VIEW),),
    "preview_dependencies": (Right("view_content_views", content_views, _VIEW),),
    "change_hosts": (Right("edit_hosts", hosts, _several("host_ids")),),
    "delete_hosts": (Right("destroy_hosts", hosts, _several("host_ids")),),
    "remove_product": (Right("destroy_products", products, _one("product_id")),),
    "remove_activation_key": (
        Right("destroy_activation_keys", activation_keys, _one("activation_key_id")),
    ),
    "remove_organization": (
        Right("destroy_organizations", organizations, _one("organization_id")),
    ),
    "scan_flatpak_remote": (
        Right("edit_flatpak_remotes", flatpak_remotes, _one("flatpak_remote_id")),
    ),
}

# One asks within the transaction that it makes everything in; the other nobody asks for by name.
WITHOUT_RIGHTS: Final = frozenset({"mirror_flatpak", "wake"})

# They check for themselves: a version that they were to make is given up then.
OWN_CHECK: Final = frozenset({PUBLISH, INCREMENTAL_UPDATE})
