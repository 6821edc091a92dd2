"""`/katello/api/packages` and `/katello/api/srpms`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, doc
from headgate.apis.katello.units import (
    Index,
    UnitKind,
    declare_index,
    list_units,
    unit_resource,
)
from headgate.content.rpm.filters.named import PACKAGE_COLUMNS, packages_named
from headgate.content.rpm.metadata.details import read_details
from headgate.content.rpm.records import PACKAGES, latest_packages, nvra_of
from headgate.content.rpm.related_fields import package_fields
from headgate.content.rpm.selection import fragments_of
from headgate.content.rpm.tables import rpm_packages
from headgate.domain.byte_counts import readable
from headgate.search import Field
from headgate.services.listing import page
from headgate.services.units.named_units import Naming
from headgate.services.units.units import UnitRows, UnitScope, select_named, units_within

_DEPENDENCIES = (
    "provides",
    "requires",
    "conflicts",
    "obsoletes",
    "recommends",
    "suggests",
    "supplements",
    "enhances",
)


def _shown(row: Any) -> dict[str, Any]:
    nvra = nvra_of(row)
    checksum = row.checksum.hex()
    return {
        "id": row.id,
        "uuid": row.digest.hex(),
        "pulp_id": row.digest.hex(),
        "name": row.name,
        "epoch": row.epoch,
        "version": row.version,
        "release": row.release,
        "arch": row.arch,
        "nvra": nvra,
        "nvrea": f"{row.name}-{row.epoch}:{row.version}-{row.release}.{row.arch}",
        "filename": row.location.rpartition("/")[2],
        "relativepath": row.location,
        "checksum": checksum,
        "checksums": {row.checksum_type: checksum},
        "size": row.size,
        "summary": row.summary,
        "sourcerpm": row.sourcerpm,
        "downloaded": row.blob_id is not None,
    }


def _details(call: Call, row: Any) -> dict[str, Any]:
    shown = {
        **_shown(row),
        "human_readable_size": readable(row.size),
        # Null: nothing has counted them yet, which is something else than that there are none.
        "hosts_available_count": None,
        "hosts_applicable_count": None,
    }
    fragments = fragments_of(call.tx, call.services.blobs, row.id)
    if fragments is None:
        return shown
    details = read_details(fragments)
    return {
        **shown,
        "description": details.description,
        "license": details.license,
        "group": details.group,
        "vendor": details.vendor,
        "url": details.url,
        "buildhost": details.buildhost,
        "build_time": details.build_time,
        **{name: [str(each) for each in getattr(details, name)] for name in _DEPENDENCIES},
        "files": [each.path for each in details.files],
        "changelogs": [asdict(each) for each in details.changelogs],
    }


def _further(call: Call) -> Mapping[str, Field]:
    return package_fields(call.tx, call.actor)


_RPMS = UnitRows("rpm", rpm_packages)
_KIND = UnitKind(
    _RPMS,
    PACKAGES,
    _shown,
    _details,
    naming=Naming("rpm", PACKAGE_COLUMNS, packages_named),
    further=_further,
)
packages = unit_resource("packages", "Packages", _KIND, own_index=True)


class PackageIndex(Index):
    """List packages."""

    packages_restrict_latest: bool = doc(
        "Only the latest version of each name and architecture", default=False
    )


@declare_index(packages)
def index(call: Call, params: PackageIndex) -> Listing:
    """List them."""
    if not params.packages_restrict_latest:
        return list_units(call, params, _KIND)
    return list_units(call, params, _KIND, narrow=latest_packages)


class Thindex(ListParams):
    """List packages by id and name alone."""


@packages.action("thindex", "GET", "/katello/api/packages/thindex", permission="view_products")
def thindex(call: Call, params: Thindex) -> Listing:
    """List all that something within reach holds."""
    listed = page(
        call.tx,
        select_named(_RPMS, None),
        catalog=_KIND.catalog_for(call),
        window=params.window,
        clock=call.services.clock,
        held=units_within(call.tx, call.actor, "rpm", UnitScope()),
    )
    return Listing.of(listed, lambda row: {"id": row.id, "name": row.name, "nvra": nvra_of(row)})


srpms = unit_resource(
    "srpms",
    "Source packages",
    UnitKind(UnitRows("srpm", rpm_packages), PACKAGES, _shown, _details, further=_further),
)
