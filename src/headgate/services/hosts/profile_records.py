"""Reading what hosts say is installed on them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, String, cast, func, select

from headgate.domain.errors import NotFoundError
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, AnySelect, scoped
from headgate.services.hosts.host_records import PACKAGE_NAME
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    host_traces,
    hosts,
    module_profile_streams,
    package_profile_packages,
)

_packages, _streams, _traces = (
    package_profile_packages.c,
    module_profile_streams.c,
    host_traces.c,
)

PACKAGES: Final = Catalog(
    key=_packages.id,
    fields=Fields(
        {
            "id": Field(_packages.id, "integer"),
            "name": Field(_packages.name, default=True),
            "version": Field(_packages.version),
            "release": Field(_packages.release),
            "arch": Field(_packages.arch),
            "architecture": Field(_packages.arch),
            "vendor": Field(_packages.vendor),
            "nvra": Field(PACKAGE_NAME),
        }
    ),
)

# Of several hosts: names alone.
PACKAGE_NAMES: Final = Catalog(
    key=_packages.name, fields=Fields({"name": Field(_packages.name, default=True)})
)

MODULE_STREAMS: Final = Catalog(
    key=_streams.id,
    fields=Fields(
        {
            "id": Field(_streams.id, "integer"),
            "name": Field(_streams.name, default=True),
            "stream": Field(_streams.stream),
            "version": Field(_streams.version),
            "context": Field(_streams.context),
            "arch": Field(_streams.arch),
            "status": Field(_streams.status),
        }
    ),
)

# Of several hosts: names with streams.
STREAM_NAMES: Final = Catalog(
    key=_streams.stream,
    fields=Fields(
        {
            "name": Field(_streams.name, default=True),
            "stream": Field(_streams.stream),
        }
    ),
)

TRACES: Final = Catalog(
    key=_traces.id,
    fields=Fields(
        {
            "id": Field(_traces.id, "integer"),
            "application": Field(_traces.application, default=True),
            "helper": Field(_traces.helper),
            "app_type": Field(_traces.app_type),
            "host": Field(hosts.c.name),
        }
    ),
    default_sort=("application", "asc"),
)


def packages_of(host: Row[Any], kind: str) -> Select[Any]:
    """Select the packages of a kind (rpm, deb) that are installed on a host."""
    return select(package_profile_packages, PACKAGE_NAME.label("nvra")).where(
        _packages.profile_id == host.package_profile_id, _packages.kind == kind
    )


def installed_names(actor: Actor) -> Select[Any]:
    """Select the names of the packages on the hosts that the actor may see, each once."""
    held = scoped(select(hosts.c.package_profile_id), actor, hosts)
    return select(_packages.name).where(_packages.profile_id.in_(held)).distinct()


def load_package(tx: Transaction, actor: Actor, package_id: int) -> AnyRow:
    """Return one installed package; NotFoundError unless a host that the actor sees has it."""
    held = scoped(select(hosts.c.package_profile_id), actor, hosts)
    found = tx.execute(
        select(package_profile_packages, PACKAGE_NAME.label("nvra")).where(
            _packages.id == package_id, _packages.profile_id.in_(held)
        )
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"Could not find installed package with id {package_id}")
    return found


def module_streams_of(
    host: Row[Any], *, status: str | None = None, installed: bool | None = None
) -> Select[Any]:
    """Select the module streams that a host knows, of a status, with or without profiles."""
    found = select(module_profile_streams).where(_streams.profile_id == host.module_profile_id)
    if status is not None:
        found = found.where(_streams.status == status)
    if installed is not None:
        nothing = cast(_streams.installed_profiles, String) == "[]"
        found = found.where(~nothing if installed else nothing)
    return found


def module_streams_of_all(tx: Transaction, host_ids: Sequence[int]) -> AnySelect:
    """Select the module streams that any of these hosts knows, each name and stream once."""
    held = select(hosts.c.module_profile_id).where(among(tx, hosts.c.id, host_ids))
    return (
        select(func.min(_streams.id).label("id"), _streams.name, _streams.stream)
        .where(_streams.profile_id.in_(held))
        .group_by(_streams.name, _streams.stream)
    )


def traces_of(tx: Transaction, host_ids: Sequence[int]) -> Select[Any]:
    """Select the traces of hosts."""
    return (
        select(host_traces, hosts.c.name.label("host"))
        .join(hosts, hosts.c.id == _traces.host_id)
        .where(among(tx, _traces.host_id, host_ids))
    )
