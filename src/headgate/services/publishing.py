"""What a publish, a removal or a copy of a content view is checked for before its task is made."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.content_views import ContentViewVersion
from headgate.domain.errors import BadRequestError, NotFoundError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    RepositoryId,
)
from headgate.services.access import Actor, load
from headgate.services.content_sets import save_content
from headgate.services.content_views import (
    create_content_view,
    environments_of,
    repositories_of,
    require_plain,
)
from headgate.services.distributions import environment_value
from headgate.services.filters import create_filter, create_rule, filters_of
from headgate.services.organizations import library_of
from headgate.services.versions import require_deletable_version
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    lifecycle_environments,
)


def empty_set(tx: Transaction, clock: Clock) -> int:
    """Return the content set that holds nothing."""
    return save_content(tx, clock=clock, content=Content(), unit_types={})


def check_publish_targets(
    tx: Transaction,
    *,
    actor: Actor,
    content_view_id: ContentViewId,
    environment_ids: Sequence[EnvironmentId],
    force: bool,
) -> None:
    """Raise unless a new version, which Library gets first, may go on to these environments."""
    view = require_plain(load(tx, actor, content_views, content_view_id), "published")
    if not environment_ids:
        return
    actor.require("promote_or_remove_content_views", organization_id=view.organization_id)
    library = library_of(tx, view.organization_id)
    value = ContentViewVersion(ContentViewVersionId(0), "to be published", frozenset([library.id]))
    for environment_id in environment_ids:
        target = load(tx, actor, lifecycle_environments, environment_id)
        if target.organization_id != view.organization_id:
            raise BadRequestError(
                f"Environment '{target.name}' is of another organization than the content view."
            )
        value = value.promoted_to(environment_value(target), force=force)


def check_removal(
    tx: Transaction,
    *,
    actor: Actor,
    content_view_id: ContentViewId,
    environment_ids: Sequence[EnvironmentId] = (),
    version_ids: Sequence[ContentViewVersionId] = (),
) -> Row[Any]:
    """Return the view if it may leave these environments and then lose these versions."""
    view = require_plain(load(tx, actor, content_views, content_view_id), "removed")
    actor.require("promote_or_remove_content_views", organization_id=view.organization_id)
    if not environment_ids and not version_ids:
        raise BadRequestError(
            "There either were no environments nor versions specified. Please check"
            " environment_ids and content_view_version_ids."
        )
    serving = {row.id for row in environments_of(tx, view.id)}
    for environment_id in environment_ids:
        target = load(tx, actor, lifecycle_environments, environment_id)
        if target.id not in serving:
            raise BadRequestError(f"Content view '{view.name}' is not in '{target.name}'.")
    for version_id in version_ids:
        version = require_deletable_version(
            tx, actor=actor, version_id=version_id, leaving=environment_ids
        )
        if version.content_view_id != view.id:
            raise NotFoundError(f"Could not find content view version with id {version_id}")
    return view


def version_ids_of(tx: Transaction, content_view_id: int) -> list[ContentViewVersionId]:
    """Return the ids of the view's versions, those that are being published included."""
    return [
        ContentViewVersionId(each)
        for each in tx.scalars(
            select(content_view_versions.c.id)
            .where(content_view_versions.c.content_view_id == content_view_id)
            .order_by(content_view_versions.c.id)
        )
    ]


def copy_content_view(
    tx: Transaction, *, actor: Actor, clock: Clock, content_view_id: ContentViewId, name: str
) -> ContentViewId:
    """Make a view with the same repositories and filters under another name."""
    view = require_plain(load(tx, actor, content_views, content_view_id), "copied")
    copy_id = create_content_view(
        tx,
        actor=actor,
        clock=clock,
        organization_id=view.organization_id,
        name=name,
        description=view.description,
        repository_ids=[RepositoryId(row.id) for row in repositories_of(tx, view.id)],
    )
    for each in filters_of(tx, view.id):
        filter_id = create_filter(
            tx,
            actor=actor,
            clock=clock,
            content_view_id=copy_id,
            name=each["name"],
            type_=each["type"],
            inclusion=each["inclusion"],
            original_packages=each["original_packages"],
            repository_ids=each["repository_ids"],
        )
        for rule in each["rules"]:
            create_rule(tx, actor=actor, clock=clock, filter_id=filter_id, values=rule)
    return copy_id
