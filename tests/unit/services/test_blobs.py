"""The register of blobs and the collection of those that nothing refers to."""

import random
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from headgate.domain.clock import utc_now
from headgate.services.storage.blob_collection import Space, collect, reconcile
from headgate.services.storage.blob_references import referencing_columns
from headgate.services.storage.blobs import Kept, claim, keep, lease, unpin
from headgate.stores.blobs import Digest, FolderBlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    blobs,
    content_sets,
    publication_files,
    publications,
    tasks,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "store")


def hour_lease() -> str:
    return lease(utc_now, timedelta(hours=1))


def kept(
    database: Database, store: FolderBlobStore, *contents: bytes, holder: str | None = None
) -> list[Kept]:
    spools = [store.spool() for _ in contents]
    for spool, content in zip(spools, contents, strict=True):
        spool.write(content)
    return keep(database, store, spools, holder=holder or hour_lease(), clock=utc_now)


def publication(tx: Transaction, name: bytes, blob_ids: Sequence[int]) -> int:
    """Make a publication that lists the blobs."""
    digest = name.ljust(32, b"\0")
    set_id = insert_row(tx, content_sets, {"digest": digest, "counts": {}, "created_at": NOW})
    made = insert_row(
        tx, publications, {"content_set_id": set_id, "options": "", "created_at": NOW}
    )
    for number, blob_id in enumerate(blob_ids):
        tx.execute(
            insert(publication_files).values(
                publication_id=made, path=str(number), blob_id=blob_id, content_type="x"
            )
        )
    return made


def drop_publication(tx: Transaction, publication_id: int) -> None:
    tx.execute(
        delete(publication_files).where(publication_files.c.publication_id == publication_id)
    )


def digests_of(store: FolderBlobStore) -> set[Digest]:
    return {digest for digest, _ in store.digests()}


@pytest.mark.usefixtures("sqlite_template")  # imports the tables of every content type
def test_every_column_that_refers_to_blobs_is_found_and_indexed() -> None:
    columns = referencing_columns()

    assert {"publication_files", "rpm_packages", "file_units"} <= {c.table.name for c in columns}
    for column in columns:
        leading = [next(iter(index.columns)) for index in column.table.indexes]
        leading += [next(iter(column.table.primary_key.columns))]
        assert any(column is each for each in leading), f"{column} has no index to search by"


def test_kept_blobs_are_registered_pinned_and_here(
    database: Database, store: FolderBlobStore
) -> None:
    one, two, again = kept(database, store, b"one", b"two!", b"one")

    assert one == again
    assert (two.size, store.size(two.digest)) == (4, 4)
    assert collect(database, store, clock=utc_now) == Space()


def test_what_nobody_refers_to_or_pins_is_collected(
    database: Database, store: FolderBlobStore
) -> None:
    holder = hour_lease()
    one, two = kept(database, store, b"one", b"two!", holder=holder)
    with database.begin() as tx:
        publication(tx, b"a", [one.id])
        unpin(tx, holder, clock=utc_now)

    assert collect(database, store, clock=utc_now) == Space(1, 4)
    assert digests_of(store) == {one.digest}
    with database.read() as tx:
        assert tx.scalars(select(blobs.c.id)).all() == [one.id]
    assert store.size(two.digest) is None
    assert list(store.set_asides()) == []


def test_unpinning_one_blob_leaves_the_holders_others(
    database: Database, store: FolderBlobStore
) -> None:
    holder = hour_lease()
    one, _ = kept(database, store, b"one", b"two!", holder=holder)
    with database.begin() as tx:
        unpin(tx, holder, [one.id], clock=utc_now)

    assert collect(database, store, clock=utc_now) == Space(1, 3)


def test_the_pins_of_a_task_count_until_it_has_ended(
    database: Database, store: FolderBlobStore
) -> None:
    with database.begin() as tx:
        tx.execute(insert(tasks).values(**a_task("running-task")))
    kept(database, store, b"held", holder="running-task")
    kept(database, store, b"of nobody", holder="a-task-that-is-not-there")

    assert collect(database, store, clock=utc_now) == Space(1, 9)

    with database.begin() as tx:
        tx.execute(tasks.update().values(ended_at=NOW))
    assert collect(database, store, clock=utc_now) == Space(1, 4)


def a_task(task_id: str) -> dict[str, object]:
    empty: dict[str, object] = {key: {} for key in ("input", "output", "progress")}
    words = dict.fromkeys(("label", "workflow", "action", "state", "result"), "x")
    return {"id": task_id, "number": 1, "errors": [], "created_at": NOW, **empty, **words}


def test_the_pins_of_a_lease_count_until_it_runs_out(
    database: Database, store: FolderBlobStore
) -> None:
    kept(database, store, b"leased", holder=lease(lambda: NOW, timedelta(seconds=60)))

    early = collect(database, store, clock=lambda: NOW + timedelta(seconds=59))
    late = collect(database, store, clock=lambda: NOW + timedelta(seconds=61))

    assert (early, late) == (Space(), Space(1, 6))


def test_claiming_gives_what_is_here_and_pins_it(
    database: Database, store: FolderBlobStore
) -> None:
    [one] = kept(database, store, b"one", holder="nobody")
    holder = hour_lease()
    with database.begin() as tx:
        claimed = claim(tx, store, [one.digest, Digest(bytes(32))], holder=holder)

    assert claimed == {one.digest: one.id}
    assert collect(database, store, clock=utc_now) == Space()


def test_a_row_without_its_file_is_not_claimed(database: Database, store: FolderBlobStore) -> None:
    [one] = kept(database, store, b"one")
    store.drop(one.digest)

    with database.begin() as tx:
        assert claim(tx, store, [one.digest], holder=hour_lease()) == {}


