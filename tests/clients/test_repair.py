"""Bytes that rot, are lost or can be fetched again: found, repaired, given back."""

from hashlib import sha256
from pathlib import Path

from clients.conftest import Host
from clients.test_incomplete_versions import Mirrored, get, path_of
from support.metadata import kinds
from support.rpms import RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import Json, World


def blob(server: Server, content: bytes) -> Path:
    """Where the server keeps these bytes."""
    (found,) = (server.home / "blobs").glob(f"*/*/{sha256(content).hexdigest()}")
    return found


def rot(path: Path) -> None:
    """Change one byte behind the server's back."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def held_bytes(world: World, repository_id: int) -> int:
    """Return how many bytes the repository keeps on the disk, alone or with others."""
    return int(world.show("repositories", f"{repository_id}/space")["bytes"])


def ended(world: World, path: str, **body: object) -> Json:
    return world.ended(world.post(path, **body))


def test_what_rotted_comes_from_upstream_again_or_is_marked(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "rotten")
    birds.mirror(mirroring_policy="mirror_complete")
    view = world.view("All", birds.repository)
    version = world.publish(view)
    reed, rook = path_of(birds.reed), path_of(birds.rook)
    primary = kinds(birds.folder)["primary"]
    for path in (reed, primary, ".treeinfo", "images/boot.iso"):
        rot(blob(server, (birds.folder / path).read_bytes()))
    blob(server, (birds.folder / rook).read_bytes()).unlink()

    task = ended(world, f"repositories/{birds.repository}/verify_checksum")

    assert task["result"] == "success", task
    told = task["output"]
    assert (told["damaged"], told["repaired"], told["missing"]) == (5, 5, 0)
    for name in (None, "All"):
        dnf = host(world, birds.name, view=name)
        dnf.install("reed", "rook")
        base = world.content_path(birds.name, view=name)
        for path in (reed, rook, ".treeinfo", "images/boot.iso"):
            assert get(server, base + path).content == (birds.folder / path).read_bytes()
    again = ended(world, f"content_view_versions/{version}/verify_checksum")
    assert (again["result"], again["output"]["damaged"]) == ("success", 0)

    rot(blob(server, (birds.folder / reed).read_bytes()))
    birds.lose(reed)

    task = ended(world, f"content_view_versions/{version}/verify_checksum")

    assert (task["result"], task["output"]["missing"]) == ("warning", 1)
    assert reed in str(task["humanized"]["errors"])
    assert world.show("content_view_versions", version)["incomplete"]
    assert birds.reed.nevra not in host(world, birds.name, view="All").repoquery()


def test_an_uploaded_package_that_rotted_asks_for_its_upload(
    world: World, server: Server, host: Host, rpm_store: RpmStore, web: Upstream
) -> None:
    birds = Mirrored(world, web, rpm_store, "uploaded")
    pool = world.repository("pool")
    reed, rook = rpm_store.build(birds.reed, birds.rook)
    world.upload(pool, reed, rook)
    rot(blob(server, reed.read_bytes()))

    task = ended(world, f"repositories/{pool}/verify_checksum")

    assert task["result"] == "warning"
    assert "upload it again" in str(task["humanized"]["errors"])
    assert host(world, "pool").repoquery() == [birds.rook.nevra]
    lost = get(server, world.content_path("pool") + reed.name)
    assert lost.status_code == 404

    world.upload(pool, reed)

    assert not world.show("repositories", pool)["incomplete"]
    host(world, "pool").install("reed")


def test_space_comes_back_but_not_what_others_need(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "lazy")
    birds.mirror(download_policy="on_demand")
    base = world.content_path(birds.name)
    reed, rook = path_of(birds.reed), path_of(birds.rook)
    for path in (reed, rook, "images/boot.iso"):
        assert get(server, base + path).status_code == 200
    size = sum((birds.folder / path).stat().st_size for path in (reed, rook, "images/boot.iso"))
    # Clients have a small file before it is kept, and what is not kept cannot be given back.
    server.process.wait_until(lambda: held_bytes(world, birds.repository) >= size)

    task = ended(world, f"repositories/{birds.repository}/reclaim_space")

    assert task["result"] == "success"
    assert 0 < task["output"]["freed_bytes"] <= size
    host(world, birds.name).install("reed", "rook")

    keeper = world.mirror("keeper", birds.url)

    bulk = ended(world, "repositories/bulk/reclaim_space", ids=[birds.repository])

    assert (bulk["result"], bulk["output"]["freed_bytes"]) == ("success", 0)
    with server.client() as client:
        refused = client.post(f"/katello/api/repositories/{keeper}/reclaim_space")
    assert refused.status_code == 400
    assert "On Demand" in refused.json()["displayMessage"]


def test_metadata_is_written_anew_under_hosts_that_read_it(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "again")
    birds.mirror(mirroring_policy="mirror_complete")
    version = world.publish(world.view("All", birds.repository))
    number = birds.shown()["version_href"]
    path = world.content_path(birds.name) + "repodata/repomd.xml"
    before = get(server, path).content

    world.done(world.put(f"repositories/{birds.repository}/republish", force=True))
    world.done(world.put(f"content_view_versions/{version}/republish_repositories", force=True))

    assert get(server, path).content != before
    assert birds.shown()["version_href"] == number
    for name in (None, "All"):
        host(world, birds.name, view=name).install("reed", "rook")
    birds.sync()
    assert get(server, path).content == before
