"""Which content view environments a key or a host has, and how clients name the ones they mean."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from sqlalchemy import Column, ColumnElement, Table, and_, delete, false, func, insert, or_, select

from headgate.domain.content_views import view_environment_label
from headgate.domain.errors import ValidationError
from headgate.domain.ids import ContentViewId, DistributionId, EnvironmentId
from headgate.search import Field, Related
from headgate.services.access import Actor, AnySelect, load, load_many
from headgate.services.platform.setting_values import in_force
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.tables import (
    activation_key_environments,
    activation_keys,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    host_environments,
    hosts,
    lifecycle_environments,
    repositories,
)

# More than this nobody asks for content: each one is looked at for every package.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Holders:
    """Things that have content view environments: their column in the table that says which.

    `things` is their own table.
    """

    owner: Column[Any]
    things: Table

    @property
    def table(self) -> Table:
        """The table: owner, distribution, position."""
        return self.owner.table


KEYS: Final = Holders(activation_key_environments.c.activation_key_id, activation_keys)
HOSTS: Final = Holders(host_environments.c.host_id, hosts)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Content view environments as a request names them; of several forms the first counts.

    `pair` is the old form: those that the request gives of `content_view_id` and
    `environment_id`. Nothing at all changes nothing.
    """

    labels: Sequence[str] | None = None
    ids: Sequence[DistributionId] | None = None
    pair: Mapping[str, int | None] = field(default_factory=dict[str, int | None])

    @classmethod
    def of(
        cls,
        given: Mapping[str, Any],
        *,
        environment: str = "environment_id",
    ) -> Self:
        """Return what these parameters of a request name; `environment` is its word for it."""
        names = {"content_view_id": "content_view_id", environment: "environment_id"}
        return cls(
            labels=given.get("content_view_environments"),
            ids=given.get("content_view_environment_ids"),
            pair={names[name]: given[name] for name in names if name in given},
        )


def chosen(
    tx: Transaction,
    actor: Actor,
    wanted: Wanted,
    *,
    organization_id: int,
    present: Callable[[], Sequence[AnyRow]] = lambda: (),
) -> list[int] | None:
    """Return the ids of what a request names, in its order; None if it names nothing.

    `present` are the ones there are now: half of a pair changes half of the only one.
    ValidationError for labels and pairs that there are not, or that are of another organization,
    and for several unless the setting allow_multiple_content_views allows them.
    """
    if wanted.labels is not None:
        found = _by_labels(tx, wanted.labels, organization_id)
    elif wanted.ids is not None:
        found = _by_ids(tx, actor, wanted.ids, organization_id)
    elif wanted.pair:
        found = _by_pair(tx, actor, wanted.pair, organization_id, present)
    else:
        return None
    distinct = list(dict.fromkeys(found))
    if len(distinct) > MOST:
        raise ValidationError({"content_view_environments": [f"are more than {MOST}"]})
    if len(distinct) > 1 and not in_force(tx, "allow_multiple_content_views"):
        message = "are more than one, which the setting allow_multiple_content_views forbids"
        raise ValidationError({"content_view_environments": [message]})
    return distinct


def set_environments(
    tx: Transaction, holders: Holders, owner_ids: Sequence[int], distribution_ids: Sequence[int]
) -> None:
    """Give all of these keys or hosts exactly these content view environments."""
    tx.execute(delete(holders.table).where(among(tx, holders.owner, owner_ids)))
    rows = [
        {holders.owner.name: owner_id, "distribution_id": each, "position": position}
        for owner_id in owner_ids
        for position, each in enumerate(distribution_ids)
    ]
    if rows:
        tx.execute(insert(holders.table), rows)


def are_there(tx: Transaction, distribution_ids: Collection[int]) -> bool:
    """Whether all of these content view environments exist, which they do until the commit then."""
    places = distributions.c.id
    found = select(places).where(among(tx, places, distribution_ids)).with_for_update(read=True)
    return len(tx.scalars(found).all()) == len(set(distribution_ids))


