"""A disk without room: work fails in clear words, the server stays, a retry succeeds.

The server's home and its database are on a small tmpfs. What is served from it must go on being
served throughout, and when there is room again nothing may be left of what failed.
"""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from headgate.domain.clock import utc_now
from headgate.plugin import Ports
from headgate.server.content_types import content_types
from headgate.stores.blobs import FolderBlobStore
from headgate.upstream import DownloadRules
from headgate.workflows.collect import repair
from headgate.workflows.workshop import Workshop
from support import postgres
from support.family import Family
from support.ledger import require_order
from support.oci import image, layer
from support.small_disk import SmallDisk, small_disk
from support.upstream import Upstream, upstream
from support.world import Json, World

MEGABYTES = 64
PACKAGES = 200
PACKAGE_BYTES = 60_000
KIB = 1024
LARGE = os.urandom(600 * KIB)
_GENERATOR = Path(__file__).parents[2] / "benchmarks" / "repodata.py"


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """`small/` with a few packages, `big/` with twelve megabytes of them, `files/` with a file."""
    root = tmp_path_factory.mktemp("upstream")
    for name, count, size in (("small", 20, 4000), ("big", PACKAGES, PACKAGE_BYTES)):
        command = [sys.executable, _GENERATOR, root / name, "--packages", str(count)]
        seed = ["--seed", str(count)]
        subprocess.run([*command, *seed, "--rpm-size", str(size)], check=True)
    (root / "files").mkdir()
    (root / "files" / "large").write_bytes(LARGE)
    manifest = f"large,{sha256(LARGE).hexdigest()},{len(LARGE)}\n"
    (root / "files" / "PULP_MANIFEST").write_text(manifest)
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


class Crowded:
    """A server in a small home that serves one repository, and its world."""

    def __init__(self, family: Family, disk: SmallDisk, birds: Upstream) -> None:
        self.family = family
        self.disk = disk
        self.client: httpx2.Client = family.server.client()
        self.world = World(self.client)
        self.birds = birds
        self.served = self.world.mirror("served", f"{birds.url}small/")
        self.path = self.world.content_path("served") + "repodata/repomd.xml"

    def fails_for_room(self, task: Json) -> None:
        """Check that a task ends with the words about room; the server serves and answers."""
        ended = self.world.ended(task)
        words = " ".join(ended["humanized"]["errors"])
        assert ended["result"] == "error", ended
        assert "room" in words, words
        self.stays()

    def refused_for_room(self, answer: httpx2.Response) -> None:
        """Check that a request is refused with the words about room."""
        assert answer.status_code == 507, answer.text
        assert "room" in answer.text
        self.stays()

    def no_room(self, answer: httpx2.Response) -> None:
        """Check that the registry refuses for want of room, in its own words."""
        self.refused_for_room(answer)
        (error,) = answer.json()["errors"]
        assert error["code"] == "DENIED"

    def stays(self) -> None:
        """Check that what was served is served, and that the API reads."""
        assert self.client.get(self.path).status_code == 200
        assert self.client.get("/katello/api/ping").status_code == 200
        assert self.world.list("repositories")

    def close_in_order(self) -> None:
        """Stop, do what the next start does, and check the books."""
        self.client.close()
        self.family.close()
        home = self.family.home
        database = self.family.open_database()
        scratch, uploads = home / "run" / "scratch", home / "uploads"
        store = FolderBlobStore(home)
        ports = Ports(database, store, DownloadRules(), utc_now, scratch)
        repair(Workshop(ports, content_types(), lambda sealed: sealed, uploads))
        for path in uploads.iterdir():
            path.unlink()  # swept ten minutes later; that has its own test
        require_order(database, home)
        database.close()


@pytest.fixture
def crowded(
    database_kind: str, request: pytest.FixtureRequest, birds: Upstream, tmp_path: Path
) -> Iterator[Crowded]:
    with (
        small_disk(megabytes=MEGABYTES) as disk,
        _database_on(disk, database_kind, request) as settings,
        _server_on(disk, settings, birds, tmp_path / "server.log") as made,
    ):
        yield made
        disk.clear()
        made.close_in_order()


