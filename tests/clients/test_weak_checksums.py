"""Repositories that name packages by md5 or sha1: read, marked, and published with SHA-256."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from clients.conftest import Host
from clients.test_incomplete_versions import get, path_of
from clients.test_trees import IMAGES, treeinfo
from clients.test_upstream_layouts import described, published
from support.aviary import AVIARY, HERON_2, REED_1, REED_2, ROOK, SWIFT
from support.metadata import kinds, packages
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

FLOCK = YumRepository(rpms=[REED_2, HERON_2, ROOK, ROOK.sources])


def asked_for(web: Upstream, name: str) -> list[str]:
    """Return the packages that were downloaded from below a folder, in order."""
    return [
        path.rpartition("/")[2]
        for path in web.paths()
        if path.startswith(f"/{name}/") and path.endswith(".rpm")
    ]


def names_in(folder: Path) -> set[str]:
    """Return every kind of checksum that published metadata tells, by its types and lengths."""
    texts = [gzip.decompress((folder / path).read_bytes()) for path in kinds(folder).values()]
    texts.append((folder / "repodata" / "repomd.xml").read_bytes())
    whole = b"".join(texts).decode()
    told = set(re.findall(r'checksum [^>]*?type="(\w+)"', whole))
    lengths = {len(each) for each in re.findall(r'pkgid="([0-9a-fA-F]+)"', whole)}
    assert lengths == {64}
    return told


@pytest.mark.parametrize("download_policy", ["immediate", "on_demand"])
@pytest.mark.parametrize(
    ("checksum", "policy"),
    [("md5", "mirror_complete"), ("sha1", "mirror_content_only"), ("md5", "additive")],
)
def test_all_that_is_published_names_sha256(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
    checksum: str,
    policy: str,
    download_policy: str,
) -> None:
    name = f"weak-{checksum}-{policy}-{download_policy}"
    described(web.root / name, rpm_store, f"--checksum={checksum}", of=FLOCK)
    FLOCK.write(web.root / f"{name}-strong", rpm_store)

    repository = world.mirror(
        "weak", f"{web.url}{name}/", mirroring_policy=policy, download_policy=download_policy
    )

    folder = published(server, world, "weak", tmp_path / "published")
    assert names_in(folder) == {"sha256"}
    told = packages(folder)
    assert told == packages(web.root / f"{name}-strong")
    for rpm, path in zip(FLOCK.rpms, rpm_store.build(*FLOCK.rpms), strict=True):
        assert told[rpm.nevra]["pkgId"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(asked_for(web, name)) == sorted(rpm.filename for rpm in FLOCK.rpms)
    shown = world.show("repositories", repository)
    assert (shown["weak_checksums"], shown["incomplete"]) == ([checksum], False)
    assert shown["content_counts"]["rpm"], shown["content_counts"]["srpm"] == (3, 1)
    listed = world.list("packages", repository_id=repository)
    assert {len(each["checksum"]) for each in listed} == {64}
    dnf = host(world, "weak")
    dnf.install("heron", "rook")
    assert {HERON_2.nevra, REED_2.nevra, ROOK.nevra} <= set(dnf.installed())


def test_only_what_is_new_is_downloaded_and_filters_work_as_ever(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
) -> None:
    name = "weak-growing"
    described(web.root / name, rpm_store, "--checksum=md5", of=FLOCK)
    repository = world.mirror("weak", f"{web.url}{name}/", download_policy="on_demand")
    before = len(asked_for(web, name))
    more = YumRepository(rpms=[*FLOCK.rpms, REED_1, SWIFT])
    described(web.root / name, rpm_store, "--checksum=md5", of=more)

    task = world.sync(repository)

    assert task["output"]["added"] == {"rpm": 2}
    assert task["output"]["removed"] == {}
    assert sorted(asked_for(web, name)[before:]) == sorted([REED_1.filename, SWIFT.filename])

    assert world.sync(repository, skip_metadata_check=True)["output"]["changed"] is False

    assert len(asked_for(web, name)) == before + 2
    view = world.view("Some", repository)
    world.filter(view, "no rooks", {"name": "rook", "architecture": "noarch"})
    world.publish(view)
    dnf = host(world, "weak", view="Some")
    assert dnf.repoquery() == sorted(rpm.nevra for rpm in more.rpms if rpm is not ROOK)
    dnf.install("heron", "swift")
    again = world.another()
    again.mirror("weak", f"{web.url}{name}/", download_policy="on_demand")
    assert len(asked_for(web, name)) == before + 2 + len(more.rpms)  # took nobody's word for it
    assert names_in(published(server, again, "weak", tmp_path / "again")) == {"sha256"}


def test_what_cannot_be_had_is_not_offered_by_its_weak_name(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
) -> None:
    name = "weak-patchy"
    rare = Rpm("reed", "1.1", release="9.weak")
    of = YumRepository(rpms=[HERON_2, ROOK, REED_2, rare])
    folder = described(web.root / name, rpm_store, "--checksum=md5", of=of)
    lost = folder / path_of(rare)
    body = lost.read_bytes()
    lost.unlink()
    repository = world.repository("weak", url=f"{web.url}{name}/", download_policy="on_demand")

    task = world.ended(world.post(f"repositories/{repository}/sync"))

    assert task["result"] == "warning"
    (missing,) = world.list(f"repositories/{repository}/missing_files")
    assert missing["path"] == path_of(rare)
    assert "md5 only" in missing["reason"]
    assert "404" in missing["reason"]
    view = world.view("All", repository)
    version = world.publish(view)
    rest = sorted(rpm.nevra for rpm in of.rpms if rpm is not rare)
    assert host(world, "weak").repoquery() == rest

    # It is there again, and still nothing but a synchronization takes it by such a name.
    lost.write_bytes(body)
    assert get(server, world.content_path("weak") + path_of(rare)).status_code == 404
    world.ended(world.post(f"repositories/{repository}/verify_checksum"))
    world.upload(world.repository("pool"), *rpm_store.build(rare))
    assert host(world, "weak").repoquery() == rest
    assert names_in(published(server, world, "weak", tmp_path / "rest")) == {"sha256"}

    assert world.sync(repository)["result"] == "success"

    assert not world.show("repositories", repository)["incomplete"]
    assert names_in(published(server, world, "weak", tmp_path / "whole")) == {"sha256"}
    dnf = host(world, "weak")
    assert dnf.repoquery() == sorted(rpm.nevra for rpm in of.rpms)
    dnf.install("reed")
    assert rare.nevra in dnf.installed()
    assert world.show("content_view_versions", version)["incomplete"]
    assert host(world, "weak", view="All").repoquery() == rest
    world.publish(view)
    assert host(world, "weak", view="All").repoquery() == sorted(rpm.nevra for rpm in of.rpms)


def test_a_strict_repository_is_refused_in_words_that_say_why(
    world: World, web: Upstream, rpm_store: RpmStore
) -> None:
    folder = described(web.root / "weak-strict", rpm_store, "--checksum=sha1", of=FLOCK)
    (folder / path_of(ROOK)).unlink()
    repository = world.repository(
        "weak",
        url=f"{web.url}weak-strict/",
        mirroring_policy="mirror_complete",
        download_policy="on_demand",
        missing_files_policy="strict",
    )

    task = world.ended(world.post(f"repositories/{repository}/sync"))

    assert task["result"] == "error"
    words = str(task["humanized"]["errors"])
    assert "404" in words
    assert "sha1 only" in words
    assert world.show("repositories", repository)["version_href"] is None


def test_packages_elsewhere_and_metadata_without_lists_of_files(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
) -> None:
    described(web.root / "weak-store", rpm_store, "--checksum=md5", of=FLOCK)
    described(
        web.root / "weak-bare",
        rpm_store,
        "--checksum=md5",
        f"--baseurl={web.url}weak-store/",
        of=FLOCK,
    )
    index = web.root / "weak-bare" / "repodata" / "repomd.xml"
    text = index.read_text()
    for kind in ("filelists", "other", "filelists_db", "other_db", "primary_db"):
        text = re.sub(rf'<data type="{kind}">.*?</data>', "", text, flags=re.DOTALL)
    index.write_text(text)
    for path in (web.root / "weak-bare").rglob("*.rpm"):
        path.unlink()

    world.mirror("weak", f"{web.url}weak-bare/", download_policy="on_demand")

    assert len(asked_for(web, "weak-store")) == len(FLOCK.rpms)
    folder = published(server, world, "weak", tmp_path / "published")
    assert names_in(folder) == {"sha256"}
    assert (
        "xml:base" not in gzip.decompress((folder / kinds(folder)["primary"]).read_bytes()).decode()
    )
    dnf = host(world, "weak")
    dnf.install("heron")
    assert HERON_2.nevra in dnf.installed()


def test_advisories_groups_and_modules_come_along(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    folder = web.root / "weak-aviary"
    AVIARY.having(checksum="md5").write(folder, rpm_store)

    repository = world.mirror("weak", f"{web.url}weak-aviary/", download_policy="on_demand")

    counts = world.show("repositories", repository)["content_counts"]
    assert counts["erratum"] == len(AVIARY.advisories)
    assert counts["module_stream"] == len(AVIARY.modules)
    dnf = host(world, "weak")
    dnf.group_install("wetland")
    assert HERON_2.nevra in dnf.installed()


def test_a_trees_repository_that_must_stay_as_it_is_is_left_out(
    world: World, server: Server, web: Upstream, rpm_store: RpmStore
) -> None:
    folder = web.root / "weak-tree"
    YumRepository(rpms=[REED_1]).write(folder, rpm_store)
    described(folder / "Extras", rpm_store, "--checksum=md5", of=YumRepository(rpms=[Rpm("wren")]))
    for path, body in IMAGES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    (folder / ".treeinfo").write_text(treeinfo(neighbour="Absent"))
    repository = world.repository("tree", url=f"{web.url}weak-tree/")

    task = world.ended(world.post(f"repositories/{repository}/sync"))

    assert task["result"] == "warning"
    assert "The tree's repository Extras names files by md5" in str(task["humanized"]["errors"])
    base = world.content_path("tree")
    assert get(server, f"{base}.treeinfo").status_code == 200
    assert get(server, f"{base}images/pxeboot/vmlinuz").status_code == 200
    assert get(server, f"{base}Extras/repodata/repomd.xml").status_code == 404
