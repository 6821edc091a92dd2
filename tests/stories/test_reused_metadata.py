"""Publishes at one time that write nearly the same metadata, and copy from each other."""

import gzip
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import func, select

from headgate.content.rpm import reusing
from headgate.content.rpm.metadata import cuts, segments
from headgate.content.rpm.tables import rpm_pieces
from headgate.stores.blobs import Digest
from headgate.stores.db.tables import blobs, publication_files
from headgate.upstream import DownloadRules
from support.house import House

FILTERS: Sequence[Sequence[bytes]] = [[b"crane"], [b"crane"], [b"crane", b"heron"], [b"swift"]] * 2


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a dozen packages make several pieces, all worth noting."""
    for module in (segments, cuts):
        monkeypatch.setattr(module, "SEGMENT_PACKAGES", 2)
    monkeypatch.setattr(cuts, "_FEWEST_COPIED", 3)
    monkeypatch.setattr(reusing, "_LEAST_BYTES", 0)


def test_publishes_at_one_time_write_what_they_would_alone(house: House, aviary: Path) -> None:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    mirror = world.mirror("birds", f"file://{aviary}/")
    views = [world.view(f"View {number}", mirror) for number in range(len(FILTERS))]
    for view, names in zip(views, FILTERS, strict=True):
        world.filter(view, "none of these", *({"name": name.decode()} for name in names))

    asked = [world.post(f"content_views/{view}/publish") for view in views]
    for task in asked:
        assert world.done(task)["result"] == "success"

    control = house.control
    with control.database.read() as tx:
        query = select(publication_files.c.path, blobs.c.digest).join(
            blobs, blobs.c.id == publication_files.c.blob_id
        )
        found = {path: Digest(digest) for path, digest in tx.execute(query)}
        assert (tx.scalar(select(func.count()).select_from(rpm_pieces)) or 0) >= 9
    listed = set[frozenset[bytes]]()
    for path, digest in found.items():
        data = b"".join(control.blobs.read(digest))
        assert sha256(data).digest() == digest.raw
        if "-primary.xml.gz" in path:
            listed.add(frozenset(re.findall(b"<name>([a-z]+)</name>", gzip.decompress(data))))
    everything = frozenset({b"reed", b"heron", b"crane", b"rook", b"swift", b"owl"})
    assert listed == {everything} | {everything - set(names) for names in FILTERS}