def held_by(tx: Transaction, holders: Holders, owner_ids: Iterable[int]) -> Grouped:
    """Return by key or host its rows of `select_view_environments`, in order."""
    table = holders.table
    rows = tx.execute(
        select_view_environments()
        .add_columns(holders.owner.label("owner"))
        .join(table, table.c.distribution_id == distributions.c.id)
        .where(among(tx, holders.owner, owner_ids))
        .order_by(holders.owner, table.c.position)
    )
    return grouped(rows, "owner")


def select_view_environments() -> AnySelect:
    """Select content view environments with what is shown of view, environment and version."""
    return (
        select(
            distributions,
            content_views.c.name.label("content_view_name"),
            content_views.c.label.label("content_view_label"),
            content_views.c.default.label("content_view_default"),
            content_views.c.composite.label("content_view_composite"),
            content_views.c.rolling.label("content_view_rolling"),
            lifecycle_environments.c.name.label("environment_name"),
            lifecycle_environments.c.label.label("environment_label"),
            lifecycle_environments.c.library.label("environment_library"),
            content_view_versions.c.major,
            content_view_versions.c.minor,
        )
        .select_from(distributions)
        .join(content_views, content_views.c.id == distributions.c.content_view_id)
        .join(lifecycle_environments, lifecycle_environments.c.id == distributions.c.environment_id)
        .outerjoin(content_view_versions, content_view_versions.c.id == distributions.c.version_id)
    )


def label_of(row: AnyRow) -> str:
    """Return the label by which clients know a row of `select_view_environments`."""
    return view_environment_label(
        row.environment_label, row.content_view_label, default=row.content_view_default
    )


def having(holders: Holders, key: Column[Any], *conditions: ColumnElement[bool]) -> Any:
    """Return the condition that a key or host has a content view environment like this.

    The conditions may be about distributions, their views and their environments.
    """
    table = holders.table
    return key.in_(
        select(holders.owner)
        .join(distributions, distributions.c.id == table.c.distribution_id)
        .join(content_views, content_views.c.id == distributions.c.content_view_id)
        .join(lifecycle_environments, lifecycle_environments.c.id == distributions.c.environment_id)
        .where(*conditions)
    )


def having_labels(holders: Holders, key: Column[Any], labels: Sequence[str]) -> Any:
    """Return the condition that a key or host has one of these, by their labels."""
    named = [
        and_(
            lifecycle_environments.c.label == environment,
            content_views.c.label == view if view else content_views.c.default,
        )
        for environment, _, view in (name.partition("/") for name in named_by(labels)[:MOST])
    ]
    return having(holders, key, or_(false(), *named))


def of_owner(found: AnySelect, holders: Holders, owner_id: int) -> AnySelect:
    """Narrow a select of content view environments to those of a key or a host."""
    place = holders.table.c.distribution_id
    return found.where(distributions.c.id.in_(select(place).where(holders.owner == owner_id)))


def count_of(holders: Holders, column: Column[Any], key: Column[Any]) -> Any:
    """Return how many keys or hosts have something of a view or environment, as a subquery.

    `column` is of distributions, `key` of the table that is selected from.
    """
    table = holders.table
    return (
        select(func.count(holders.owner.distinct()))
        .select_from(table)
        .join(distributions, distributions.c.id == table.c.distribution_id)
        .where(column == key)
        .correlate(key.table)
        .scalar_subquery()
    )


def users_of_view(
    tx: Transaction, actor: Actor, holders: Holders, view: AnyRow
) -> Sequence[AnyRow]:
    """Return the keys or hosts that have a view in some environment, as far as the actor may."""
    things = holders.things
    if not actor.may(f"view_{things.name}", organization_id=view.organization_id):
        return ()
    condition = distributions.c.content_view_id == view.id
    query = select(things.c.id, things.c.name).where(having(holders, things.c.id, condition))
    return tx.execute(query.order_by(things.c.name)).all()


