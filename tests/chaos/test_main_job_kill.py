"""Kill -9 of workers and of whole servers at random moments of the main job.

One server lives undisturbed through a row of operations and shows how long each takes; a second
one is killed somewhere in each. Both must end alike. `HEADGATE_TEST_CHAOS_RUNS` sets how many
operations there are (`make chaos`: 200).
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest
from sqlalchemy import select

from headgate.domain.clock import utc_now
from headgate.plugin import Ports
from headgate.server.content_types import content_types
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database
from headgate.stores.db.tables import hosts
from headgate.upstream import DownloadRules
from headgate.workflows.collect import repair
from headgate.workflows.workshop import Workshop
from support import postgres
from support.family import Family
from support.ledger import require_order
from support.picture import CREATEREPO, Picture, picture
from support.upstream import Upstream, upstream
from support.world import Json, World

RUNS = max(int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "11")), 11)
PACKAGES = 300
STATES = 3
HOSTS = 20
# Of so many kills one takes the whole family; its restart costs seconds.
WHOLE_FAMILY = 0.25
_GENERATOR = Path(__file__).parents[2] / "benchmarks" / "repodata.py"


@pytest.fixture(scope="session")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """States of a repository in which some packages change, `now/` the one of the moment."""
    root = tmp_path_factory.mktemp("upstream")
    for number in range(STATES):
        command = [sys.executable, _GENERATOR, root / f"state-{number}"]
        command += ["--packages", str(PACKAGES), "--changed", str(20 * number)]
        subprocess.run([*command, "--rpm-size", "4000"], check=True)
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


@dataclass(slots=True)
class MainJob:
    """The operations in their order, each asked for as a task."""

    world: World
    upstream: Upstream
    state: int = 0
    mirror: int = 0
    pool: int = 0
    files: int = 0
    view: int = 0
    dev: int = 0
    changes: int = 0

    def prepare(self) -> None:
        """Make what the operations work on."""
        world = self.world
        url = f"{self.upstream.url}now/"
        self.mirror = world.repository("mirror", url=url, mirroring_policy="mirror_complete")
        self.pool = world.repository(
            "pool", url=url, download_policy="on_demand", mirroring_policy="additive"
        )
        self.files = world.repository("files", content_type="file")
        self.view = world.view("Base", self.mirror, self.pool, self.files)
        world.filter(self.view, "some", {"name": "*a"})
        self.dev = world.environment("Dev")
        for number in range(HOSTS):
            host = {"name": f"web{number}", "organization_id": world.organization_id}
            made = world.client.post("/api/hosts", json={"host": host})
            assert made.status_code == 201, made.text

    def operations(self) -> Iterator[Callable[[], Json]]:
        """Yield what is done, again and again with other content."""
        return cycle(
            [
                self.sync_mirror,
                self.sync_pool,
                self.upload,
                self.publish,
                self.publish,
                self.promote,
                self.sync_next,
                self.publish,
                self.remove_oldest,
                self.remove_files,
                self.change_hosts,
            ]
        )

    def sync_mirror(self) -> Json:
        return self.world.post(f"repositories/{self.mirror}/sync")

    def sync_pool(self) -> Json:
        return self.world.post(f"repositories/{self.pool}/sync", skip_metadata_check=True)

    def sync_next(self) -> Json:
        self.switch(self.state + 1)
        return self.sync_mirror()

    def upload(self) -> Json:
        content = b"cheep\n" * (1000 + self.state)
        answer = self.world.client.post(
            f"/katello/api/repositories/{self.files}/upload_content",
            files={"content": ("chick", content)},
        )
        assert answer.status_code == 202, answer.text
        return answer.json()

    def publish(self) -> Json:
        return self.world.post(f"content_views/{self.view}/publish")

    def promote(self) -> Json:
        path = f"content_view_versions/{self.newest()}/promote"
        return self.world.post(path, environment_ids=[self.dev], force=True)

    def remove_oldest(self) -> Json:
        """Delete every version that no environment serves."""
        old = [each["id"] for each in self.versions_shown() if not each["environments"]]
        return self.world.put(f"content_views/{self.view}/remove", content_view_version_ids=old)

    def remove_files(self) -> Json:
        ids = [int(each["id"]) for each in self.world.list("files", repository_id=self.files)]
        path = f"repositories/{self.files}/remove_content"
        return self.world.put(path, ids=ids, content_type="file")

    def change_hosts(self) -> Json:
        self.changes += 1
        body = {
            "organization_id": self.world.organization_id,
            "included": {"search": "web"},
            "release_version": str(self.changes),
        }
        answer = self.world.client.put("/api/hosts/bulk/release_version", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def newest(self) -> int:
        return max(int(each["id"]) for each in self.versions_shown())

    def versions_shown(self) -> list[Json]:
        return self.world.list("content_view_versions", content_view_id=self.view)

    def switch(self, state: int) -> None:
        self.state = state
        now = self.upstream.root / "now"
        now.unlink(missing_ok=True)
        now.symlink_to(f"state-{state % STATES}")


@contextmanager
def started(family: Family, birds: Upstream) -> Generator[MainJob]:
    job = MainJob(World(family.server.client()), birds)
    job.switch(0)
    job.prepare()
    yield job
    job.world.client.close()


def undisturbed(family: Family, birds: Upstream) -> tuple[Picture, list[float]]:
    """Return how it ends, and how long each operation takes."""
    durations: list[float] = []
    with started(family, birds) as job:
        for operation in islice(job.operations(), RUNS):
            task = operation()
            begun = time.monotonic()
            job.world.done(task)
            durations.append(time.monotonic() - begun)
    return at_rest(family), durations


def at_rest(family: Family) -> Picture:
    """Stop the server, do what its next start would, check the books, take the picture."""
    family.close()
    database = family.open_database()
    ports = Ports(
        database, FolderBlobStore(family.home), DownloadRules(), utc_now, family.home / "run"
    )
    uploads = family.home / "uploads"
    repair(Workshop(ports, content_types(), lambda sealed: sealed, uploads))
    for path in uploads.iterdir():
        path.unlink()  # swept ten minutes later; that has its own test
    require_order(database, family.home)
    found = picture(database, family.home)
    with database.read() as tx:
        every = select(hosts.c.name, hosts.c.release_version).order_by(hosts.c.name)
        found["hosts"] = tx.execute(every).all()
    database.close()
    return found


def kill(family: Family, database: Database, world: World, seconds: float, *, whole: bool) -> None:
    """Kill once so many seconds have passed; the world's client follows the server."""
    time.sleep(seconds)
    if not whole:
        family.kill_worker(database)
        return
    world.client.close()
    world.client = family.kill_all().client()


