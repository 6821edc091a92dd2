"""`repos_units` of a publish: the only packages that a version takes of some repositories."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select

from headgate.apis.actions import Call
from headgate.content.rpm.records import filenames_among
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.findings import several
from headgate.domain.ids import ContentViewId
from headgate.services.access import load
from headgate.services.units.units import UnitScope, units_within
from headgate.stores.db.tables import (
    content_view_filters,
    content_view_repositories,
    content_views,
    repositories,
)

MOST_CHOSEN: Final = 20_000  # names in all; a version keeps them

_FIELD: Final = "repos_units"


def chosen_packages(
    call: Call, content_view_id: ContentViewId, wanted: Sequence[tuple[str, Sequence[str]]]
) -> Mapping[int, Sequence[str]]:
    """Return the names by repository; none if nothing is `wanted`: labels with names.

    BadRequestError for a view in which something else decides, too; ValidationError for what is
    not in it.
    """
    if not wanted:
        return {}
    _require_plain(call, content_view_id)
    if sum(len(filenames) for _, filenames in wanted) > MOST_CHOSEN:
        raise ValidationError({_FIELD: [f"name more than {MOST_CHOSEN} files"]})
    taken = content_view_repositories.c
    rows = call.tx.execute(
        select(repositories.c.id, repositories.c.label)
        .join(content_view_repositories, taken.repository_id == repositories.c.id)
        .where(taken.content_view_id == content_view_id, repositories.c.content_type == "yum")
    ).all()
    chosen: dict[int, Sequence[str]] = {}
    for label, filenames in wanted:
        found = [row.id for row in rows if row.label == label]
        if found and found[0] in chosen:
            raise ValidationError({_FIELD: [f"label '{label}' is named twice"]})
        if len(found) != 1:
            count = "several yum repositories" if found else "no yum repository"
            message = f"label '{label}' names {count} of the content view"
            raise ValidationError({_FIELD: [message]})
        units = units_within(call.tx, call.actor, "rpm", UnitScope(repository_id=found[0]))
        unknown = sorted(set(filenames) - filenames_among(call.tx, units, filenames))
        if unknown:
            message = f"repository '{label}' has no {several(unknown)}"
            raise ValidationError({_FIELD: [message]})
        chosen[found[0]] = filenames
    return chosen


def _require_plain(call: Call, content_view_id: ContentViewId) -> None:
    view = load(call.tx, call.actor, content_views, content_view_id)
    filtered = select(content_view_filters.c.id).where(
        content_view_filters.c.content_view_id == view.id
    )
    if view.composite or view.solve_dependencies or call.tx.execute(filtered.limit(1)).first():
        raise BadRequestError(
            "repos_units are for content views without filters, components and dependency solving:"
            " there they alone say what a version holds."
        )
