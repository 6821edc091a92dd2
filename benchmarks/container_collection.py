"""Collection: a repository of many images is deleted; how long its bytes take to come back.

They are tiny: what is measured is the work for each row and file. Somebody pulls meanwhile.
"""

import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, insert, select

from family import shipped
from headgate.content.container.manifests import OCI_MANIFEST, Descriptor, Manifest
from headgate.content.container.units import MANIFEST, NewManifest, insert_manifests
from headgate.content.container.versions import change_content
from headgate.domain.clock import utc_now
from headgate.domain.content import Content
from headgate.stores.db import Database
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import blobs
from latency import p99
from support import oci
from support.conformance.registry import Registry, Repository, expect
from support.conformance.uploads import put_blob
from support.server import PASSWORD
from support.world import World
from table import Row, Table

BLOBS = 100_000
_LAYERS = 9  # of each image, beside the manifest itself
_IDLE_SECONDS = 6.0
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def run(table: Table, work: Path) -> None:
    home = work / "collection"
    with shipped(home) as server, server.client(timeout=900) as client:
        world = World(client)
        world.product("Birds")
        image = oci.image(oci.layer({"wren": b"sings"}))
        kept = Repository(
            Registry(client, client, namespace=""),
            f"{world.organization_label.lower()}/birds/kept",
        )
        for blob in image.blobs:
            put_blob(kept, blob)
        expect(kept.put_manifest("v1", image.media_type, image.content), 201)
        many = world.repository("many", content_type="docker")
        database = Database(f"sqlite:///{home / 'headgate.db'}")
        before = _count(database)
        _fill(database, home, many)
        path = f"/v2/{kept.name}/manifests/v1"
        idle = p99(server.http_port, path, lambda passed: passed < _IDLE_SECONDS, _headers())

        began = time.perf_counter()
        deleting = threading.Thread(
            target=_delete, args=(world, many, database, before), daemon=True
        )
        deleting.start()
        busy = p99(server.http_port, path, lambda _: deleting.is_alive(), _headers())
        seconds = time.perf_counter() - began
        database.close()
    what = f"collection of {BLOBS:,} blobs of a deleted repository"
    table.add(Row(what, seconds, "s", 60, "with the up to 20 s until it begins"))
    beside = f"{busy * 1000:.1f} ms, idle {idle * 1000:.1f} ms"
    table.add(Row("p99 of a pull meanwhile", busy / idle, "x idle", 3, beside))


def _delete(world: World, repository: int, database: Database, left: int) -> None:
    world.delete(f"repositories/{repository}")
    while _count(database) > left:
        time.sleep(0.2)


def _fill(database: Database, home: Path, repository_id: int) -> None:
    """Write files and rows as pushes would have."""
    contents = [b"blob %d" % number for number in range(BLOBS)]
    _write_files(home / "blobs", contents)
    ids: list[int] = []
    for batch in batched(contents, 1_000):
        ids += _insert(database, batch)
    with database.begin() as tx:
        change_content(
            tx,
            clock=utc_now,
            repository_id=repository_id,
            change=lambda before: before | Content.of({MANIFEST: ids}),
            cause="push",
            user="admin",
        )


def _write_files(folder: Path, contents: Sequence[bytes]) -> None:
    for content in contents:
        digits = sha256(content).hexdigest()
        leaf = folder / digits[:2] / digits[2:4]
        leaf.mkdir(parents=True, exist_ok=True)
        (leaf / digits).write_bytes(content)


def _insert(database: Database, contents: Sequence[bytes]) -> list[int]:
    """Insert blobs, and manifests of which each has one and names the others."""
    now = utc_now()
    rows = [
        {"digest": sha256(each).digest(), "size": len(each), "created_at": now} for each in contents
    ]
    with database.begin() as tx:
        tx.execute(insert(blobs), rows)
        known = {
            f"sha256:{row.digest.hex()}": (row.id, row.size)
            for row in tx.execute(
                select(blobs).where(blobs.c.digest.in_([row["digest"] for row in rows]))
            )
        }
        new = [_manifest(group, known) for group in batched(list(known), _LAYERS + 1)]
        here = {digest: blob_id for digest, (blob_id, _) in known.items()}
        return list(insert_manifests(tx, new, here).values())


def _manifest(group: Sequence[str], known: dict[str, tuple[int, int]]) -> NewManifest:
    own, *layers = group
    described = [Descriptor(_LAYER_TYPE, each, known[each][1]) for each in layers]
    manifest = Manifest(OCI_MANIFEST, 2, layers=described)
    blob_id, size = known[own]
    return NewManifest(own, manifest, size, blob_id)


def _count(database: Database) -> int:
    with database.read() as tx:
        return int(tx.scalar(select(func.count()).select_from(blobs)) or 0)


def _headers() -> dict[str, str]:
    login = b64encode(f"admin:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {login}", "Accept": OCI_MANIFEST}