@contextmanager
def family_on(kind: str, home: Path, request: pytest.FixtureRequest) -> Generator[Family]:
    """A server with two workers on a database of its own."""
    settings = {"HEADGATE_PROCESSES_WORKER": "2"}
    if kind == "postgresql":
        cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create()
        settings["HEADGATE_STORAGE_DATABASE"] = cluster.url(name)
    family = Family(home, settings=settings)
    try:
        yield family
    finally:
        family.close()


def fetch_all(client: httpx2.Client, base: str, *, most_packages: int) -> int:
    """Fetch a served repository and check every byte against its checksum; count packages."""

    def get(path: str) -> bytes:
        answer = client.get(base + path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.content

    with TemporaryDirectory() as folder:
        repodata = Path(folder, "repodata")
        repodata.mkdir()
        (repodata / "repomd.xml").write_bytes(get("repodata/repomd.xml"))
        repomd = CREATEREPO.Repomd(str(repodata / "repomd.xml"))
        for record in repomd.records:
            content = get(record.location_href)
            assert sha256(content).hexdigest() == record.checksum
            Path(folder, record.location_href).write_bytes(content)
        packages = list(CREATEREPO.RepositoryReader.from_path(folder).iter_packages())
    for package in packages[:most_packages]:
        assert sha256(get(package.location_href)).hexdigest() == package.pkgId
    return len(packages)


@pytest.mark.timeout(300 + 60 * RUNS)
def test_kills_at_any_moment_of_the_main_job_change_nothing(
    database_kind: str, request: pytest.FixtureRequest, birds: Upstream, tmp_path: Path
) -> None:
    with family_on(database_kind, tmp_path / "undisturbed", request) as family:
        expected, durations = undisturbed(family, birds)
    seed = time.time_ns()
    print(f"seed {seed}; seconds {[round(each, 2) for each in durations]}")  # noqa: T201 - repeats a failure
    dice = random.Random(seed)  # noqa: S311 - nobody guesses here
    slowest = 0.0

    with family_on(database_kind, tmp_path / "killed", request) as family:
        database = family.open_database()
        with started(family, birds) as job:
            for operation, seconds in zip(job.operations(), durations, strict=False):
                task = operation()
                whole = dice.random() < WHOLE_FAMILY
                kill(family, database, job.world, dice.uniform(0, seconds), whole=whole)
                killed = time.monotonic()
                job.world.done(task)
                slowest = max(slowest, time.monotonic() - killed - seconds)
            for name, most in {"mirror": PACKAGES, "pool": 10}.items():
                path = job.world.content_path(name, environment="Dev", view="Base")
                assert fetch_all(job.world.client, path, most_packages=most) > 0
        database.close()
        found = at_rest(family)

    print(f"the longest way back took {slowest:.1f} s")  # noqa: T201 - worth knowing
    assert found == expected
