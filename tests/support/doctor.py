"""`headgate doctor`, as the last word on a server that a test has used."""

import json
from pathlib import Path
from typing import Any

from headgate.domain.clock import Clock
from headgate.server.content_types import content_types
from headgate.services.storage.blob_checkup import check_blobs, check_strays
from headgate.services.storage.space import Ledger
from headgate.services.storage.space_map import unit_tables
from headgate.services.work.work_checkup import check_integrity, check_work
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database
from support.ledger import disk_bytes
from support.server import Server, headgate

# Beside other tests a disk may take long, and that is no fault of the server.
_PATIENT = ("--slow-disk", "60000")


def diagnosis(home: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
    """Run the doctor over a home; return its findings once it ended with the code."""
    done = headgate("doctor", "--home", home, "--json", *_PATIENT, *options, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)["findings"]


def doctor_finds_nothing(server: Server) -> None:
    """Check that nothing is wrong with a server, be it idle or busy."""
    assert diagnosis(server.home, "--deep") == []


def require_health(database: Database, root: Path, clock: Clock) -> None:
    """Check a store at rest, without processes: nothing is wrong, and the ledger knows it all."""
    store, tables = FolderBlobStore(root), unit_tables(content_types().values())
    found = [
        *check_blobs(database, store, tables, deep=True, wait=_at_once),
        *check_strays(database, store, wait=_at_once),
        *check_integrity(database, deep=True),
        *check_work(database, clock=clock, running=False),
    ]
    assert found == []
    with database.read() as tx:
        totals = Ledger(tx, content_types().values()).totals()
    assert (totals.bytes, totals.in_progress, totals.collectable) == (disk_bytes(root), 0, 0)


def _at_once(_seconds: float) -> None:
    """Wait for nobody: nothing else is at work."""
