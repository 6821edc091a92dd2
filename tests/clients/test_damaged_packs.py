"""What was said of packages rots on the disk: doctor tells, a verification restores it."""

from pathlib import Path

import pytest
from sqlalchemy import select

from clients.conftest import Host
from clients.test_incomplete_versions import Mirrored
from clients.test_repair import ended, rot
from clients.test_upstream_layouts import described
from headgate.content.rpm.metadata.segments import CODECS, KINDS
from headgate.content.rpm.tables import rpm_packages, rpm_packs, rpm_segments
from headgate.server.doctor import Examination, examine
from headgate.server.settings import Settings
from headgate.stores.blobs import Digest
from headgate.stores.db import Database
from headgate.stores.db.tables import blobs
from support.aviary import HERON_2, REED_2
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

DEEP = Examination(deep=True, slow_milliseconds=60_000)


def pack_of(server: Server, rpm: Rpm) -> dict[str, Path]:
    """Return the files of the pack that a package of this name and release is in."""
    database = Database(f"sqlite:///{server.home / 'headgate.db'}", pool_size=1)
    columns = [rpm_packs.c[f"{kind}_{codec}"] for kind in KINDS for codec in CODECS]
    with database.read() as tx:
        pack = tx.execute(
            select(*columns)
            .join(rpm_segments, rpm_segments.c.pack_id == rpm_packs.c.id)
            .join(rpm_packages, rpm_packages.c.segment_id == rpm_segments.c.id)
            .where(
                rpm_packages.c.name == rpm.name,
                rpm_packages.c.version == rpm.version,
                rpm_packages.c.release == rpm.release,
                rpm_packages.c.checksum_type == "sha256",
            )
        ).one()
        digests = {
            name: Digest(tx.scalars(select(blobs.c.digest).where(blobs.c.id == blob_id)).one())
            for name, blob_id in zip([column.name for column in columns], pack, strict=True)
        }
    database.close()
    files = server.home / "blobs"
    return {
        name: next(iter(files.glob(f"*/*/{digest.hex}")), files / "gone")
        for name, digest in digests.items()
    }


def told_by_doctor(server: Server, files: dict[str, Path]) -> list[str]:
    """Return the findings of the doctor that name one of these blobs."""
    found = examine(Settings(home=server.home), DEEP).findings
    return [
        f"{each.code}: {each.message}; {each.fix}"
        for each in found
        if any(path.name in each.message for path in files.values())
    ]


def publish_some(world: World, birds: Mirrored, name: str) -> int:
    """Publish a view that can only be written from packs."""
    view = world.view(name, birds.repository)
    world.filter(view, "no rooks", {"name": "rook"})
    return world.publish(view)


@pytest.mark.parametrize("harm", ["one codec", "both codecs", "all files"])
def test_what_was_said_of_packages_is_restored(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    harm: str,
) -> None:
    birds = Mirrored(world, web, rpm_store, "packs" + harm.replace(" ", ""))
    birds.mirror(download_policy="on_demand")
    files = pack_of(server, birds.reed)
    if harm == "one codec":
        rot(files["primary_zst"])
        rot(files["filelists_gz"])
        (birds.folder / "repodata" / "repomd.xml").unlink()  # upstream is of no help
    elif harm == "both codecs":
        rot(files["primary_zst"])
        rot(files["primary_gz"])
    else:
        for path in files.values():
            path.unlink()
    (told,) = told_by_doctor(server, files)
    assert told.startswith(("corrupt_blobs", "missing_blobs"))
    assert f"repository '{birds.name}'" in told
    assert "verify-checksum" in told

    task = ended(world, f"repositories/{birds.repository}/verify_checksum")

    assert task["result"] == "success", task["humanized"]
    damaged = 6 if harm == "all files" else 2
    assert (task["output"]["damaged"], task["output"]["repaired"]) == (damaged, damaged)
    publish_some(world, birds, "Some")
    dnf = host(world, birds.name, view="Some")
    dnf.install("reed", "heron")
    assert birds.reed.nevra in dnf.installed()
    assert told_by_doctor(server, pack_of(server, birds.reed)) == []
    again = ended(world, f"repositories/{birds.repository}/verify_checksum")
    assert (again["result"], again["output"]["damaged"]) == ("success", 0)


def test_uploaded_packages_tell_of_themselves_again(
    world: World, server: Server, host: Host, rpm_store: RpmStore
) -> None:
    bittern = Rpm("bittern", release="7.packs")
    repository = world.repository("own")
    world.upload(repository, *rpm_store.build(bittern))
    for path in pack_of(server, bittern).values():
        path.unlink()

    task = ended(world, f"repositories/{repository}/verify_checksum")

    assert (task["result"], task["output"]["damaged"]) == ("success", 6)
    more = Rpm("bittern", "2.0", release="7.packs")
    world.upload(repository, *rpm_store.build(more))
    assert host(world, "own").repoquery() == sorted([bittern.nevra, more.nevra])


def test_what_upstream_has_no_more_is_named_with_what_to_do(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "packlost")
    birds.mirror(mirroring_policy="additive", download_policy="on_demand")
    birds.write(*(rpm for rpm in birds.rpms if rpm is not birds.rook))
    birds.sync()
    files = pack_of(server, birds.reed)
    rot(files["other_zst"])
    rot(files["other_gz"])

    task = ended(world, f"repositories/{birds.repository}/verify_checksum")

    assert task["result"] == "warning"
    words = str(task["humanized"]["errors"])
    assert birds.rook.nvra in words
    assert birds.reed.nvra not in words
    assert "Restore the blobs from a backup" in words
    assert (task["output"]["damaged"], task["output"]["repaired"]) == (2, 0)
    publish_some(world, birds, "Without")  # all but what is lost
    host(world, birds.name, view="Without").install("reed", "heron")
    view = world.view("With", birds.repository)
    world.filter(view, "no reeds", {"name": "reed"})
    publishing = ended(world, f"content_views/{view}/publish")
    assert publishing["result"] == "error"
    assert "Verify the checksums" in str(publishing["humanized"]["errors"])


def test_packages_with_weak_checksums_are_restored_under_their_better_names(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    dunlin = Rpm("dunlin", release="7.packs")
    of = YumRepository(rpms=[dunlin, REED_2, HERON_2])
    described(web.root / "packweak", rpm_store, "--checksum=md5", of=of)
    repository = world.mirror("weak", f"{web.url}packweak/", download_policy="on_demand")
    database = pack_of(server, dunlin)
    for path in database.values():
        path.unlink()

    task = ended(world, f"repositories/{repository}/verify_checksum")

    assert (task["result"], task["output"]["damaged"]) == ("success", 6)
    view = world.view("Some", repository)
    world.filter(view, "no reeds", {"name": "swift"})
    world.filter(view, "no herons", {"name": "heron"})
    world.publish(view)
    host(world, "weak", view="Some").install("dunlin", "reed")
