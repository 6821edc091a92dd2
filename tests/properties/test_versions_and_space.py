"""Random walks of sync, publish, promote, remove and collect, with workers that die on the way.

After every step each environment serves exactly what its version was published with, and after a
collection the books are in order (`tests/support/ledger.py`).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_walks
from sqlalchemy import select

from headgate.content.rpm.tables import rpm_packages
from headgate.domain.dormancy import DormancyRules
from headgate.domain.ids import ContentSetId
from headgate.services.units.content_sets import load_units
from headgate.services.units.publications import dormant_in
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    blobs,
    content_view_version_repositories,
    content_view_versions,
    distributions,
    publication_files,
    repositories,
    repository_versions,
)
from support.databases import opened
from support.doctor import require_health
from support.ledger import require_order
from support.stage import Stage
from support.upstream import Upstream, upstream

WALKS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "3"))
PACKAGES = 12
STATES = 3
_GENERATOR = Path(__file__).parents[2] / "benchmarks" / "repodata.py"

# A worker dies at this moment of a task's first run (`support.crashes.Fuse`); 0: it lives.
moments = st.integers(min_value=0, max_value=16)
Nevras = frozenset[str]


class Walk(RuleBasedStateMachine):
    """One mirror, one content view with a filter, Library and Dev."""

    birds: ClassVar[Upstream]
    template: ClassVar[Path]
    expected: ClassVar[list[Nevras]]  # what each state of upstream holds

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="headgate-walk-"))
        shutil.copyfile(self.template, self.folder / "headgate.sqlite")
        self.database = opened(f"sqlite:///{self.folder / 'headgate.sqlite'}")
        self.stage = Stage(self.database, self.folder / "home")
        rules = DormancyRules(newest=1, least_bytes=0, awake_for=timedelta(0))
        self.stage.workshop = replace(self.stage.workshop, dormancy=rules)
        world = self.stage.world
        self.switch(0)
        self.mirror = world.repository(
            "mirror", url=f"{self.birds.url}now/", mirroring_policy="mirror_complete"
        )
        self.view = world.view("Base", self.mirror)
        world.filter(self.view, "some", {"name": "*a"})
        self.dev = world.environment("Dev")
        self.held: Nevras = frozenset()
        self.versions: dict[int, Nevras] = {}
        self.served: dict[str, int] = {}

    def teardown(self) -> None:
        self.stage.close()
        self.database.close()
        shutil.rmtree(self.folder)

    @rule(state=st.integers(min_value=0, max_value=STATES - 1), crash_at=moments)
    def sync(self, state: int, crash_at: int) -> None:
        self.switch(state)
        self.done(f"repositories/{self.mirror}/sync", crash_at)
        self.held = self.expected[state]

    @rule(crash_at=moments)
    def publish(self, crash_at: int) -> None:
        task = self.done(f"content_views/{self.view}/publish", crash_at)
        version = int(task["output"]["content_view_version_id"])
        self.versions[version] = frozenset(each for each in self.held if not is_filtered(each))
        self.served["Library"] = version

    @precondition(lambda self: self.versions)
    @rule(choice=st.randoms(use_true_random=False), crash_at=moments)
    def promote(self, choice: Any, crash_at: int) -> None:
        version = choice.choice(sorted(self.versions))
        path = f"content_view_versions/{version}/promote"
        self.done(path, crash_at, environment_ids=[self.dev], force=True)
        self.served["Dev"] = version

    @precondition(lambda self: self.unserved())
    @rule(crash_at=moments)
    def remove_what_nobody_serves(self, crash_at: int) -> None:
        going = self.unserved()
        path = f"content_views/{self.view}/remove"
        self.stage.crash_at = crash_at
        self.stage.world.done(self.stage.world.put(path, content_view_version_ids=going))
        for version in going:
            del self.versions[version]

    @precondition(lambda self: "Dev" in self.served)
    @rule(crash_at=moments)
    def leave_dev(self, crash_at: int) -> None:
        self.stage.crash_at = crash_at
        self.stage.world.delete(f"content_views/{self.view}/environments/{self.dev}")
        del self.served["Dev"]

    @rule(crash_at=moments)
    def cancel_a_publish(self, crash_at: int) -> None:
        world = self.stage.world
        task = world.post(f"content_views/{self.view}/publish")
        self.stage.crash_at = crash_at
        if crash_at:
            self.stage.abandon()
        ids = {"task_ids": [task["id"]]}
        world.client.post("/foreman_tasks/api/tasks/bulk_cancel", json=ids)
        ended = world.ended(task)
        if ended["result"] == "success":  # the crash would have come after its end
            version = int(ended["output"]["content_view_version_id"])
            self.versions[version] = frozenset(e for e in self.held if not is_filtered(e))
            self.served["Library"] = version
        else:
            assert ended["result"] == "cancelled"

    @rule(crash_at=moments)
    def collect(self, crash_at: int) -> None:
        self.stage.crash_at = crash_at
        self.stage.collect()
        self.stage.repair()
        self.stage.collect()  # what has fallen dormant by then
        require_order(self.database, self.stage.root)
        require_health(self.database, self.stage.root, self.stage.clock)

    @invariant()
    def environments_serve_what_was_published(self) -> None:
        with self.database.read() as tx:
            assert versions_served(tx) == {"Library": None, **self.served_paths()}
            assert dormant_in(tx, self.served.values()) == []
            for version, nevras in self.versions.items():
                assert packages_of(tx, version) == nevras
                assert self.is_whole(tx, version)
            latest = select(repository_versions.c.content_set_id).join(
                repositories, repositories.c.latest_version_id == repository_versions.c.id
            )
            content_set = tx.scalar(latest)
            if content_set is not None:
                assert nevras_of(tx, content_set) == self.held

    def done(self, path: str, crash_at: int, **body: Any) -> Any:
        self.stage.crash_at = crash_at
        return self.stage.world.done(self.stage.world.post(path, **body))

    def switch(self, state: int) -> None:
        now = self.birds.root / "now"
        now.unlink(missing_ok=True)
        now.symlink_to(f"state-{state}")

    def unserved(self) -> list[int]:
        return sorted(self.versions.keys() - set(self.served.values()))

    def served_paths(self) -> dict[str, int | None]:
        return {f"{environment}/Base": version for environment, version in self.served.items()}

    def is_whole(self, tx: Transaction, version: int) -> bool:
        """Say whether every metadata file of the version is on the disk."""
        held = content_view_version_repositories.c
        digests = tx.scalars(
            select(blobs.c.digest)
            .join(publication_files, publication_files.c.blob_id == blobs.c.id)
            .where(
                publication_files.c.publication_id.in_(
                    select(held.publication_id).where(held.version_id == version)
                )
            )
        ).all()
        found = {digest.raw for digest, _ in self.stage.store.digests()}
        return bool(digests) and set(digests) <= found


def versions_served(tx: Transaction) -> dict[str, int | None]:
    rows = tx.execute(select(distributions.c.base_path, distributions.c.version_id))
    return {path.partition("/")[2]: version for path, version in rows}


def packages_of(tx: Transaction, version: int) -> Nevras:
    held = content_view_version_repositories.c
    published = select(content_view_versions.c.published).where(
        content_view_versions.c.id == version
    )
    assert tx.scalar(published)
    sets = tx.scalars(select(held.content_set_id).where(held.version_id == version)).all()
    return frozenset[str]().union(*(nevras_of(tx, content_set) for content_set in sets))


def nevras_of(tx: Transaction, content_set: int) -> Nevras:
    units = load_units(tx, ContentSetId(content_set), "rpm")
    packages = rpm_packages.c
    rows = tx.execute(
        select(packages.id, packages.name, packages.version, packages.release, packages.arch)
    )
    return frozenset("-".join(row[1:]) for row in rows if row.id in units)


def is_filtered(nevra: str) -> bool:
    """Say whether the filter `*a` on names takes the package."""
    return nevra.rsplit("-", 3)[0].endswith("a")


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """States of a repository, each with some packages newer than the one before."""
    root = tmp_path_factory.mktemp("upstream")
    for number in range(STATES):
        command = [sys.executable, _GENERATOR, root / f"state-{number}", "--packages"]
        command += [str(PACKAGES), "--changed", str(2 * number), "--rpm-size", "600"]
        subprocess.run(command, check=True)
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


@pytest.mark.timeout(120 + 20 * WALKS)
def test_environments_and_space_stay_right_on_any_walk(
    birds: Upstream, sqlite_template: Path
) -> None:
    Walk.birds, Walk.template = birds, sqlite_template
    Walk.expected = [
        frozenset(nevra(path) for path in (birds.root / f"state-{number}").rglob("*.rpm"))
        for number in range(STATES)
    ]
    walks = settings(
        max_examples=WALKS,
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )

    run_walks(Walk, settings=walks)


def nevra(path: Path) -> str:
    """Return a package file's name with its parts joined as `nevras_of` joins them."""
    name, arch = path.name.removesuffix(".rpm").rsplit(".", 1)
    return f"{name}-{arch}"
