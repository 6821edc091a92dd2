"""Adding units to what a repository holds: the newer of two things with one name stays.

Advisories have rules of their own, because tools correct them without telling and split them
without asking (pulp_rpm's conflict resolution knows the same cases). Of two with one id

- the one that was updated later stays, whichever came first; without dates, or with equal ones,
  the higher version, if both are numbers;
- if nothing tells them apart, the one that comes is a correction and takes the other's place,
- unless they name wholly different packages: then both are halves of one advisory and both stay.
  Clients read several advisories of one id as the sum of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

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
    "package_group": (package_groups, ("kind", "group_id")),
    "module_stream": (module_documents, ("name", "stream", "version", "context", "arch")),
    "module_defaults": (module_documents, ("kind", "name", "stream", "context")),
    "repository_file": (repository_files, ("type",)),
    "distribution_tree": (distribution_trees, ()),
}


_ERRATUM: Final = tuple(
    errata.c[name] for name in ("errata_id", "issued", "updated", "version", "packages")
)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def with_units(tx: Transaction, content: Content, units: Content) -> Content:
    """Return the content with these units in the place of others of the same name.

    An advisory that is older than its namesake is not added.
    """
    replaced = {
        unit_type: _namesakes(tx, unit_type, content[unit_type] - added, added)
        for unit_type, added in units.units.items()
        if unit_type in _NAMES
    }
    outdated, stale = _advisories(tx, content["erratum"], units["erratum"])
    replaced["erratum"] = outdated
    return (content - Content.of(replaced)) | (units - Content.of({"erratum": stale}))


def _namesakes(tx: Transaction, unit_type: str, older: BitMap, added: BitMap) -> BitMap:
    if not older or not added:
        return BitMap()
    table, columns = _NAMES[unit_type]
    if not columns:
        return older
    keys = [table.c[column] for column in columns]
    name = _document_name if unit_type == "module_defaults" else tuple[Any, ...]
    taken = {name(row[:-1]) for row in rows_of(tx, keys, table.c.id, added)}
    rows = rows_of(tx, keys, table.c.id, older)
    return BitMap(row[-1] for row in rows if name(row[:-1]) in taken)


def _document_name(key: Sequence[str]) -> tuple[str, ...]:
    """A module has one default stream: the stream is what the document says, not its name."""
    kind, module, stream, context = key
    return (kind, module) if kind == "defaults" else (kind, module, stream, context)


class _Advisory(NamedTuple):
    id: int
    moment: datetime
    version: int | None
    packages: frozenset[tuple[str, ...]]


def _advisories(tx: Transaction, older: BitMap, added: BitMap) -> tuple[BitMap, BitMap]:
    """Return which older advisories go, and which of the added do not come."""
    outdated, stale = BitMap(), BitMap()
    older, added = older - added, added - older
    if not older or not added:
        return outdated, stale
    ids = {row[0] for row in rows_of(tx, [errata.c.errata_id], errata.c.id, added)}
    known = _by_id(tx, older, lambda errata_id: errata_id in ids)
    for errata_id, coming in _by_id(tx, added, known.__contains__).items():
        for here in known[errata_id]:
            for each in coming:
                order = _compared(each, here)
                if order < 0:
                    stale.add(each.id)
                elif order > 0 or not _are_halves(each, here):
                    outdated.add(here.id)
    return outdated, stale


def _by_id(
    tx: Transaction, units: BitMap, wanted: Callable[[str], bool]
) -> dict[str, list[_Advisory]]:
    found: dict[str, list[_Advisory]] = {}
    for row in rows_of(tx, _ERRATUM, errata.c.id, units):
        if wanted(row.errata_id):
            advisory = _Advisory(
                row.key_,
                row.updated or row.issued or _NEVER,
                int(row.version) if row.version.isascii() and row.version.isdigit() else None,
                _packages(row.packages),
            )
            found.setdefault(row.errata_id, []).append(advisory)
    return found


def _packages(listed: Iterable[Sequence[str]]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(package[1:]) for package in listed)


def _compared(coming: _Advisory, here: _Advisory) -> int:
    """Tell whether what comes is newer (1), older (-1), or neither by what it says (0)."""
    if coming.moment != here.moment:
        return 1 if coming.moment > here.moment else -1
    if coming.version is None or here.version is None or coming.version == here.version:
        return 0
    return 1 if coming.version > here.version else -1


def _are_halves(one: _Advisory, other: _Advisory) -> bool:
    return bool(one.packages and other.packages) and not one.packages & other.packages
