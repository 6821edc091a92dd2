"""Content overrides: what a key or a host says of a repository, beside what the product says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, delete, insert, select

from headgate.domain.errors import BadRequestError
from headgate.services.access import Actor, load
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.services.repositories.repository_records import CONTENT_LABEL
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.tables import content_overrides, organizations, products, repositories

# The types of content that hosts have in their lists of repositories.
HOST_TYPES: Final = ("yum", "deb")
# A repository is not enabled on hosts unless they or their keys say so, as in Katello since 4.9.
ENABLED: Final = False
MOST: Final = 1_000

OF_KEYS: Final = content_overrides.c.activation_key_id
OF_HOSTS: Final = content_overrides.c.host_id

_TRUE: Final = frozenset({"1", "true", "yes", "enabled"})
_FALSE: Final = frozenset({"0", "false", "no", "disabled"})
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Override:
    """One override; `value` is None for its removal."""

    content_label: str
    name: str
    value: str | None


def override_of(content_label: str, name: str, value: object, *, remove: bool) -> Override:
    """Return what a request says; BadRequestError unless it is a value that hosts understand."""
    if remove or (isinstance(value, str) and value.lower() == _DEFAULT):
        return Override(content_label, name, None)
    if value is None:
        raise BadRequestError(f"Missing value for the override of {content_label[:255]}.")
    if not isinstance(value, str | int):
        raise BadRequestError("The value of an override must be a text, a number or a boolean.")
    text = str(value)
    if name == "enabled":
        text = _flag(text)
    if len(text) > 255 or "\0" in text:
        raise BadRequestError("The value of an override is too long or holds null characters.")
    return Override(content_label, name, text)


def override_content(
    tx: Transaction, *, actor: Actor, owner: Column[Any], key: int, overrides: Sequence[Override]
) -> None:
    """Set and remove overrides of one key or host that the actor may change."""
    (things,) = (each.column.table for each in owner.foreign_keys)
    row = load(tx, actor, things, key, permission=f"edit_{things.name}")
    set_overrides(tx, owner, [row.id], overrides, organization_id=row.organization_id)


def set_overrides(
    tx: Transaction,
    owner: Column[Any],
    owner_ids: Sequence[int],
    overrides: Sequence[Override],
    *,
    organization_id: int,
) -> None:
    """Set and remove overrides of keys or hosts (`OF_KEYS`, `OF_HOSTS`); the rest stays.

    BadRequestError if the organization has no content with one of the labels.
    """
    last = {(each.content_label, each.name): each for each in overrides}
    check_labels(tx, overrides, organization_id=organization_id)
    of = content_overrides.c
    for label, name in last:
        tx.execute(
            delete(content_overrides).where(
                among(tx, owner, owner_ids), of.content_label == label, of.name == name
            )
        )
    rows = [
        {
            owner.name: owner_id,
            "content_label": each.content_label,
            "name": each.name,
            "value": each.value,
        }
        for owner_id in owner_ids
        for each in last.values()
        if each.value is not None
    ]
    if rows:
        tx.execute(insert(content_overrides), rows)


def copy_overrides(tx: Transaction, owner: Column[Any], owner_id: int, copy_id: int) -> None:
    """Give a copy the overrides of the original."""
    of = content_overrides.c
    copied = (of.content_label, of.name, of.value)
    rows = [
        {owner.name: copy_id, **row}
        for row in tx.execute(select(*copied).where(owner == owner_id)).mappings()
    ]
    if rows:
        tx.execute(insert(content_overrides), rows)


def overrides_of(tx: Transaction, owner: Column[Any], owner_ids: Iterable[int]) -> Grouped:
    """Return by key or host its overrides, by label and name."""
    of = content_overrides.c
    rows = tx.execute(
        select(content_overrides, owner.label("owner"))
        .where(among(tx, owner, owner_ids))
        .order_by(of.content_label, of.name)
    )
    return grouped(rows, "owner")


def by_label(rows: Iterable[AnyRow]) -> dict[str, list[AnyRow]]:
    """Return the overrides of one key or host by content label."""
    found: dict[str, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(row.content_label, []).append(row)
    return found


def enabled_override(rows: Iterable[AnyRow]) -> bool | None:
    """Return what the overrides of one label say of `enabled`; None if they say nothing."""
    return next((row.value == "1" for row in rows if row.name == "enabled"), None)


def check_labels(tx: Transaction, overrides: Sequence[Override], *, organization_id: int) -> None:
    """Raise BadRequestError if the organization has no content with one of the labels."""
    labels = {each.content_label for each in overrides}
    known = set(
        tx.scalars(
            select(CONTENT_LABEL)
            .select_from(repositories)
            .join(products, products.c.id == repositories.c.product_id)
            .join(organizations, organizations.c.id == repositories.c.organization_id)
            .where(
                repositories.c.organization_id == organization_id,
                among_texts(tx, CONTENT_LABEL, sorted(labels)),
            )
        )
    )
    unknown = sorted(labels - known)
    if unknown:
        raise BadRequestError(f"Invalid content label: {', '.join(unknown)[:255]}")


def _flag(text: str) -> str:
    if text.lower() in _TRUE:
        return "1"
    if text.lower() in _FALSE:
        return "0"
    raise BadRequestError("The value of the override enabled must be true or false.")
