"""`/katello/api/errata`."""

from typing import Any

import zstandard

from headgate.apis.actions import Call, Listing, doc
from headgate.apis.katello.units import (
    Index,
    UnitKind,
    declare_index,
    list_units,
    unit_resource,
)
from headgate.content.rpm.filters.named import ERRATUM_COLUMNS, errata_named
from headgate.content.rpm.metadata.updateinfo import packages_by_module, parse_erratum
from headgate.content.rpm.records import ERRATA, names_cve
from headgate.content.rpm.tables import errata as table
from headgate.services.units.named_units import Naming
from headgate.services.units.units import UnitRows


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "pulp_id": row.digest.hex(),
        "errata_id": row.errata_id,
        "title": row.title,
        "name": row.title,
        "type": row.type,
        "severity": row.severity,
        "issued": None if row.issued is None else row.issued.date().isoformat(),
        "updated": None if row.updated is None else row.updated.date().isoformat(),
        "version": row.version,
        "reboot_suggested": row.reboot_suggested,
        "cves": [
            {"cve_id": each["id"], "href": each["href"]}
            for each in row.references
            if each["type"] == "cve"
        ],
        "bugs": [
            {"bug_id": each["id"], "href": each["href"]}
            for each in row.references
            if each["type"] == "bugzilla"
        ],
        "packages": [each[0].removesuffix(".rpm") for each in row.packages],
        "module_streams": row.modules,
        # Null: nothing has counted them yet, which is something else than that there are none.
        "hosts_applicable_count": None,
        "hosts_available_count": None,
    }


def _details(_call: Call, row: Any) -> dict[str, Any]:
    fragment = zstandard.ZstdDecompressor().decompress(row.fragment)
    erratum, by_module = parse_erratum(fragment), packages_by_module(fragment)
    return {
        **_shown(row),
        "module_streams": [
            {**module._asdict(), "packages": [each.filename.removesuffix(".rpm") for each in held]}
            for module, held in by_module.items()
        ],
        "summary": erratum.summary,
        "description": erratum.description,
        "solution": erratum.solution,
        "rights": erratum.rights,
        "status": erratum.status,
        "release": erratum.release,
        "references": row.references,
    }


_KIND = UnitKind(
    UnitRows("erratum", table, key=table.c.errata_id),
    ERRATA,
    _shown,
    _details,
    naming=Naming("erratum", ERRATUM_COLUMNS, errata_named),
)
errata = unit_resource("errata", "Errata", _KIND, own_index=True)


class ErratumIndex(Index):
    """List errata."""

    cve: str | None = doc("Only those that name this CVE", default=None, max_length=64)


@declare_index(errata)
def index(call: Call, params: ErratumIndex) -> Listing:
    """List them."""
    cve = params.cve
    if cve is None:
        return list_units(call, params, _KIND)
    return list_units(call, params, _KIND, narrow=lambda query: query.where(names_cve(cve)))
