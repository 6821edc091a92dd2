"""Taking in advisories: known ones are recognised by their digest and not parsed again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from typing import Any

import zstandard
from pyroaring import BitMap

from headgate.content.rpm.metadata.stream import Source
from headgate.content.rpm.metadata.updateinfo import Erratum, parse_erratum, read_updateinfo
from headgate.content.rpm.tables import errata
from headgate.content.rpm.upstream import UpstreamMetadata
from headgate.engine.port import Run
from headgate.plugin import Ports
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.unit_rows import insert_units, known_ids
from headgate.stores.blobs import open_blob
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.writes import write

# Advisories inserted in one transaction.
_AT_ONCE = 500


def take_advisories(ports: Ports, run: Run, upstream: UpstreamMetadata) -> BitMap:
    """Insert the advisories that are new; return all that upstream has, pinned by the task.

    Those without a usable id are left out.
    """
    units = BitMap()
    entry = upstream.find("updateinfo")
    if entry is None:
        return units
    file, kept = entry
    source = Source(open_blob(ports.store, kept.digest), file.location)
    with closing(read_updateinfo(source)) as fragments:
        for batch in batched(fragments, _AT_ONCE):
            units |= _take(ports, run, {sha256(each).digest(): each for each in batch})
            run.check()
    return units


def _row(erratum: Erratum, compress: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Return an advisory's row."""
    return {
        "digest": sha256(erratum.fragment).digest(),
        "errata_id": erratum.errata_id,
        "title": erratum.title,
        "type": erratum.type,
        "severity": erratum.severity,
        "issued": erratum.issued,
        "updated": erratum.updated,
        "version": erratum.version,
        "reboot_suggested": erratum.reboot_suggested,
        "references": [each._asdict() for each in erratum.references],
        "packages": [list(each) for each in erratum.packages],
        "modules": [each._asdict() for each in erratum.modules],
        "fragment": compress(erratum.fragment),
    }


def _take(ports: Ports, run: Run, fragments: Mapping[bytes, bytes]) -> BitMap:
    """Take the fragments, by their digests; what is parsed is parsed before anybody waits."""
    with ports.database.read() as tx:
        known = known_ids(tx, errata, list(fragments))
    rows = _rows(fragments, [digest for digest in fragments if digest not in known])

    def insert(tx: Transaction) -> BitMap:
        hold_off_collection(tx)
        ids = insert_units(tx, errata, rows)
        ids.update(_still_known(tx, fragments, list(known)))
        taken = BitMap(ids.values())
        pin_units(tx, holder=run.task_id, units={"erratum": taken})
        return taken

    return write(ports.database, insert)


def _still_known(
    tx: Transaction, fragments: Mapping[bytes, bytes], known: Sequence[bytes]
) -> dict[bytes, int]:
    """Look again where no collection can take them; what one took meanwhile gets a new row."""
    ids = known_ids(tx, errata, known)
    gone = [digest for digest in known if digest not in ids]
    return ids | insert_units(tx, errata, _rows(fragments, gone))


def _rows(fragments: Mapping[bytes, bytes], digests: Sequence[bytes]) -> list[dict[str, Any]]:
    compress = zstandard.ZstdCompressor().compress
    parsed = (parse_erratum(fragments[digest]) for digest in digests)
    return [_row(erratum, compress) for erratum in parsed if erratum.is_named]
