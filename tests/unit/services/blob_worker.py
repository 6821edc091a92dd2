"""A process that keeps, refers to, lets go of and collects blobs until it is killed."""

import random
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, insert

from headgate.domain.clock import utc_now
from headgate.services.storage.blob_collection import collect
from headgate.services.storage.blobs import keep
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import content_sets, publication_files, publications

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def write(database: Database, store: FolderBlobStore, chance: random.Random) -> None:
    """Keep some of a few blobs and refer to them; sometimes let all go.

    The holder is nobody that lives: its pins are void at once, so collection is always at work
    on what is written here, and referring may fail because the blob has gone, never half-way.
    """
    spools = [store.spool() for _ in range(3)]
    for spool in spools:
        spool.write(b"%d" % chance.randrange(12) * 1_000)
    kept = keep(database, store, spools, holder=f"dead-{chance.random()}", clock=utc_now)
    with database.begin() as tx:
        name = chance.randbytes(32)
        made = insert_row(tx, content_sets, {"digest": name, "counts": {}, "created_at": NOW})
        values = {"content_set_id": made, "options": "", "created_at": NOW}
        publication = insert_row(tx, publications, values)
        for number, blob in enumerate(kept):
            row = {"publication_id": publication, "path": str(number), "blob_id": blob.id}
            tx.execute(insert(publication_files).values(content_type="x", **row))
        if chance.random() < 0.3:
            tx.execute(delete(publication_files))


def say(word: str) -> None:
    """Give the parent a moment to kill at."""
    print(word, flush=True)  # noqa: T201 - how the parent counts


def main() -> None:
    """Run until killed; a write that comes too late is tried again with new blobs."""
    database = Database(sys.argv[1])
    store = FolderBlobStore(Path(sys.argv[2]))

    def collect_always() -> None:
        while True:
            collect(database, store, clock=utc_now)
            say("collected")

    threading.Thread(target=collect_always, daemon=True).start()
    chance = random.Random()  # noqa: S311 - any choice does
    while True:
        try:
            write(database, store, chance)
        except Exception:  # noqa: BLE001 - the blob was collected before it was referred to
            say("late")
        else:
            say("wrote")


main()
