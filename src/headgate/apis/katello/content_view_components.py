"""`/katello/api/content_views/:id/content_view_components`: what a composite view is made of."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.content_view_shapes import component_object
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import ContentViewComponentId, ContentViewId, ContentViewVersionId
from headgate.services.listing import Window, page
from headgate.services.related import AnyRow
from headgate.services.views.component_records import COMPONENTS, environments_of, query
from headgate.services.views.components import (
    Choice,
    add_components,
    remove_components,
    update_component,
)

content_view_components = Resource("content_view_components", "Content View Components")

_ALL = "/katello/api/content_views/{composite_content_view_id}/content_view_components"
_VIEW = "view_content_views"
_COMPOSITE = "Composite content view identifier"
_COMPONENT = "Content view component ID"


class Index(ListParams):
    """List components attached to a content view."""

    composite_content_view_id: ContentViewId = doc(_COMPOSITE)


@content_view_components.action("index", "GET", _ALL, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    return _listed(call, params.composite_content_view_id, params.window)


class One(Params):
    """Show a content view component."""

    composite_content_view_id: ContentViewId = doc(_COMPOSITE)
    id: ContentViewComponentId = doc(_COMPONENT)


@content_view_components.action("show", "GET", f"{_ALL}/{{id}}", permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.composite_content_view_id, params.id)


class Component(Params):
    """A component to add."""

    content_view_version_id: ContentViewVersionId | None = doc(
        "Identifier of the version of the component content view", default=None
    )
    content_view_id: ContentViewId | None = doc(
        "Content view of the component whose latest version is desired", default=None
    )
    latest: bool = doc(
        "True if the latest version of the component's content view is desired", default=False
    )


class Add(Params):
    """Add components to the content view."""

    composite_content_view_id: ContentViewId = doc(_COMPOSITE)
    components: list[Component] = doc("Array of components to add")


@content_view_components.action("add_components", "PUT", f"{_ALL}/add")
def add(call: Call, params: Add) -> Listing:
    """Add them; list all."""
    add_components(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        composite_id=params.composite_content_view_id,
        choices=[
            Choice(each.content_view_version_id, each.content_view_id, latest=each.latest)
            for each in params.components
        ],
    )
    return _listed(call, params.composite_content_view_id, Window(per_page=None))


class Remove(Params):
    """Remove components from the content view."""

    composite_content_view_id: ContentViewId = doc(_COMPOSITE)
    component_ids: list[ContentViewComponentId] = doc("Array of content view component IDs")


@content_view_components.action("remove_components", "PUT", f"{_ALL}/remove")
def remove(call: Call, params: Remove) -> Listing:
    """Remove them; list the rest."""
    remove_components(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        composite_id=params.composite_content_view_id,
        component_ids=params.component_ids,
    )
    return _listed(call, params.composite_content_view_id, Window(per_page=None))


class Update(Params):
    """Update a component associated with the content view."""

    composite_content_view_id: ContentViewId = doc(_COMPOSITE)
    id: ContentViewComponentId = doc(_COMPONENT)
    content_view_version_id: ContentViewVersionId | None = doc(
        "Identifier of the version of the component content view", default=None
    )
    latest: bool | None = doc(
        "True if the latest version of the component's content view is desired", default=None
    )


@content_view_components.action("update", "PUT", f"{_ALL}/{{id}}")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Let it be another version, or always the latest."""
    update_component(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        composite_id=params.composite_content_view_id,
        component_id=params.id,
        version_id=params.content_view_version_id,
        latest=params.latest,
    )
    return _one(call, params.composite_content_view_id, params.id)


def _listed(call: Call, composite_id: ContentViewId, window: Window) -> Listing:
    found = query(call.tx, call.actor, composite_id)
    listed = page(call.tx, found, catalog=COMPONENTS, window=window, clock=call.services.clock)
    return _shown(call, listed)


def _one(
    call: Call, composite_id: ContentViewId, component_id: ContentViewComponentId
) -> dict[str, Any]:
    found = query(call.tx, call.actor, composite_id).where(COMPONENTS.key == component_id)
    rows: list[AnyRow] = list(call.tx.execute(found))
    if not rows:
        raise NotFoundError(f"Could not find content view component with id {component_id}")
    return component_object(rows[0], environments_of(call.tx, rows))


def _shown(call: Call, listed: Any) -> Listing:
    around = environments_of(call.tx, listed.rows)
    return Listing.of(listed, lambda row: component_object(row, around))
