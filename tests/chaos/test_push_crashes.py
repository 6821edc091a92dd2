"""The registry dies before and after every commit and every piece of a push, one at a time.

What a client was told stays so; it goes on where the registry says that it is, and in the end
everything is here, once, and nothing else. `HEADGATE_TEST_CHAOS_RUNS` above 20 tries all moments,
else every third of them, another third in each run.
"""

import os
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from random import randrange

import pytest
from sqlalchemy import func, select

from headgate.stores.db import Database
from headgate.stores.db.tables import container_uploads
from support.databases import opened
from support.doctor import require_health
from support.ledger import require_order
from support.oci import image, index, layer
from support.push_stage import Client, PushStage, push_staged

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "5"))
ALL = 20
STEP = 3

SHARED = layer({"shared": os.urandom(3_000)})
OWN = layer({"own": os.urandom(2_000)})
ONE, TWO = image(SHARED, OWN), image(SHARED)
BOTH = index(ONE, TWO)


def story(stage: PushStage, *, crash_at: int) -> Client:
    """Push, push again, move a tag, delete, publish and promote."""
    world = stage.world
    product = world.product("Ships")
    assert product
    label = world.organization_label.lower()
    client = Client(stage, f"{label}/ships/boat", crash_at)
    client.push(BOTH, "both")
    client.push(ONE, "one", "moves")
    client.put_manifest(TWO, "moves")
    (repository,) = [each["id"] for each in world.list("repositories")]
    view = world.view("Base", int(repository))
    stage.crash_at = crash_at
    version = world.publish(view)
    world.promote(version, world.environment("Dev"))
    answer = client.sent("DELETE tag", "DELETE", "manifests/both")
    assert answer.status_code in (202, 404)  # it may have gone before the answer
    answer = client.sent("DELETE manifest", "DELETE", f"manifests/{ONE.digest}")
    assert answer.status_code in (202, 404)
    stage.crash_at = 0
    return client


def require_story(client: Client, stage: PushStage) -> None:
    """Check what must be there in the end."""
    client.require(TWO, "moves")
    assert client.ask("GET", "tags/list").json()["tags"] == ["moves"]
    label = stage.world.organization_label.lower()
    served = Client(stage, f"{label}/dev/base/ships/boat")
    for reference, held in {"both": BOTH, "one": ONE, "moves": TWO}.items():
        served.require(held, reference)


def require_nothing_left(stage: PushStage, database: Database) -> None:
    """Check rows and files once time has passed and all is collected."""
    stage.clock.wait(days=2)
    stage.sweep()
    stage.collect()
    stage.collect()
    stage.repair()
    require_order(database, stage.root)
    require_health(database, stage.root, stage.clock)
    with database.read() as tx:
        assert tx.scalar(select(func.count()).select_from(container_uploads)) == 0


@pytest.mark.timeout(600)
def test_a_registry_that_dies_at_any_moment_of_a_push_loses_nothing(
    fresh_databases: Iterator[str], tmp_path: Path
) -> None:
    crashes: dict[int, int] = {}
    step = 1 if RUNS > ALL else STEP
    others = count(randrange(2, 2 + step), step)  # noqa: S311 - which third is tried
    for crash_at in chain([1], others):
        database = opened(next(fresh_databases))
        with push_staged(database, tmp_path / str(crash_at)) as stage:
            client = story(stage, crash_at=crash_at)
            require_story(client, stage)
            require_nothing_left(stage, database)
            require_story(client, stage)
            crashes[crash_at] = stage.crashes
        database.close()
        if not stage.crashes:  # nothing has so many moments
            break

    assert crashes[1] >= 8  # each kind of request, and both tasks
    assert max(crashes) > 5


def test_a_registry_that_never_dies_leaves_nothing_either(
    database: Database, tmp_path: Path
) -> None:
    with push_staged(database, tmp_path / "home") as stage:
        client = Client(stage, f"{stage.world.organization_label.lower()}/ships/boat")
        assert stage.world.product("Ships")
        client.push(ONE, "one")
        answer = client.sent("DELETE", "DELETE", f"manifests/{ONE.digest}")

        require_nothing_left(stage, database)

        assert answer.status_code == 202
        for blob in ONE.blobs:
            assert client.ask("HEAD", f"blobs/{blob.digest}").status_code == 404
        assert list(stage.store.digests()) == []
