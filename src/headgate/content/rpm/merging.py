"""Adding units to what a repository holds: the newer of two things with one name stays."""

from collections.abc import Mapping, Sequence
from typing import Final

from pyroaring import BitMap
from sqlalchemy import Table

from headgate.content.rpm.tables import (
    distribution_trees,
    errata,
    module_documents,
    package_groups,
    repository_files,
    rpm_packages,
)
from headgate.domain.content import Content
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

# What a client tells two units of a repository apart by; a repository has one treeinfo.
_NAMES: Final[Mapping[str, tuple[Table, Sequence[str]]]] = {
    "rpm": (rpm_packages, ("location",)),
    "srpm": (rpm_packages, ("location",)),
    "erratum": (errata, ("errata_id",)),
    "package_group": (package_groups, ("kind", "group_id")),
    "module_stream": (module_documents, ("name", "stream", "version", "context", "arch")),
    "module_defaults": (module_documents, ("kind", "name", "stream")),
    "repository_file": (repository_files, ("type",)),
    "distribution_tree": (distribution_trees, ()),
}


def with_units(tx: Transaction, content: Content, units: Content) -> Content:
    """Return the content with these units in the place of others of the same name."""
    replaced = {
        unit_type: _namesakes(tx, unit_type, content[unit_type] - added, added)
        for unit_type, added in units.units.items()
    }
    return (content - Content.of(replaced)) | units


def _namesakes(tx: Transaction, unit_type: str, older: BitMap, added: BitMap) -> BitMap:
    if not older or not added:
        return BitMap()
    table, columns = _NAMES[unit_type]
    if not columns:
        return older
    keys = [table.c[column] for column in columns]
    taken = {tuple(row[:-1]) for row in rows_of(tx, keys, table.c.id, added)}
    rows = rows_of(tx, keys, table.c.id, older)
    return BitMap(row[-1] for row in rows if tuple(row[:-1]) in taken)
