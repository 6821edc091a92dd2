"""The space ledger against the disk, and the quotas that it is asked for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.stores.db import Database
from support.house import House, refused
from support.ledger import disk_bytes, require_order
from support.stage import Stage, staged
from support.upstream import Upstream, upstream
from support.world import Json, TaskFailedError, World

_GENERATOR = Path(__file__).parents[2] / "benchmarks" / "repodata.py"
PACKAGES = 20
PACKAGE_BYTES = 5_000
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """Two states of a repository of packages, which share most of them."""
    root = tmp_path_factory.mktemp("upstream")
    for name, changed in {"old": 0, "new": 4}.items():
        command = [sys.executable, _GENERATOR, root / name, "--packages", str(PACKAGES)]
        sizes = ["--changed", str(changed), "--rpm-size", str(PACKAGE_BYTES)]
        subprocess.run([*command, *sizes], check=True)
    with upstream(root, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


@pytest.fixture
def stage(database: Database, tmp_path: Path) -> Iterator[Stage]:
    with staged(database, tmp_path / "home") as made:
        yield made


def du(root: Path) -> int:
    """Return what du says of all blobs."""
    blobs = [path for path in (root / "blobs").rglob("*") if path.is_file()]
    if not blobs:
        return 0
    command = ["du", "--bytes", "--total", *blobs]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(found.stdout.splitlines()[-1].split()[0])


def ledger(world: World) -> Json:
    """Return the whole ledger."""
    answer = world.client.get("/katello/api/space")
    assert answer.status_code == 200, answer.text
    return answer.json()


def space(world: World, what: str) -> Json:
    """Return the ledger of one thing."""
    return world.client.get(f"/katello/api/{what}/space").json()


def require_sums(stage: Stage) -> Json:
    """Check that the parts add up to what du says; return the whole."""
    whole = ledger(stage.world)
    parts = [each["exclusive_bytes"] for each in whole["organizations"]]
    rest = ("shared_between_organizations_bytes", "in_progress_bytes", "collectable_bytes")
    parts += [whole[name] for name in rest]
    assert sum(parts) == whole["bytes"] == disk_bytes(stage.root) == du(stage.root)
    return whole


def test_the_parts_add_up_to_what_du_says_and_exclusive_bytes_come_back(
    stage: Stage, birds: Upstream
) -> None:
    world, other = stage.world, stage.world.another()
    require_sums(stage)
    policy = {"mirroring_policy": "mirror_complete"}
    old = world.mirror("old", f"{birds.url}old/", **policy)
    pool = other.mirror("pool", f"{birds.url}new/", download_policy="on_demand", **policy)
    new = other.mirror("new", f"{birds.url}new/", **policy)
    view = world.view("Base", old)
    world.filter(view, "some", {"name": "*a"})
    first = world.publish(view)

    whole = require_sums(stage)

    assert [each["state"] for each in (o["quota"] for o in whole["organizations"])] == ["ok", "ok"]
    assert whole["shared_between_organizations_bytes"] >= (PACKAGES - 4) * PACKAGE_BYTES
    assert whole["in_progress_bytes"] == 0
    organization = space(world, f"organizations/{world.organization_id}")
    assert [each["name"] for each in organization["repositories"]] == ["old"]
    assert organization["bytes"] >= PACKAGES * PACKAGE_BYTES
    assert space(other, f"repositories/{pool}")["shared_bytes"] > 0  # new's bytes are its own, too
    version = space(world, f"content_view_versions/{first}")
    of_view = space(world, f"content_views/{view}")
    assert of_view["exclusive_bytes"] == version["exclusive_bytes"] > 0
    assert [each["version"] for each in of_view["versions"]] == ["1.0"]

    stage.collect()
    for what, expected in (
        (f"repositories/{new}", space(other, f"repositories/{new}")["exclusive_bytes"]),
        (f"repositories/{pool}", None),
    ):
        before = disk_bytes(stage.root)
        promised = expected or space(other, what)["exclusive_bytes"]
        other.delete(what)
        assert ledger(world)["collectable_bytes"] == promised
        assert stage.collect() == promised == before - disk_bytes(stage.root)
        require_sums(stage)


@on_sqlite
def test_only_whoever_may_look_sees_the_ledger(house: House) -> None:
    files = house.world.repository("files", content_type="file")
    member = house.control.user("member", organizations=[house.organization])
    quota = f"/katello/api/organizations/{house.organization}/quota"

    refused(member.get("/katello/api/space"), 403, "only administrators")
    # What one may not view is not there.
    refused(member.get(f"/katello/api/repositories/{files}/space"), 404)
    refused(member.put(quota, json={"hard_bytes": 1}), 403, "only administrators")
    refused(house.admin.put(quota, json={"soft_bytes": 2, "hard_bytes": 1}), 422, "not be more")
    refused(house.admin.put(quota, json={"hard_bytes": -1}), 422, "0 or more")


def limit(world: World, **bytes_: int | None) -> None:
    """Set the organization's quota."""
    world.put(f"organizations/{world.organization_id}/quota", **bytes_)


