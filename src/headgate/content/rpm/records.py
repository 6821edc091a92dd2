"""Reading RPM units: how packages, advisories, groups and modules are searched and sorted."""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Column, ColumnElement, String, case, cast, func, literal, select

from headgate.content.rpm.tables import errata, module_documents, package_groups, rpm_packages
from headgate.search import Field, Fields, checksum_field
from headgate.services.access import AnySelect
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts, within

_P = rpm_packages.c
_E = errata.c
_G = package_groups.c
_M = module_documents.c

_VERSION_RELEASE: Final = _P.version + literal("-") + _P.release
NVRA: Final[ColumnElement[str]] = _P.name + literal("-") + _VERSION_RELEASE + literal(".") + _P.arch
_PARTS: Final[Sequence[ColumnElement[str]]] = (_P.name, _P.version, _P.release, _P.arch)
FILENAME: Final[ColumnElement[str]] = NVRA + literal(".rpm")
_EPOCH: Final = case((_P.epoch == "0", ""), else_=_P.epoch + literal(":"))
NEVRA: Final[ColumnElement[str]] = (
    _P.name + literal("-") + _EPOCH + _VERSION_RELEASE + literal(".") + _P.arch
)
NEVRA_WITH_EPOCH: Final[ColumnElement[str]] = (
    _P.name + literal("-") + _P.epoch + literal(":") + _VERSION_RELEASE + literal(".") + _P.arch
)
NAME_ARCH: Final[ColumnElement[str]] = _P.name + literal(".") + _P.arch
NAME_STREAM: Final[ColumnElement[str]] = _M.name + literal(":") + _M.stream
NSVCA: Final[ColumnElement[str]] = (
    NAME_STREAM + literal(":") + _M.version + literal(":") + _M.context + literal(":") + _M.arch
)


def _mentioned(column: Column[Any], operator: str, value: str) -> ColumnElement[bool]:
    """Whether the JSON of an advisory holds the value, with `~` as a part of a text."""
    text = json.dumps(value)
    wanted = text if operator == "=" else text[1:-1]
    return cast(column, String).contains(wanted, autoescape=True)


PACKAGES: Final = Catalog(
    key=_P.id,
    fields=Fields(
        {
            "id": Field(_P.id, "integer"),
            "name": Field(_P.name, default=True),
            "epoch": Field(_P.epoch),
            "version": Field(_P.version),
            "release": Field(_P.release),
            "arch": Field(_P.arch),
            "evr": Field(_P.epoch + literal(":") + _VERSION_RELEASE),
            "nvra": Field(NVRA, parts=_PARTS),
            "filename": Field(FILENAME, default=True, parts=(*_PARTS, literal("rpm"))),
            "checksum": checksum_field(_P.checksum),
            "summary": Field(_P.summary),
            "sourcerpm": Field(_P.sourcerpm),
        }
    ),
    sorts={"nvra": NVRA, "filename": FILENAME, "evr": _P.evr},
)

ERRATA: Final = Catalog(
    key=_E.id,
    fields=Fields(
        {
            "id": Field(_E.errata_id),
            "errata_id": Field(_E.errata_id, default=True),
            "title": Field(_E.title, default=True),
            "synopsis": Field(_E.title),
            "type": Field(_E.type),
            "severity": Field(_E.severity),
            "issued": Field(_E.issued, "datetime"),
            "updated": Field(_E.updated, "datetime"),
            "modular": Field(cast(_E.modules, String) != literal("[]"), "boolean"),
            "reboot_suggested": Field(_E.reboot_suggested, "boolean"),
            "cve": Field(_E.references, compare=partial(_mentioned, _E.references)),
            "bug": Field(_E.references, compare=partial(_mentioned, _E.references)),
            "package": Field(_E.packages, compare=partial(_mentioned, _E.packages)),
            "package_name": Field(_E.packages, compare=partial(_mentioned, _E.packages)),
        }
    ),
    default_sort=("updated", "desc"),
)

PACKAGE_GROUPS: Final = Catalog(
    key=_G.id,
    fields=Fields(
        {
            "id": Field(_G.id, "integer"),
            "name": Field(_G.name, default=True),
            "package_group_id": Field(_G.group_id),
            "description": Field(_G.description),
        }
    ),
)

MODULE_STREAMS: Final = Catalog(
    key=_M.id,
    fields=Fields(
        {
            "id": Field(_M.id, "integer"),
            "uuid": Field(cast(_M.id, String)),
            "name": Field(_M.name, default=True),
            "stream": Field(_M.stream),
            "version": Field(_M.version),
            "context": Field(_M.context),
            "arch": Field(_M.arch),
            "module_spec": Field(NSVCA),
        }
    ),
)


def nvra_of(row: Any) -> str:
    """Return `name-version-release.arch` of a package's row."""
    return f"{row.name}-{row.version}-{row.release}.{row.arch}"


def names_cve(cve: str) -> ColumnElement[bool]:
    """Whether an advisory refers to the CVE."""
    return _mentioned(_E.references, "=", cve)


def latest_packages(query: AnySelect) -> AnySelect:
    """Leave of the packages of a selection the latest of each name and architecture."""
    rank = func.rank().over(partition_by=(_P.name, _P.arch), order_by=_P.evr.desc())
    ranked = query.with_only_columns(_P.id, rank.label("rank")).subquery()
    return query.where(_P.id.in_(select(ranked.c.id).where(ranked.c.rank == 1)))


def one_of_each_stream(query: AnySelect) -> AnySelect:
    """Leave of the module streams of a selection one of each name and stream."""
    newest = query.with_only_columns(func.max(_M.id)).group_by(_M.name, _M.stream)
    return query.where(_M.id.in_(newest))


def filenames_among(tx: Transaction, packages: BitMap, filenames: Iterable[str]) -> set[str]:
    """Return those of the names that files of the packages have."""
    named = select(FILENAME).where(
        within(tx, _P.id, packages), among_texts(tx, FILENAME, list(filenames))
    )
    return set(tx.scalars(named))