@contextmanager
def _database_on(
    disk: SmallDisk, kind: str, request: pytest.FixtureRequest
) -> Generator[Mapping[str, str]]:
    """Put the database on the disk, too; PostgreSQL's log of changes stays where there is room."""
    if kind == "sqlite":
        yield {}
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    place = disk.folder / "tablespace"
    place.mkdir()
    owner = (cluster.folder / "data").stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    cluster.run(f"CREATE TABLESPACE small LOCATION '{place}'")
    cluster.run("CREATE DATABASE crowded TABLESPACE small")
    try:
        yield {"HEADGATE_STORAGE_DATABASE": cluster.url("crowded")}
    finally:
        cluster.drop("crowded")
        cluster.run("DROP TABLESPACE small")


@contextmanager
def _server_on(
    disk: SmallDisk, settings: Mapping[str, str], birds: Upstream, log: Path
) -> Generator[Crowded]:
    family = Family(disk.folder / "home", settings=settings, log=log)
    try:
        yield Crowded(family, disk, birds)
    finally:
        disk.clear()
        family.close()


def test_a_sync_without_room_for_packages_fails_and_succeeds_later(crowded: Crowded) -> None:
    repository = crowded.world.repository("big", url=f"{crowded.birds.url}big/")
    crowded.disk.fill(leaving=6_000 * KIB)

    crowded.fails_for_room(crowded.world.post(f"repositories/{repository}/sync"))

    crowded.disk.clear()
    crowded.world.sync(repository)
    assert crowded.world.show("repositories", repository)["content_counts"]["rpm"] == PACKAGES


def test_a_sync_without_room_for_metadata_fails_and_succeeds_later(crowded: Crowded) -> None:
    repository = crowded.world.repository(
        "big", url=f"{crowded.birds.url}big/", download_policy="on_demand"
    )
    for leaving in (0, 40 * KIB, 400 * KIB):
        crowded.disk.fill(leaving=leaving)
        answer = crowded.client.post(f"/katello/api/repositories/{repository}/sync")
        if answer.status_code == 507:  # not even the task's row has room
            crowded.refused_for_room(answer)
        else:
            task = answer.json()
            crowded.stays()
            # With no room at all even the end of the task has to wait for some.
            crowded.disk.fill(leaving=leaving + 300 * KIB)
            crowded.fails_for_room(task)

    crowded.disk.clear()
    crowded.world.sync(repository)
    assert crowded.world.show("repositories", repository)["content_counts"]["rpm"] == PACKAGES


def test_a_publish_without_room_fails_and_gives_its_number_back(crowded: Crowded) -> None:
    url = f"{crowded.birds.url}big/"
    repository = crowded.world.mirror("big", url, download_policy="on_demand")
    view = crowded.world.view("Base", repository)
    crowded.world.filter(view, "some", {"name": "*a"})
    crowded.disk.fill(leaving=300 * KIB)

    crowded.fails_for_room(crowded.world.post(f"content_views/{view}/publish"))

    crowded.disk.clear()
    version = crowded.world.publish(view)
    assert crowded.world.show("content_view_versions", version)["version"] == "1.0"


def test_an_upload_without_room_is_refused_and_succeeds_later(crowded: Crowded) -> None:
    repository = crowded.world.repository("files", content_type="file")
    path = f"/katello/api/repositories/{repository}"
    content = b"x" * (3_000 * KIB)
    upload = crowded.world.post(f"repositories/{repository}/content_uploads", size=len(content))
    chunk_path = f"{path}/content_uploads/{upload['upload_id']}"
    crowded.disk.fill(leaving=1_000 * KIB)

    whole = crowded.client.post(f"{path}/upload_content", files={"content": ("x", content)})
    chunk = crowded.client.put(chunk_path, data={"offset": "0"}, files={"content": ("x", content)})

    crowded.refused_for_room(whole)
    crowded.refused_for_room(chunk)
    crowded.disk.clear()
    again = crowded.client.put(chunk_path, data={"offset": "0"}, files={"content": ("x", content)})
    assert again.status_code == 204
    uploads = [{"id": upload["upload_id"], "name": "x"}]
    crowded.disk.fill(leaving=1_000 * KIB)
    task = crowded.world.put(f"repositories/{repository}/import_uploads", uploads=uploads)
    crowded.fails_for_room(task)
    crowded.disk.clear()
    crowded.world.done(
        crowded.world.put(f"repositories/{repository}/import_uploads", uploads=uploads)
    )
    served = crowded.client.get(crowded.world.content_path("files") + "x")
    assert served.content == content


