"""What an advisory or a package brings with it when it is added to a version by hand."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pyroaring import BitMap
from sqlalchemy import Table

from headgate.content.rpm.filters import Kept, read_source
from headgate.content.rpm.filters.dependents import kept_module_documents
from headgate.content.rpm.tables import errata, module_documents, rpm_packages
from headgate.domain.content import Content
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

_STREAM_NAME: Final = ("name", "stream", "version", "context", "arch")


def brought_by(
    tx: Transaction, source: Content, errata_ids: Sequence[str], package_ids: Sequence[int]
) -> Content:
    """Return what of the source the advisories (by their names) and packages bring.

    An advisory brings itself, its packages, and the module streams that it is about, whole, with
    the documents of their modules. A modular package brings its streams.
    """
    found = read_source(tx, source)
    wanted = set(errata_ids)
    advisories = [each for each in found.advisories if each.errata_id in wanted]
    packages = found.named_by(advisories) | (BitMap(package_ids) & found.package_ids)
    streams = found.touched_by(advisories)
    for package in packages & BitMap(found.streams_of):
        streams.update(found.streams_of[package])
    kept = Kept(packages | found.members_of(streams), streams, BitMap())
    documents = kept_module_documents(found, kept) if streams else BitMap()
    return Content.of(
        {
            "erratum": [each.id for each in advisories],
            "rpm": kept.packages,
            "module_stream": streams,
            "module_defaults": documents,
        }
    )


def names_of(tx: Transaction, content: Content) -> Mapping[str, Sequence[str]]:
    """Return by what people know the advisories, packages and streams, under Katello's words."""
    both = content["rpm"] | content["srpm"]
    packages = _rows(tx, rpm_packages, ("name", "version", "release", "arch"), both)
    streams = _rows(tx, module_documents, _STREAM_NAME, content["module_stream"])
    found = {
        "erratum": [row[0] for row in _rows(tx, errata, ("errata_id",), content["erratum"])],
        "rpm": [f"{row[0]}-{row[1]}-{row[2]}.{row[3]}" for row in packages],
        "modulemd": [":".join(row[:-1]) for row in streams],
    }
    return {unit_type: names for unit_type, names in found.items() if names}


def _rows(
    tx: Transaction, table: Table, columns: Sequence[str], ids: BitMap
) -> Iterator[Sequence[str]]:
    return rows_of(tx, [table.c[name] for name in columns], table.c.id, ids)
