"""Giving names to what the registry serves, in the transaction that changes what is served.

A name is a row that says which repository, of which view, in which environment. Whoever changes
one of these, or a name or pattern from which names are made, calls a function of this module; rows
are compared and only those that differ are written. Versions without container repositories cost
three small statements.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import String, and_, cast, delete, insert, select
from sqlalchemy.exc import IntegrityError

from headgate.domain.errors import ValidationError
from headgate.domain.registry_names import PATTERN_FIELD, NamePattern, fault_of_name
from headgate.services.access import AnyRow, AnySelect
from headgate.services.containers.wanted_names import (
    WantedName,
    names_in,
    planned_places,
    served_places,
    words_of,
)
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    registry_names,
    repositories,
)

_MOST_TOLD: Final = 50

_environment, _view, _version = (
    lifecycle_environments.c,
    content_views.c,
    content_view_versions.c,
)
_names = registry_names.c


def name_served(tx: Transaction, *, content_view_id: int, environment_id: int) -> None:
    """Name what the environment serves of the view now; ValidationError if that cannot be.

    If it serves the view no more, its names go.
    """
    here = and_(
        distributions.c.content_view_id == content_view_id,
        distributions.c.environment_id == environment_id,
    )
    places = tx.execute(served_places(here)).all()
    if places:
        _write(tx, places)
        return
    tx.execute(
        delete(registry_names).where(
            _names.content_view_id == content_view_id, _names.environment_id == environment_id
        )
    )


def name_view(tx: Transaction, content_view_id: int) -> None:
    """Name what every environment serves of the view, whose repositories have changed."""
    _write(tx, tx.execute(served_places(distributions.c.content_view_id == content_view_id)).all())


def name_repository(tx: Transaction, organization_id: int, repository_id: int) -> None:
    """Name a container repository that has just been made, in Library."""
    own = and_(_view.organization_id == organization_id, _view.default)
    _write(tx, tx.execute(served_places(own)).all(), only=repository_id)


def name_environment(tx: Transaction, environment_id: int) -> None:
    """Name all that the environment serves, by a pattern that has changed."""
    places = tx.execute(served_places(distributions.c.environment_id == environment_id)).all()
    _write(tx, places, field=PATTERN_FIELD)


def name_after(tx: Transaction, organization_id: int, variable: str) -> None:
    """Name again what patterns name by this variable (`product.name`), as it has changed."""
    environments = tx.execute(
        select(_environment.id, _environment.registry_name_pattern).where(
            _environment.organization_id == organization_id,
            _environment.registry_name_pattern.is_not(None),
        )
    )
    affected = [
        environment_id
        for environment_id, pattern in environments
        if variable in NamePattern.read(pattern).variables
    ]
    if affected:
        places = tx.execute(
            served_places(among(tx, distributions.c.environment_id, affected))
        ).all()
        _write(tx, places, field=variable.rpartition(".")[2])


def check_names(tx: Transaction, *, version_id: int, environment_ids: Iterable[int]) -> None:
    """Raise ValidationError if these environments could not serve the version under its names.

    It tells every name that is not valid and every one that is taken.
    """
    places = tx.execute(planned_places(tx, version_id, environment_ids)).all()
    _checked(tx, places, field="base")


def _write(
    tx: Transaction, places: Sequence[AnyRow], *, field: str = "base", only: int | None = None
) -> None:
    """Let the places have the names that they are to have, and no others.

    With `only` it is about this repository alone; any other keeps the name that it has.
    """
    wanted = {_key(each): each for each in _checked(tx, places, field=field, only=only)}
    gone: list[int] = []
    for row in tx.execute(_present(tx, places, only)):
        key = (row.environment_id, row.content_view_id, row.repository_id)
        if key in wanted and wanted[key].name == row.name:
            del wanted[key]
        else:
            gone.append(row.id)
    if gone:  # before anything is inserted: two may have changed their names
        tx.execute(delete(registry_names).where(among(tx, _names.id, gone)))
    if wanted:
        try:
            tx.execute(insert(registry_names), [_row(each) for each in wanted.values()])
        except IntegrityError as error:  # two transactions at once, on PostgreSQL
            raise ValidationError(
                {field: ["registry names: one of them has just been taken; try again"]}
            ) from error


def _present(tx: Transaction, places: Sequence[AnyRow], only: int | None) -> AnySelect:
    """Select the names that the places have."""
    pairs = [f"{place.environment_id}:{place.content_view_id}" for place in places]
    pair = cast(_names.environment_id, String) + ":" + cast(_names.content_view_id, String)
    found = select(registry_names).where(
        among(tx, _names.content_view_id, {place.content_view_id for place in places}),
        among(tx, _names.environment_id, {place.environment_id for place in places}),
        among_texts(tx, pair, pairs),
    )
    return found if only is None else found.where(_names.repository_id == only)


def _checked(
    tx: Transaction, places: Sequence[AnyRow], *, field: str, only: int | None = None
) -> list[WantedName]:
    """Return the names of all that the places serve, once each is valid and no other's."""
    wanted = names_in(tx, places, only)
    faults = [
        f"'{each.name}' of {each.words} {fault}"
        for each in wanted
        if (fault := fault_of_name(each.name)) is not None
    ]
    faults += _collisions(tx, places, wanted, only)
    if faults:
        more = len(faults) - _MOST_TOLD
        told = faults[:_MOST_TOLD] + ([f"and {more} more"] if more > 0 else [])
        raise ValidationError({field: [f"registry names: {'; '.join(told)}"]})
    return wanted


def _collisions(
    tx: Transaction, places: Sequence[AnyRow], wanted: Sequence[WantedName], only: int | None
) -> Iterable[str]:
    first: dict[str, WantedName] = {}
    for each in wanted:
        other = first.setdefault(each.name, each)
        if other is not each:
            yield f"'{each.name}' would be {other.words} as well as {each.words}"
    own = {(place.environment_id, place.content_view_id) for place in places}
    for row in _bearers(tx, first):
        given_anew = (row.environment_id, row.content_view_id) in own
        if given_anew and only in (None, row.repository_id):
            continue
        mine = first[row.name]
        other = "another organization's repository"
        if row.organization_id == mine.place.organization_id:
            other = words_of(row, row.repository_name)
        yield f"'{row.name}' of {mine.words} is taken by {other}"


def _bearers(tx: Transaction, names: Collection[str]) -> Sequence[AnyRow]:
    """Return what has one of these names already."""
    if not names:
        return ()
    return tx.execute(
        select(
            registry_names,
            repositories.c.name.label("repository_name"),
            _environment.name.label("environment_name"),
            _view.name.label("content_view_name"),
            _view.default,
        )
        .join(repositories, repositories.c.id == _names.repository_id)
        .join(lifecycle_environments, _environment.id == _names.environment_id)
        .join(content_views, _view.id == _names.content_view_id)
        .where(among_texts(tx, _names.name, names))
        .order_by(_names.name)
    ).all()


def _key(wanted: WantedName) -> tuple[int, int, int]:
    place = wanted.place
    return place.environment_id, place.content_view_id, wanted.repository_id


def _row(wanted: WantedName) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "organization_id": wanted.place.organization_id,
        "environment_id": wanted.place.environment_id,
        "content_view_id": wanted.place.content_view_id,
        "repository_id": wanted.repository_id,
    }
