"""Reading from the database what filters look at."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.json import decode
from pyroaring import BitMap
from sqlalchemy import ColumnElement, Text, cast

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
from headgate.stores.db.statements import rows_of, tuples_of

# JSON is read as it was written: there are ten thousands of advisories.
ADVISORY_COLUMNS = (
    *(errata.c[name] for name in ("id", "errata_id", "type", "issued", "updated")),
    cast(errata.c.packages, Text).label("packages"),
    cast(errata.c.modules, Text).label("modules"),
)
STREAM_COLUMNS = tuple(module_documents.c[name] for name in Stream._fields)
GROUP_COLUMNS = tuple(package_groups.c[name] for name in Group._fields)
_PACKAGE_COLUMNS = tuple(rpm_packages.c[name] for name in Package._fields)
_DOCUMENT_COLUMNS = (module_documents.c.id, module_documents.c.name)


def read_source(tx: Transaction, content: Content) -> Source:
    """Return the content as filters see it; rows come in the order of their ids."""
    packages = tuples_of(tx, _PACKAGE_COLUMNS, rpm_packages.c.id, content["rpm"])
    return Source(
        packages=sorted(map(Package._make, packages)),
        advisories=[advisory_of(row) for row in _rows(tx, ADVISORY_COLUMNS, content["erratum"])],
        streams=[Stream(*row[:-1]) for row in _rows(tx, STREAM_COLUMNS, content["module_stream"])],
        groups=[group_of(row) for row in _rows(tx, GROUP_COLUMNS, content["package_group"])],
        module_documents=[
            ModuleDocument(*row[:-1])
            for row in _rows(tx, _DOCUMENT_COLUMNS, content["module_defaults"])
        ],
    )


def advisory_of(row: Any) -> Advisory:
    """Return an advisory of a row with `ADVISORY_COLUMNS`."""
    unit_id, errata_id, type_, issued, updated, packages, modules = row[:7]
    return Advisory(
        unit_id,
        errata_id,
        type_,
        issued,
        updated,
        [package[0] for package in decode(packages)],
        [
            ":".join((each["name"], each["stream"], each["version"], each["context"], each["arch"]))
            for each in decode(modules)
        ],
    )


def group_of(row: Any) -> Group:
    """Return an element of comps of a row with `GROUP_COLUMNS`."""
    members = [each["name"] for each in row.members] if row.kind == "group" else row.members
    return Group(row.id, row.kind, row.group_id, row.name, members)


def _rows(tx: Transaction, columns: Sequence[ColumnElement[Any]], ids: BitMap) -> Iterator[Any]:
    """Yield the rows; the first column is the key."""
    return rows_of(tx, columns, columns[0], ids)
