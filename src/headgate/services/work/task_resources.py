"""What tasks are about: how their resources are named here, and by Katello's clients."""

from typing import Final

from sqlalchemy import Column, ColumnElement, false, or_, select

from headgate.search import Field, compares
from headgate.stores.db.tables import task_locks, tasks

_lock = task_locks.c

# Resources read `repository:12`; these are the ones that clients know, by their names for them.
TYPES: Final = {
    "Katello::ActivationKey": "activation_key",
    "Katello::ContentView": "content_view",
    "Katello::ContentViewVersion": "content_view_version",
    "Katello::FlatpakRemote": "flatpak_remote",
    "Katello::Repository": "repository",
}


def resource_named(resource_type: str, resource_id: str) -> str:
    """Return the resource that a client means by a type, with or without its module, and an id."""
    last = resource_type.rpartition("::")[2]
    return f"{TYPES.get(f'Katello::{last}', last.lower())}:{resource_id}"


def resource_fields() -> dict[str, Field]:
    """Return the fields by which tasks are searched for what they are about, and what they hold."""
    return {
        **_fields("resource"),
        **_fields("locked_resource", _lock.exclusive.is_(True)),
    }


def _fields(prefix: str, *conditions: ColumnElement[bool]) -> dict[str, Field]:
    def about(found: ColumnElement[bool]) -> ColumnElement[bool]:
        return tasks.c.id.in_(select(_lock.task_id).where(found, *conditions))

    def of_type(operator: str, value: str) -> ColumnElement[bool]:
        test = compares(operator, value)
        named = [kind for name, kind in TYPES.items() if test(name)]
        return about(or_(false(), *(_lock.resource.startswith(f"{kind}:") for kind in named)))

    def with_id(operator: str, value: str) -> ColumnElement[bool]:
        if operator != "=":
            return false()
        return about(_lock.resource.in_([f"{kind}:{value}" for kind in TYPES.values()]))

    column: Column[str] = _lock.resource
    return {
        f"{prefix}_type": Field(column, within=about, compare=of_type, offered=TYPES.keys),
        f"{prefix}_id": Field(column, within=about, compare=with_id),
    }
