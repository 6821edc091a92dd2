"""Writing packages into files that the solving process reads; memory stays bounded.

Primary and filelists are copied segment by segment, as a publication's are. Beside them lies a
line for each package, in the same order, that tells which unit it is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.writer import write_metadata
from headgate.content.rpm.selection import cuts_of, pack_reader
from headgate.content.rpm.tables import module_documents, rpm_packages, rpm_segments
from headgate.plugin import Ports
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of

CANDIDATE: Final = 0
KEPT: Final = 1
ROOT: Final = 2  # kept, and to be closed

_STREAM_COLUMNS: Final = ("kind", "name", "stream", "artifacts", "dependencies")


def write_universe(
    ports: Ports,
    folder: Path,
    *,
    packages: BitMap,
    kept: BitMap,
    roots: BitMap,
    documents: BitMap,
    kept_documents: BitMap,
) -> dict[str, str]:
    """Write everything into the folder; return the paths by what the solving process calls them."""
    paths = {
        name: folder / file
        for name, file in (
            ("primary", "primary.xml.gz"),
            ("filelists", "filelists.xml.gz"),
            ("packages", "packages"),
            ("streams", "streams"),
        )
    }
    with ports.database.read() as tx:
        cuts = cuts_of(tx, packages)
        reader = pack_reader(tx, ports.store, {cut.pack for cut in cuts})
        _write_packages(tx, paths["packages"], packages, kept=kept, roots=roots)
        _write_documents(tx, paths["streams"], documents, kept_documents)
    _write_metadata(paths, cuts, reader)
    return {name: str(path) for name, path in paths.items()}


def _write_metadata(paths: Mapping[str, Path], cuts: list[Cut], reader: Any) -> None:
    for kind in ("primary", "filelists"):
        with paths[kind].open("wb") as sink:
            write_metadata(kind, "gz", cuts, read=reader, sink=sink)


def _write_packages(
    tx: Transaction, path: Path, packages: BitMap, *, kept: BitMap, roots: BitMap
) -> None:
    """Write unit, state and checksum of each package, in the order of `cuts_of`."""
    columns = [rpm_packages.c.segment_id, rpm_packages.c.position, rpm_packages.c.checksum]
    rows = [tuple(row) for row in rows_of(tx, columns, rpm_packages.c.id, packages)]
    packs: dict[int, int] = {}
    for batch in batched({row[0] for row in rows}):
        query = select(rpm_segments.c.id, rpm_segments.c.pack_id)
        found = tx.execute(query.where(rpm_segments.c.id.in_(batch)))
        packs.update({row.id: row.pack_id for row in found})
    rows.sort(key=lambda row: (packs[row[0]], row[0], row[1]))
    with path.open("w", encoding="ascii") as file:
        for _, _, checksum, unit in rows:
            state = ROOT if unit in roots else KEPT if unit in kept else CANDIDATE
            file.write(f"{unit} {state} {checksum.hex()}\n")


def _write_documents(tx: Transaction, path: Path, documents: BitMap, kept: BitMap) -> None:
    """Write module streams and defaults, one as JSON on each line."""
    columns = [module_documents.c[name] for name in _STREAM_COLUMNS]
    with path.open("w", encoding="utf-8") as file:
        for row in rows_of(tx, columns, module_documents.c.id, documents):
            if row.kind in {"stream", "defaults"}:
                document = {
                    "id": row.key_,
                    "kind": row.kind,
                    "name": row.name,
                    "stream": row.stream,
                    "artifacts": row.artifacts,
                    "requires": row.dependencies,
                    "kept": row.key_ in kept,
                }
                file.write(json.dumps(document) + "\n")
