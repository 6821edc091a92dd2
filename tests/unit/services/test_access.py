"""The scoped loader: nothing of another organization is ever reached, on any way."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from headgate.domain.errors import NotFoundError, PermissionDeniedError
from headgate.domain.ids import UserId
from headgate.services.access import Actor, load, load_many, require_visible, scoped
from headgate.services.accounts.permissions import PERMISSIONS
from headgate.services.actor import Grant
from headgate.services.kinds import KINDS, TABLE_OF_ID
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import organizations, repositories
from support.tenants import Tenant, tenant

KIND_NAMES = [kind.noun for kind in KINDS]


class UndoneError(Exception):
    """Lets a transaction leave nothing behind."""


@pytest.fixture(scope="module")
def tenants(shared_database: Database) -> tuple[Tenant, Tenant]:
    with shared_database.begin() as tx:
        return tenant(tx, "ours"), tenant(tx, "theirs")


@pytest.fixture
def tx(shared_database: Database, tenants: object) -> Iterator[Transaction]:
    del tenants  # they are there before
    with suppress(UndoneError), shared_database.begin() as tx:
        yield tx
        raise UndoneError


@pytest.fixture
def ours(tenants: tuple[Tenant, Tenant]) -> Tenant:
    return tenants[0]


@pytest.fixture
def theirs(tenants: tuple[Tenant, Tenant]) -> Tenant:
    return tenants[1]


def member(of: Tenant, *permissions: str) -> Actor:
    return Actor(
        user_id=UserId(of.user_id),
        login=of.name,
        organization_ids=frozenset({of.organization_id}),
        permissions=frozenset(permissions),
    )


def test_every_type_of_identifier_leads_to_a_kind() -> None:
    assert {kind.table for kind in KINDS} == set(TABLE_OF_ID.values())


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_a_member_reaches_the_own_organizations_things_alone(
    tx: Transaction, ours: Tenant, theirs: Tenant, kind: Any
) -> None:
    table: Table = kind.table
    actor = member(ours, *PERMISSIONS)
    own, foreign = ours.ids[table], theirs.ids[table]

    assert load(tx, actor, table, own).id == own
    require_visible(tx, actor, table, [own])
    with pytest.raises(NotFoundError) as refused:
        load(tx, actor, table, foreign)
    with pytest.raises(NotFoundError):
        load_many(tx, actor, table, [own, foreign])
    with pytest.raises(NotFoundError):
        require_visible(tx, actor, table, [own, foreign])
    listed = tx.scalars(scoped(select(table.c.id), actor, table)).all()
    assert own in listed
    assert foreign not in listed
    unknown = "00000000" if isinstance(foreign, str) else 77_777
    with pytest.raises(NotFoundError) as absent:
        load(tx, actor, table, unknown)
    # The words are the same: whether a thing exists elsewhere is not told.
    assert str(refused.value).replace(str(foreign), "X") == (
        str(absent.value).replace(str(unknown), "X")
    )


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_a_member_without_the_permission_to_view_reaches_nothing_but_the_own(
    tx: Transaction, ours: Tenant, kind: Any
) -> None:
    table, key = kind.table, ours.ids[kind.table]
    blind = replace(member(ours, *(PERMISSIONS - {kind.view})), user_id=UserId(999))
    elsewhere = Grant(frozenset({kind.view}), frozenset({ours.organization_id + 1}))
    there = Grant(frozenset({kind.view}), frozenset({ours.organization_id}))
    shown = {
        "blind": blind,
        "elsewhere": replace(blind, limited=(elsewhere,)),
        "there": replace(blind, limited=(there,)),
    }

    seen = {
        name: tx.scalars(scoped(select(table.c.id), actor, table).where(table.c.id == key)).all()
        for name, actor in shown.items()
    }
    within = tx.scalars(
        scoped(select(table.c.id), blind, table, organization_id=ours.organization_id)
    ).all()

    if kind.view is not None:
        assert seen == {"blind": [], "elsewhere": [], "there": [key]}
        assert key not in within
        with pytest.raises(NotFoundError):
            load(tx, blind, table, key)


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_who_belongs_nowhere_reaches_nothing(tx: Transaction, ours: Tenant, kind: Any) -> None:
    stranger = Actor(user_id=UserId(999), login="stranger")

    with pytest.raises(NotFoundError):
        load(tx, stranger, kind.table, ours.ids[kind.table])
    assert tx.scalars(scoped(select(kind.table.c.id), stranger, kind.table)).all() == []


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_an_administrator_reaches_everything(
    tx: Transaction, ours: Tenant, theirs: Tenant, kind: Any
) -> None:
    boss = Actor(user_id=UserId(999), login="boss", admin=True)
    both = [ours.ids[kind.table], theirs.ids[kind.table]]

    assert [row.id for row in load_many(tx, boss, kind.table, both)] == both
    require_visible(tx, boss, kind.table, both)


@pytest.mark.parametrize("key", [0, -1, 2**31, 2**63, 2**200, "1", "x", None, 1.0, True, (1,)])
def test_values_that_no_id_column_holds_name_nothing(
    tx: Transaction, ours: Tenant, key: Any
) -> None:
    for actor in (member(ours), Actor(user_id=None, login="boss", admin=True)):
        with pytest.raises(NotFoundError):
            load(tx, actor, repositories, key)
        with pytest.raises(NotFoundError):
            require_visible(tx, actor, repositories, [key])


def test_rows_come_in_the_order_asked_for_and_as_often(tx: Transaction, ours: Tenant) -> None:
    first = ours.ids[repositories]
    second = ours.another_repository(tx)

    rows = load_many(tx, member(ours, "view_products"), repositories, [second, first, second])

    assert [row.id for row in rows] == [second, first, second]


def test_a_permission_counts_in_the_own_organizations_only(
    tx: Transaction, ours: Tenant, theirs: Tenant
) -> None:
    actor = member(ours, "view_products", "edit_products")
    own = ours.ids[repositories]

    assert load(tx, actor, repositories, own, permission="edit_products").id == own
    with pytest.raises(PermissionDeniedError) as denied:
        load(tx, actor, repositories, own, permission="destroy_products")
    assert denied.value.missing == ["destroy_products"]
    with pytest.raises(PermissionDeniedError):
        actor.require("edit_products", organization_id=theirs.organization_id)


def test_a_list_of_a_foreign_organization_is_not_found(ours: Tenant, theirs: Tenant) -> None:
    query = select(func.count()).select_from(organizations)

    with pytest.raises(NotFoundError):
        scoped(query, member(ours), organizations, organization_id=theirs.organization_id)
