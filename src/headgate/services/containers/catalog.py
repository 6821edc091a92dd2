"""Which names of the registry a caller may read, in order and a page at a time.

What a caller may not read is not in here: one statement says what a user or everybody may, the
path tree of a certificate is asked for each name of its organization.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, and_, collate, func, literal, or_, select, true

from headgate.services.access import Actor, AnyRow, AnySelect
from headgate.services.containers.permissions import VIEW_ENVIRONMENTS, VIEW_REPOSITORIES, Caller
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts
from headgate.stores.db.tables import (
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
    registry_names,
    repositories,
)

_name = registry_names.c.name


@dataclass(frozen=True, slots=True)
class NamePage:
    """Names in the order of their bytes; `more` of them follow."""

    names: list[str]
    more: bool


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name that a search found, and what its repository says of itself."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class FoundNames:
    """The first of what a search found, and how many there are."""

    total: int
    results: list[FoundName]


def catalog_page(
    tx: Transaction, caller: Caller, *, count: int, last: str | None = None
) -> NamePage:
    """Return up to `count` names that the caller may read, those behind `last`."""
    found = _names(tx, caller)
    if last is not None:
        # No name has a NUL, and PostgreSQL takes no text with one.
        found = found.where(_in_order(tx) > last.partition("\0")[0])
    if caller.certificate is None:
        found = found.limit(count + 1)
    names = [row.name for row in islice(_readable(tx, caller, found), count + 1)]
    return NamePage(names[:count], more=len(names) > count)


def search_names(tx: Transaction, caller: Caller, *, words: str, count: int) -> FoundNames:
    """Return the first `count` names that the caller may read and that contain the words."""
    wanted = words.strip().lower().partition("\0")[0]
    found = _names(tx, caller).where(_name.contains(wanted, autoescape=True))
    if caller.certificate is not None:
        rows = list(_readable(tx, caller, found))
        return FoundNames(len(rows), [_found(row) for row in rows[:count]])
    total = tx.scalar(select(func.count()).select_from(found.order_by(None).subquery()))
    return FoundNames(total or 0, [_found(row) for row in tx.execute(found.limit(count))])


def _names(tx: Transaction, caller: Caller) -> AnySelect:
    """Select names with what decides about them; `granted` needs no certificate."""
    granted = _granted(tx, caller)
    condition = granted
    if caller.certificate is not None:
        own = organizations.c.label == caller.certificate.organization
        condition = or_(granted, own)
    return (
        select(
            _name,
            repositories.c.description,
            repositories.c.relative_path,
            distributions.c.base_path,
            granted.label("granted"),
        )
        .select_from(registry_names)
        .join(repositories, repositories.c.id == registry_names.c.repository_id)
        .join(organizations, organizations.c.id == registry_names.c.organization_id)
        .join(content_views, content_views.c.id == registry_names.c.content_view_id)
        .join(
            lifecycle_environments, lifecycle_environments.c.id == registry_names.c.environment_id
        )
        .join(
            distributions,
            and_(
                distributions.c.content_view_id == registry_names.c.content_view_id,
                distributions.c.environment_id == registry_names.c.environment_id,
            ),
        )
        .where(condition)
        .order_by(_in_order(tx))
    )


def _granted(tx: Transaction, caller: Caller) -> ColumnElement[bool]:
    """What users and everybody may read, as far as the token goes.

    A host with a certificate sees its own alone: what is open to everybody is not its content.
    """
    if caller.actor is None and caller.certificate is not None:
        return literal(value=False)
    open_to_all: ColumnElement[bool] = lifecycle_environments.c.registry_unauthenticated_pull
    granted = open_to_all
    if caller.actor is not None:
        granted = or_(open_to_all, _visible_to(caller.actor))
    if caller.bounds is None or caller.bounds.catalog:
        return granted
    return and_(granted, among_texts(tx, _name, caller.bounds.names))


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    """As `permissions.may_view`, for many names at once."""
    if actor.admin:
        return true()
    held = {each: actor.organizations_with(each) for each in VIEW_ENVIRONMENTS}
    whole = held[VIEW_REPOSITORIES]
    of_views = frozenset[int]().union(*held.values())
    organization = registry_names.c.organization_id
    return or_(
        organization.in_(sorted(whole)),
        and_(organization.in_(sorted(of_views)), ~content_views.c.default),
    )


def _readable(tx: Transaction, caller: Caller, found: AnySelect) -> Iterator[AnyRow]:
    certificate = caller.certificate
    for row in tx.execute(found):
        path = f"/{row.base_path}/{row.relative_path}"
        if row.granted or (certificate is not None and certificate.opens(path)):
            yield row


def _in_order(tx: Transaction) -> ColumnElement[str]:
    return collate(_name, "BINARY" if tx.dialect.name == "sqlite" else "C")


def _found(row: AnyRow) -> FoundName:
    return FoundName(row.name, row.description or "")
