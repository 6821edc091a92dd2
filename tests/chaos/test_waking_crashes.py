"""Versions fall dormant and are woken, whatever dies meanwhile: their bytes stay what they were."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from headgate.domain.dormancy import DormancyRules
from headgate.services.storage.collection import requested
from headgate.stores.blobs import Digest
from headgate.stores.db import Database
from headgate.stores.db.tables import (
    blobs,
    dormant_files,
    publication_files,
    publications,
)
from headgate.workflows.collect import put_to_sleep
from support.aviary import AVIARY
from support.databases import opened
from support.ledger import require_order
from support.rpms import RpmStore
from support.stage import Stage, staged
from support.upstream import Upstream, upstream

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "3"))
ALL = 20

RULES = DormancyRules(newest=1, least_bytes=0, awake_for=timedelta(0))

Files = dict[int, dict[str, bytes]]


@pytest.fixture(scope="module")
def birds(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    folder = tmp_path_factory.mktemp("birds")
    AVIARY.write(folder / "it", rpm_store)
    with upstream(folder, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


def settle(stage: Stage) -> None:
    """Collect, over crashes, until nobody asks for it any more."""
    while True:
        stage.collect()
        with stage.database.read() as tx:
            if requested(tx, clock=stage.clock) is None:
                return


def served(stage: Stage) -> Files:
    """Return the names, bytes or digests, of all publications' files, awake or not."""
    found: Files = {}
    with stage.database.read() as tx:
        files = publication_files.c
        awake = select(files.publication_id, files.path, blobs.c.digest).join(
            blobs, blobs.c.id == files.blob_id
        )
        gone = dormant_files.c
        asleep = select(gone.publication_id, gone.path, gone.digest)
        for publication_id, path, digest in tx.execute(awake.union_all(asleep)):
            of_one = found.setdefault(publication_id, {})
            assert path not in of_one  # there or let go of, never both
            of_one[path] = digest
    return found


def require_whole(stage: Stage) -> None:
    """Check that a publication is either awake with all of its bytes, or dormant."""
    with stage.database.read() as tx:
        gone = select(dormant_files.c.publication_id).distinct()
        dormant = select(publications.c.id).where(publications.c.dormant)
        assert set(tx.scalars(gone)) == set(tx.scalars(dormant))
        digests = list(tx.scalars(select(blobs.c.digest)))
    for each in digests:
        assert stage.store.size(Digest(each)) is not None


def dormant(stage: Stage) -> int:
    with stage.database.read() as tx:
        query = select(func.count()).select_from(publications).where(publications.c.dormant)
        return tx.execute(query).scalar_one()


def published_twice(stage: Stage, birds: Upstream) -> int:
    """Return the first version of a view; the second, of other content, is served."""
    stage.workshop = replace(stage.workshop, dormancy=RULES)
    world = stage.world
    mirror = world.mirror("birds", f"{birds.url}it/", download_policy="on_demand")
    view = world.view("Base", mirror)
    world.filter(view, "no cranes", {"name": "crane"})
    first = world.publish(view)
    world.filter(view, "no herons", {"name": "heron"})
    world.publish(view)
    return first


@contextmanager
def played(
    database: Database, root: Path, birds: Upstream, *, crash_at: int
) -> Generator[tuple[Stage, Files, Files]]:
    """Let a version fall dormant and be promoted; yield what was published before and after."""
    with staged(database, root) as stage:
        first = published_twice(stage, birds)
        before = served(stage)
        stage.crash_at = crash_at
        stage.moments.clear()
        settle(stage)
        assert dormant(stage) == 1
        require_whole(stage)
        stage.world.promote(first, stage.world.environment("Dev"), force=True)
        require_whole(stage)
        settle(stage)
        stage.repair()
        settle(stage)
        yield stage, before, served(stage)


@pytest.mark.timeout(120 + 20 * RUNS)
def test_a_crash_at_any_moment_leaves_a_version_awake_or_dormant(
    fresh_databases: Iterator[str], birds: Upstream, tmp_path: Path
) -> None:
    database = opened(next(fresh_databases))
    with played(database, tmp_path / "undisturbed", birds, crash_at=0) as (stage, before, after):
        assert after == before
        assert dormant(stage) == 0
        moments = max(stage.moments)
    database.close()
    step = 1 if RUNS > ALL else max(moments // RUNS, 1)

    for crash_at in range(1, moments + 1, step):
        database = opened(next(fresh_databases))
        with played(database, tmp_path / str(crash_at), birds, crash_at=crash_at) as (
            stage,
            before,
            after,
        ):
            assert stage.crashes == 1
            assert after == before, crash_at
            assert dormant(stage) == 0
            require_order(database, stage.root)
        database.close()


def test_what_is_being_promoted_does_not_fall_asleep_before_it_is_served(
    database: Database, birds: Upstream, tmp_path: Path
) -> None:
    with staged(database, tmp_path / "home") as stage:
        first = published_twice(stage, birds)
        before = served(stage)
        settle(stage)
        assert dormant(stage) == 1
        ports = replace(stage.workshop.ports, database=database)
        others = replace(stage.workshop, ports=ports)
        stage.meanwhile(lambda: put_to_sleep(others))

        stage.world.promote(first, stage.world.environment("Dev"), force=True)

        assert dormant(stage) == 0
        assert served(stage) == before