def test_a_large_file_on_demand_without_room_is_refused_and_comes_later(crowded: Crowded) -> None:
    url = f"{crowded.birds.url}files/"
    crowded.world.mirror("files", url, content_type="file", download_policy="on_demand")
    path = crowded.world.content_path("files") + "large"
    for leaving in (0, 8 * KIB):
        crowded.disk.fill(leaving=leaving)
        crowded.refused_for_room(crowded.client.get(path))

    crowded.disk.clear()

    assert crowded.client.get(path).content == LARGE


def test_a_small_file_on_demand_is_served_without_room_and_kept_later(crowded: Crowded) -> None:
    url = f"{crowded.birds.url}big/"
    crowded.world.mirror("big", url, download_policy="on_demand")
    package = next((crowded.birds.root / "big").rglob("*.rpm"))
    location = package.relative_to(crowded.birds.root / "big")
    path = crowded.world.content_path("big") + str(location)
    for leaving in (0, 8 * KIB):
        crowded.disk.fill(leaving=leaving)
        assert crowded.client.get(path).content == package.read_bytes()
        crowded.stays()

    crowded.disk.clear()

    assert crowded.client.get(path).content == package.read_bytes()


def test_changes_without_room_in_the_database_are_refused(crowded: Crowded) -> None:
    crowded.disk.fill(leaving=0)

    organization = crowded.world.organization_id
    answers = [
        crowded.client.post(
            "/katello/api/products",
            json={
                "organization_id": organization,
                "name": f"Birds {name}",
                "description": "x" * 5000,
            },
        )
        for name in range(50)
    ]

    refused = [answer for answer in answers if answer.is_error]
    assert refused
    for answer in refused:
        crowded.refused_for_room(answer)
    crowded.disk.clear()
    assert crowded.world.product("Room again") > 0


def test_a_push_without_room_is_refused_and_goes_on_later(crowded: Crowded) -> None:
    crowded.world.product("Ships")
    name = f"{crowded.world.organization_label.lower()}/ships/boat"
    blob = layer({"much": os.urandom(6_000 * KIB)})
    pushed = image(blob)
    place = str(crowded.client.post(f"/v2/{name}/blobs/uploads/").headers["Location"])
    crowded.disk.fill(leaving=6_000 * KIB)

    whole = {"digest": blob.digest}
    at_once = crowded.client.post(f"/v2/{name}/blobs/uploads/", params=whole, content=blob.content)
    chunk = crowded.client.patch(place, content=blob.content)

    crowded.no_room(at_once)
    crowded.no_room(chunk)
    crowded.disk.clear()
    last = int(crowded.client.get(place).headers["Range"].removeprefix("0-"))
    come = last + 1 if last else 0
    assert come < blob.size
    assert crowded.client.patch(place, content=blob.content[come:]).status_code == 202
    crowded.disk.fill(leaving=0)
    finished = crowded.client.put(place, params=whole)
    if finished.status_code != 201:  # the database may have found room in what it has
        crowded.no_room(finished)
        crowded.disk.clear()
        assert crowded.client.get(place).headers["Range"] == f"0-{blob.size - 1}"
        assert crowded.client.put(place, params=whole).status_code == 201
    crowded.disk.clear()
    about = pushed.blobs[0]
    path, kind = f"/v2/{name}/manifests/v1", {"Content-Type": pushed.media_type}
    done = crowded.client.post(
        f"/v2/{name}/blobs/uploads/", params={"digest": about.digest}, content=about.content
    )
    assert done.status_code == 201, done.text
    crowded.disk.fill(leaving=0)
    crowded.no_room(crowded.client.put(path, content=pushed.content, headers=kind))
    crowded.disk.clear()
    answer = crowded.client.put(path, content=pushed.content, headers=kind)
    assert answer.status_code == 201, answer.text
    assert crowded.client.get(f"/v2/{name}/blobs/{blob.digest}").content == blob.content