def test_a_hard_quota_refuses_what_would_pass_it_and_keeps_nothing(
    stage: Stage, birds: Upstream
) -> None:
    world = stage.world
    old = world.repository("old", url=f"{birds.url}old/", mirroring_policy="mirror_complete")
    limit(world, hard_bytes=PACKAGES * PACKAGE_BYTES // 2)
    asked = len(birds.asked)

    with pytest.raises(TaskFailedError, match=r"hard quota of 48\.8 KiB: delete content view"):
        world.sync(old)
    assert not [path for path in birds.paths()[asked:] if path.endswith(".rpm")]
    limit(world, hard_bytes=PACKAGES * PACKAGE_BYTES + 1_000)  # no room for the metadata
    with pytest.raises(TaskFailedError, match="beyond its hard quota"):
        world.sync(old)

    assert set(world.show("repositories", old)["content_counts"].values()) == {0}
    stage.collect()
    require_order(stage.database, stage.root)
    assert disk_bytes(stage.root) == 0
    limit(world, hard_bytes=None, soft_bytes=10)
    task = world.ended(world.post(f"repositories/{old}/sync"))
    assert task["result"] == "warning"
    assert "more than its soft quota of 10 bytes" in task["humanized"]["errors"][0]
    state = space(world, f"organizations/{world.organization_id}")["quota"]["state"]
    assert state == "soft"


@on_sqlite
def test_uploads_and_versions_mind_the_quota_too(
    stage: Stage, birds: Upstream, tmp_path: Path
) -> None:
    world = stage.world
    old = world.mirror("old", f"{birds.url}old/", mirroring_policy="mirror_complete")
    files = world.repository("files", content_type="file")
    view = world.view("Base", old)
    world.filter(view, "some", {"name": "*a"})
    used = space(world, f"organizations/{world.organization_id}")["bytes"]
    limit(world, hard_bytes=used + 100)
    egg = tmp_path / "egg"
    egg.write_bytes(b"x" * 200)

    answer = world.client.post(
        f"/katello/api/repositories/{files}/content_uploads", json={"size": 200}
    )
    refused(answer, 507, "beyond its hard quota")
    answer = world.client.post(
        f"/katello/api/repositories/{files}/upload_content",
        files={"content": ("egg", egg.read_bytes())},
    )
    refused(answer, 507, "beyond its hard quota")
    with pytest.raises(TaskFailedError, match="beyond its hard quota"):
        world.publish(view)

    assert world.list("content_view_versions", content_view_id=view) == []
    stage.collect()
    require_order(stage.database, stage.root)
    assert disk_bytes(stage.root) == used
    limit(world, hard_bytes=1)  # less than is used: what makes less of it still goes
    package = world.list("packages", repository_id=old)[0]["id"]
    world.ended(world.put(f"repositories/{old}/remove_content", ids=[package]))


def test_two_uploads_at_once_never_pass_the_quota_together(house: House) -> None:
    world = house.world
    repositories = [world.repository(f"files{n}", content_type="file") for n in range(2)]
    limit(world, hard_bytes=1_500)
    tasks: list[Json] = []
    for number, repository in enumerate(repositories):
        content = {"content": (f"egg{number}", bytes([number]) * 1_000)}
        path = f"/katello/api/repositories/{repository}/upload_content"
        tasks.append(world.client.post(path, files=content).json())

    house.start_worker()

    assert sorted(world.ended(task)["result"] for task in tasks) == ["error", "success"]
    assert space(world, f"organizations/{world.organization_id}")["bytes"] <= 1_500