def test_a_long_list_of_ids_is_one_value(database: Database) -> None:
    with database.read() as tx:
        found = tx.scalars(select(blobs.c.id).where(among(tx, blobs.c.id, range(200_000)))).all()

    assert list(found) == []


def test_a_collection_killed_before_its_commit_is_undone(
    database: Database, store: FolderBlobStore
) -> None:
    one, two = kept(database, store, b"one", b"two!")
    for each in (one, two):
        store.set_aside(each.digest, "killed")

    with database.begin() as tx:
        assert claim(tx, store, [one.digest], holder=hour_lease()) == {one.digest: one.id}
    found = reconcile(database, store, clock=utc_now)

    assert (found.restored, found.discarded, found.missing) == (1, 0, ())
    assert digests_of(store) == {one.digest, two.digest}


def test_a_collection_killed_after_its_commit_is_completed(
    database: Database, store: FolderBlobStore
) -> None:
    with store.spool() as spool:
        spool.write(b"row is gone")
        digest = store.keep(spool)
    store.set_aside(digest, "killed")

    found = reconcile(database, store, clock=utc_now)

    assert (found.restored, found.discarded) == (0, 1)
    assert list(store.set_asides()) == []


def test_a_file_without_a_row_is_adopted_and_then_collected(
    database: Database, store: FolderBlobStore
) -> None:
    with store.spool() as spool:
        spool.write(b"stray")
        store.keep(spool)

    assert reconcile(database, store, clock=utc_now).adopted == 1
    assert reconcile(database, store, clock=utc_now).adopted == 0
    assert collect(database, store, clock=utc_now) == Space(1, 5)
    assert digests_of(store) == set()


def test_a_blob_that_content_refers_to_and_that_is_gone_is_named(
    database: Database, store: FolderBlobStore
) -> None:
    lost, arriving = kept(database, store, b"lost", b"arriving")
    with database.begin() as tx:
        publication(tx, b"a", [lost.id])
    store.drop(lost.digest)
    store.drop(arriving.digest)

    assert reconcile(database, store, clock=utc_now).missing == (lost.digest,)


def test_a_full_disk_while_keeping_leaves_nothing_that_collection_does_not_take(
    database: Database, store: FolderBlobStore
) -> None:
    spool = store.spool()
    spool.write(b"never placed")
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        keep(database, store, [spool], holder="nobody", clock=utc_now)

    assert collect(database, store, clock=utc_now) == Space(1, 12)
    with database.read() as tx:
        assert tx.scalars(select(blobs.c.id)).all() == []


CONTENTS = [b"%d" % number * 100 for number in range(12)]


def test_writers_never_lose_to_collections(database: Database, store: FolderBlobStore) -> None:
    """Writers keep, claim, refer to and let go of the same few blobs while two collect."""
    stop = threading.Event()
    failures: list[str] = []
    writers = [
        threading.Thread(target=write_and_forget, args=(database, store, seed, failures))
        for seed in range(3)
    ]
    with collecting(database, store, stop, failures), collecting(database, store, stop, failures):
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        stop.set()

    assert failures == []
    collect(database, store, clock=utc_now)
    assert digests_of(store) == set()
    assert list(store.set_asides()) == []


def write_and_forget(
    database: Database, store: FolderBlobStore, seed: int, failures: list[str]
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice
    try:
        for turn in range(40):
            holder = hour_lease()
            found = kept(database, store, *chance.sample(CONTENTS, 3), holder=holder)
            second = hour_lease()
            others = kept(database, store, CONTENTS[turn % 12], holder=second)
            with database.begin() as tx:
                claimed = claim(tx, store, [others[0].digest], holder=holder)
                wanted = {each.digest: each.id for each in found} | claimed
                made = publication(tx, b"%d.%d" % (seed, turn), list(wanted.values()))
                unpin(tx, holder, clock=utc_now)
                unpin(tx, second, clock=utc_now)
            failures += [f"{each} is gone" for each in wanted if store.size(each) is None]
            with database.begin() as tx:
                drop_publication(tx, made)
    except Exception as error:  # noqa: BLE001 - shown by the test
        failures.append(repr(error))


@contextmanager
def collecting(
    database: Database, store: FolderBlobStore, stop: threading.Event, failures: list[str]
) -> Generator[None]:
    def run() -> None:
        try:
            while not stop.is_set():
                collect(database, store, clock=utc_now)
        except Exception as error:  # noqa: BLE001 - shown by the test
            failures.append(repr(error))

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


def test_a_kill_at_any_point_loses_nothing_and_leaks_nothing(
    database: Database, store: FolderBlobStore, tmp_path: Path
) -> None:
    """A process that writes and collects is killed again and again, after any line of its talk."""
    chance = random.Random(20261120)  # noqa: S311 - a repeatable choice
    url = database.url.render_as_string(hide_password=False)
    script = Path(__file__).with_name("blob_worker.py")
    for _ in range(7):
        with subprocess.Popen(
            [sys.executable, script, url, tmp_path / "store"], stdout=subprocess.PIPE
        ) as worker:
            assert worker.stdout is not None
            for _ in range(chance.randint(1, 60)):
                assert worker.stdout.readline()
            worker.kill()

        found = reconcile(database, store, clock=utc_now)
        assert found.missing == ()

    collect(database, store, clock=utc_now)
    with database.read() as tx:
        rows = {Digest(raw) for raw in tx.scalars(select(blobs.c.digest))}
        used = set(tx.scalars(select(publication_files.c.blob_id)))
        assert set(tx.scalars(select(blobs.c.id))) == used
    assert digests_of(store) == rows
    assert list((tmp_path / "store" / "spool").iterdir()) == []
    assert list(store.set_asides()) == []