def search_fields(holders: Holders, key: Column[Any]) -> dict[str, Field]:
    """Return the fields by which keys and hosts are searched for their content."""
    places = distributions.c
    within = Related(
        key,
        holders.owner,
        [
            (distributions, places.id == holders.table.c.distribution_id),
            (content_views, content_views.c.id == places.content_view_id),
            (lifecycle_environments, lifecycle_environments.c.id == places.environment_id),
        ],
    )
    columns = {
        "content_view": content_views.c.name,
        "content_view_id": distributions.c.content_view_id,
        "environment": lifecycle_environments.c.name,
        "lifecycle_environment": lifecycle_environments.c.name,
        "lifecycle_environment_id": distributions.c.environment_id,
        "content_view_version_id": distributions.c.version_id,
    }
    return {
        name: Field(column, "integer" if name.endswith("_id") else "text", within=within)
        for name, column in columns.items()
    }


def repositories_for(holders: Holders, owner_id: int) -> ColumnElement[bool]:
    """Return the condition that a content view environment of a key or host serves a repository."""
    places, held, taken = (
        distributions.c,
        content_view_version_repositories.c,
        content_view_repositories.c,
    )
    here = places.id.in_(select(holders.table.c.distribution_id).where(holders.owner == owner_id))
    frozen = select(held.repository_id).join(
        distributions, and_(places.version_id == held.version_id, here)
    )
    rolling = select(taken.repository_id).join(
        distributions,
        and_(places.content_view_id == taken.content_view_id, places.version_id.is_(None), here),
    )
    everything = (
        select(places.organization_id)
        .join(content_views, content_views.c.id == places.content_view_id)
        .where(here, content_views.c.default)
    )
    return or_(
        repositories.c.id.in_(frozen),
        repositories.c.id.in_(rolling),
        repositories.c.organization_id.in_(everything),
    )


def named_by(labels: Sequence[str]) -> list[str]:
    """Return the labels of a request, which may hold several in one text, with commas."""
    return [part.strip() for text in labels for part in text.split(",") if part.strip()]


def _by_labels(tx: Transaction, labels: Sequence[str], organization_id: int) -> list[int]:
    names = named_by(labels)
    environments = {name.partition("/")[0] for name in names}
    rows = tx.execute(
        select_view_environments().where(
            distributions.c.organization_id == organization_id,
            among_texts(tx, lifecycle_environments.c.label, sorted(environments)),
        )
    ).all()
    known = {f"{row.environment_label}/{row.content_view_label}": row.id for row in rows}
    known |= {label_of(row): row.id for row in rows}
    unknown = [name for name in names if name not in known]
    if unknown:
        words = ", ".join(unknown)[:255]
        raise ValidationError({"content_view_environments": [f"do not exist: {words}"]})
    return [known[name] for name in names]


def _by_ids(
    tx: Transaction, actor: Actor, ids: Sequence[DistributionId], organization_id: int
) -> list[int]:
    rows = load_many(tx, actor, distributions, ids)
    if any(row.organization_id != organization_id for row in rows):
        raise ValidationError({"content_view_environment_ids": ["are of another organization"]})
    return [row.id for row in rows]


def _by_pair(
    tx: Transaction,
    actor: Actor,
    pair: Mapping[str, int | None],
    organization_id: int,
    present: Callable[[], Sequence[AnyRow]],
) -> list[int]:
    if len(pair) == 1:
        there = present()
        only = there[0] if len(there) == 1 else None
        now = ("content_view_id", "environment_id")
        pair = {name: getattr(only, name, None) for name in now} | dict(pair)
    view_id, environment_id = pair["content_view_id"], pair["environment_id"]
    if view_id is None and environment_id is None:
        return []
    if view_id is None or environment_id is None:
        absent = "content_view_id" if view_id is None else "environment_id"
        raise ValidationError(
            {absent: ["must be given too: content view and environment go together"]}
        )
    view = load(tx, actor, content_views, ContentViewId(view_id))
    environment = load(tx, actor, lifecycle_environments, EnvironmentId(environment_id))
    found = tx.scalar(
        select(distributions.c.id).where(
            distributions.c.content_view_id == view.id,
            distributions.c.environment_id == environment.id,
            distributions.c.organization_id == organization_id,
        )
    )
    if found is None:
        raise ValidationError(
            {"content_view_id": [f"'{view.name}' is not in environment '{environment.name}'"]}
        )
    return [found]
