"""Reading from the database what filters look at."""

from typing import Any

from pyroaring import BitMap
from sqlalchemy import Table

from headgate.content.rpm.filters.source import (
    Advisory,
    Group,
    ModuleDocument,
    Package,
    Source,
    Stream,
)
from headgate.content.rpm.tables import errata, module_documents, package_groups, rpm_packages
from headgate.domain.content import Content
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

ADVISORY_COLUMNS = ("id", "errata_id", "type", "issued", "updated", "packages", "modules")
STREAM_COLUMNS = Stream._fields
GROUP_COLUMNS = Group._fields
PACKAGE_COLUMNS = Package._fields


def read_source(tx: Transaction, content: Content) -> Source:
    """Return the content as filters see it; rows come in the order of their ids."""
    return Source(
        packages=sorted(
            Package(*row[:-1]) for row in _rows(tx, rpm_packages, PACKAGE_COLUMNS, content["rpm"])
        ),
        advisories=[
            advisory_of(row) for row in _rows(tx, errata, ADVISORY_COLUMNS, content["erratum"])
        ],
        streams=[
            Stream(*row[:-1])
            for row in _rows(tx, module_documents, STREAM_COLUMNS, content["module_stream"])
        ],
        groups=[
            group_of(row)
            for row in _rows(tx, package_groups, GROUP_COLUMNS, content["package_group"])
        ],
        module_documents=[
            ModuleDocument(row.id, row.name)
            for row in _rows(tx, module_documents, ("id", "name"), content["module_defaults"])
        ],
    )


def advisory_of(row: Any) -> Advisory:
    """Return an advisory of a row with `ADVISORY_COLUMNS`."""
    return Advisory(
        row.id,
        row.errata_id,
        row.type,
        row.issued,
        row.updated,
        [package[0] for package in row.packages],
        [
            ":".join((each["name"], each["stream"], each["version"], each["context"], each["arch"]))
            for each in row.modules
        ],
    )


def group_of(row: Any) -> Group:
    """Return an element of comps of a row with `GROUP_COLUMNS`."""
    members = [each["name"] for each in row.members] if row.kind == "group" else row.members
    return Group(row.id, row.kind, row.group_id, row.name, members)


def _rows(tx: Transaction, table: Table, columns: tuple[str, ...], ids: BitMap) -> Any:
    return rows_of(tx, [table.c[name] for name in columns], table.c.id, ids)
