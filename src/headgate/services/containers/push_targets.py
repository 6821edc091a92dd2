"""Where a push goes: names that clients push to, and the repositories that are made for them.

`ORG_LABEL/PRODUCT_LABEL/NAME` or `id/ORG_ID/PRODUCT_ID/NAME`, all in lower case (container.md 1.4).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import OrganizationId, ProductId
from headgate.domain.registry_errors import (
    DeniedError,
    NameAmbiguousError,
    NameInvalidError,
    NameUnknownError,
)
from headgate.domain.registry_names import LONGEST_NAME, fault_of_name
from headgate.services.access import Actor, AnyRow
from headgate.services.containers.naming import name_repository
from headgate.services.containers.permissions import PUSH_CONTENT, may_view
from headgate.services.repositories.products import create_product
from headgate.services.repositories.repositories import insert_repository
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    container_repositories,
    organizations,
    products,
    registry_names,
    repositories,
)

LABEL: Final = "label"
ID: Final = "id"

_ID: Final = re.compile(r"[1-9][0-9]{0,8}")
_FORMS: Final = "ORG_LABEL/PRODUCT_LABEL/NAME or id/ORG_ID/PRODUCT_ID/NAME, in lower case"


@dataclass(frozen=True, slots=True)
class PushTarget:
    """What a name that is pushed to means."""

    name: str
    format: str  # label | id
    organization_id: int
    product_id: int | None  # None: made by the first push, if the organization lets it
    product_label: str
    repository_id: int | None  # None: made by the first push
    repository_label: str


def find_push_target(
    tx: Transaction, actor: Actor, name: str, *, permission: str = PUSH_CONTENT
) -> PushTarget:
    """Return what the name means to the actor.

    NameInvalidError for a name of another form, NameUnknownError where no such organization or
    product exists for the actor, NameAmbiguousError where several do, DeniedError for repositories
    that are filled in another way. Who has not the permission is denied before it is told which
    products and repositories there are.
    """
    if fault_of_name(name) is not None:
        raise NameInvalidError(f"{name[:LONGEST_NAME]!r} is no repository's name; push to {_FORMS}")
    parts = name.split("/")
    if len(parts) == 4 and parts[0] == ID:
        organization = _organization_by_id(tx, actor, parts)
        form, find = ID, _product_by_id
    elif len(parts) == 3:
        organization = _organization_by_label(tx, actor, parts)
        form, find = LABEL, _product_by_label
    else:
        _refuse_served(tx, actor, name)
        raise NameInvalidError(f"{name!r} cannot be pushed to; push to {_FORMS}")
    if not actor.may(permission, organization_id=organization.id):
        raise DeniedError(f"Requested access to '{name}' is denied: you lack {permission}")
    product = find(tx, organization, parts)
    repository = None if product is None else _repository(tx, product, name, parts[-1])
    return PushTarget(
        name=name,
        format=form,
        organization_id=organization.id,
        product_id=None if product is None else product.id,
        product_label=parts[1],
        repository_id=None if repository is None else repository.id,
        repository_label=parts[-1],
    )


def open_push_repository(tx: Transaction, *, actor: Actor, clock: Clock, target: PushTarget) -> int:
    """Return the repository to push into, made now if need be; safe to race.

    The caller has checked that the actor may push there. NameUnknownError for a product that is
    not there where the organization lets no push make one.
    """
    # Parallel first pushes of the layers of one image: one makes it, the others find it.
    organization = select(organizations.c.id).where(organizations.c.id == target.organization_id)
    tx.execute(organization.with_for_update())
    target = find_push_target(tx, actor, target.name)
    if target.repository_id is not None:
        _adopt(tx, target, target.repository_id)
        return target.repository_id
    product_id = target.product_id or _make_product(tx, actor, clock, target)
    product = tx.execute(select(products).where(products.c.id == product_id)).one()
    repository_id = insert_repository(
        tx,
        clock=clock,
        product=product,
        values={
            "name": target.repository_label,
            "content_type": "docker",
            "description": None,
        },
    )
    _adopt(tx, target, repository_id)
    return repository_id


def _adopt(tx: Transaction, target: PushTarget, repository_id: int) -> None:
    """Let the repository be known as one that is pushed to."""
    own = container_repositories.c
    known = tx.execute(select(own.push_name).where(own.repository_id == repository_id)).first()
    if known is not None and known.push_name is not None:
        return
    values: Mapping[str, Any] = {"push_name": target.name, "push_name_format": target.format}
    if known is None:
        tx.execute(insert(container_repositories).values(repository_id=repository_id, **values))
    else:
        tx.execute(
            update(container_repositories).where(own.repository_id == repository_id).values(values)
        )
    try:
        name_repository(tx, target.organization_id, repository_id)
    except ValidationError as error:
        raise NameAmbiguousError(f"{error.message}; push under another name") from error


def _make_product(tx: Transaction, actor: Actor, clock: Clock, target: PushTarget) -> ProductId:
    lets = select(organizations.c.container_push_creates_products).where(
        organizations.c.id == target.organization_id
    )
    if target.format != LABEL or not tx.scalar(lets):
        raise NameUnknownError(
            f"There is no product '{target.product_label}' to push into; create it, or let pushes"
            " make products (container_push_creates_products of the organization)"
        )
    if not actor.may("create_products", organization_id=target.organization_id):
        raise DeniedError(
            f"There is no product '{target.product_label}', and you may not create products"
            " (create_products)"
        )
    return create_product(
        tx,
        actor=actor,
        clock=clock,
        organization_id=OrganizationId(target.organization_id),
        name=target.product_label,
    )


def _organization_by_label(tx: Transaction, actor: Actor, parts: list[str]) -> Row[Any]:
    mine = [
        row
        for row in _labelled(tx, organizations, parts[0], organizations.c.id.is_not(None))
        if actor.sees(row.id)
    ]
    if not mine:
        raise NameUnknownError(f"There is no organization with the label '{parts[0]}'")
    _require_one(mine, "organizations", parts[0])
    return mine[0]


def _product_by_label(tx: Transaction, organization: Row[Any], parts: list[str]) -> Row[Any] | None:
    found = _labelled(tx, products, parts[1], products.c.organization_id == organization.id)
    _require_one(found, "products", parts[1])
    return found[0] if found else None


def _organization_by_id(tx: Transaction, actor: Actor, parts: list[str]) -> Row[Any]:
    if not all(_ID.fullmatch(part) for part in parts[1:3]):
        raise NameInvalidError(f"Ids in {parts[1]}/{parts[2]} are no whole numbers")
    organization_id = int(parts[1])
    organization = tx.execute(
        select(organizations).where(organizations.c.id == organization_id)
    ).one_or_none()
    if organization is None or not actor.sees(organization.id):
        raise NameUnknownError(f"There is no organization with the id {organization_id}")
    return organization


def _product_by_id(tx: Transaction, organization: Row[Any], parts: list[str]) -> Row[Any]:
    product_id = int(parts[2])
    product = tx.execute(
        select(products).where(
            products.c.id == product_id, products.c.organization_id == organization.id
        )
    ).one_or_none()
    if product is None:
        raise NameUnknownError(
            f"There is no product with the id {product_id} in organization {organization.id}"
        )
    return product


def _labelled(
    tx: Transaction, table: Table, label: str, condition: ColumnElement[bool]
) -> list[Row[Any]]:
    query = select(table).where(func.lower(table.c.label) == label, condition)
    return list(tx.execute(query.order_by(table.c.id)))


def _require_one(found: list[Row[Any]], noun: str, label: str) -> None:
    if len(found) > 1:
        labels = ", ".join(f"{row.label} (id {row.id})" for row in found[:5])
        raise NameAmbiguousError(
            f"Several {noun} have the label '{label}' but for case: {labels}. Push to"
            " id/ORG_ID/PRODUCT_ID/NAME, or delete or rename one of them"
        )


def _repository(tx: Transaction, product: Row[Any], name: str, label: str) -> AnyRow | None:
    own = container_repositories.c
    query = (
        select(
            repositories.c.id,
            repositories.c.name,
            repositories.c.content_type,
            repositories.c.url,
            own.push_name,
        )
        .outerjoin(container_repositories, own.repository_id == repositories.c.id)
        .where(repositories.c.product_id == product.id)
    )
    row = tx.execute(query.where(own.push_name == name)).one_or_none()
    if row is not None:
        return row
    found = list(tx.execute(query.where(func.lower(repositories.c.label) == label)))
    _require_one_repository(found, label)
    for each in found:
        _require_pushable(each)
    return found[0] if found else None


def _require_one_repository(found: list[AnyRow], label: str) -> None:
    if len(found) > 1:
        ids = ", ".join(str(row.id) for row in found[:5])
        raise NameAmbiguousError(
            f"Several repositories of the product have the label '{label}' but for case"
            f" (ids {ids}); rename or delete one of them"
        )


def _require_pushable(row: AnyRow) -> None:
    if row.content_type != "docker":
        raise DeniedError(
            f"Repository '{row.name}' is of type {row.content_type}: push under another name"
        )
    if row.url is not None:
        raise DeniedError(
            f"Repository '{row.name}' is mirrored from an upstream and takes no pushes: push under"
            " another name"
        )
    if row.push_name is not None:
        raise NameAmbiguousError(
            f"Repository '{row.name}' is known as {row.push_name}: push to that name"
        )


def _refuse_served(tx: Transaction, actor: Actor, name: str) -> None:
    """Tell who pushes to the name of a content view's repository what to do instead."""
    served = tx.scalar(
        select(registry_names.c.organization_id).where(registry_names.c.name == name)
    )
    if served is not None and may_view(actor, served, of_view=True):
        raise DeniedError(
            f"'{name}' is served from a content view, whose versions do not change: push to"
            f" {_FORMS}, then publish"
        )
