"""Components: the versions of other content views that a composite view is made of.

A component is either a fixed version or the latest one of its view (katello.md 1.5). Changing
components changes nothing that is served before the composite is published again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import NotFoundError, ValidationError
from headgate.domain.ids import ContentViewComponentId, ContentViewId, ContentViewVersionId
from headgate.services.access import Actor, load, load_many, require_for
from headgate.services.views.content_views import require_plain
from headgate.services.views.version_inputs import component_versions
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_components,
    content_view_versions,
    content_views,
)

BOTH = "Either select the latest content view or the content view version. Cannot set both."
NEITHER = "Either select the latest content view or the content view version."


@dataclass(frozen=True, slots=True)
class Choice:
    """A component to be: a version, or a view of which always the latest is taken."""

    version_id: ContentViewVersionId | None = None
    content_view_id: ContentViewId | None = None
    latest: bool = False


def add_components(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    composite_id: ContentViewId,
    choices: Sequence[Choice],
) -> None:
    """Add components; ValidationError for views that cannot be one or are one already."""
    composite = load_composite(tx, actor, composite_id)
    taken = set(
        tx.scalars(
            select(content_view_components.c.content_view_id).where(
                content_view_components.c.composite_id == composite.id
            )
        )
    )
    now = clock()
    for choice in choices:
        view, version_id = _resolved(tx, actor, choice)
        _require_fit(composite, view)
        if view.id in taken:
            raise _refused(f"Another component already includes content view with ID {view.id}")
        taken.add(view.id)
        tx.execute(
            insert(content_view_components).values(
                composite_id=composite.id,
                content_view_id=view.id,
                version_id=version_id,
                created_at=now,
                updated_at=now,
            )
        )
    _touch(tx, clock, composite)


def update_component(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    composite_id: ContentViewId,
    component_id: ContentViewComponentId,
    version_id: ContentViewVersionId | None,
    latest: bool | None,
) -> None:
    """Let the component be another version of its view, or always the latest."""
    composite = load_composite(tx, actor, composite_id)
    (component,) = components_of(tx, actor, composite, [component_id])
    choice = Choice(version_id, component.content_view_id, latest=bool(latest))
    view, chosen = _resolved(tx, actor, choice)
    if view.id != component.content_view_id:
        raise _refused(f"Version {version_id} is of another content view than the component")
    tx.execute(
        update(content_view_components)
        .where(content_view_components.c.id == component.id)
        .values(version_id=chosen, updated_at=clock())
    )
    _touch(tx, clock, composite)


def remove_components(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    composite_id: ContentViewId,
    component_ids: Sequence[ContentViewComponentId],
) -> None:
    """Take components out."""
    composite = load_composite(tx, actor, composite_id)
    rows = components_of(tx, actor, composite, component_ids)
    tx.execute(
        delete(content_view_components).where(
            content_view_components.c.id.in_([row.id for row in rows])
        )
    )
    _touch(tx, clock, composite)


def take_versions(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    composite_id: ContentViewId,
    version_ids: Sequence[ContentViewVersionId],
) -> None:
    """Make these versions the components, all of them: the view's `component_ids`.

    A component that already stands for one of them stays as it is, also one that follows the
    latest version: clients send back what they were shown.
    """
    wanted = list(dict.fromkeys(version_ids))
    now = {row.version_id: row.content_view_id for row in component_versions(tx, [composite_id])}
    kept = [view_id for version_id, view_id in now.items() if version_id in wanted]
    table = content_view_components
    tx.execute(
        delete(table).where(
            table.c.composite_id == composite_id, table.c.content_view_id.not_in(kept)
        )
    )
    new = [Choice(version_id) for version_id in wanted if version_id not in now]
    add_components(tx, actor=actor, clock=clock, composite_id=composite_id, choices=new)


def load_composite(tx: Transaction, actor: Actor, composite_id: ContentViewId) -> Row[Any]:
    """Return the composite view, to be changed; ValidationError for one of another kind."""
    view = require_plain(load(tx, actor, content_views, composite_id), "changed")
    require_for(tx, actor, content_views, [view], "edit_content_views")
    if not view.composite:
        raise _refused("Cannot add component versions to a non-composite content view")
    return view


def components_of(
    tx: Transaction,
    actor: Actor,
    composite: Row[Any],
    component_ids: Sequence[ContentViewComponentId],
) -> list[Row[Any]]:
    """Return the components with these ids; NotFoundError unless they are of the composite."""
    rows = load_many(tx, actor, content_view_components, component_ids)
    for row in rows:
        if row.composite_id != composite.id:
            raise NotFoundError(f"Could not find content view component with id {row.id}")
    return rows


def _resolved(tx: Transaction, actor: Actor, choice: Choice) -> tuple[Row[Any], int | None]:
    """Return the component's view, and the version unless it is to be the latest."""
    if choice.version_id is None:
        if not choice.latest or choice.content_view_id is None:
            raise _refused(NEITHER)
        return load(tx, actor, content_views, choice.content_view_id), None
    if choice.latest:
        raise _refused(BOTH)
    version = load(tx, actor, content_view_versions, choice.version_id)
    if choice.content_view_id not in (None, version.content_view_id):
        raise _refused(f"Version {version.id} is not of content view {choice.content_view_id}")
    if not version.published:
        raise _refused(f"Version {version.id} is still being published")
    return load(tx, actor, content_views, version.content_view_id), version.id


def _require_fit(composite: Row[Any], view: Row[Any]) -> None:
    refusals: Mapping[str, bool] = {
        "Cannot add composite versions to a composite content view": view.composite,
        "Cannot add default content view to composite content view": view.default,
        "Cannot add rolling content view to composite content view": view.rolling,
        "Cannot add generated content view versions to composite content view": (
            view.generated_for != "none"
        ),
        f"Content view '{view.name}' belongs to another organization": (
            view.organization_id != composite.organization_id
        ),
    }
    for words, broken in refusals.items():
        if broken:
            raise _refused(words)


def _refused(words: str) -> ValidationError:
    return ValidationError({"base": [words]})


def _touch(tx: Transaction, clock: Clock, composite: Row[Any]) -> None:
    tx.execute(
        update(content_views).where(content_views.c.id == composite.id).values(updated_at=clock())
    )
