"""The main job, judged by the real dnf over verified TLS: from upstream to an installed package."""

import hashlib
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from clients.conftest import Host
from support.aviary import (
    AVIARY,
    CRANE,
    FOREST,
    HERON_1,
    HERON_2,
    OWL_1,
    OWL_2,
    REED_1,
    REED_2,
    ROOK,
    WETLAND,
)
from support.repositories import Environment, YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

# Each of the signs that versions may have and URLs write in more than one way.
GULL = Rpm("gull", "2.0~rc1^git20260101+dirty", release="1")
PLUS = Rpm("libgull++", "1.0+1", release="1")
BIRDS = Environment("birds", "All birds", groups=["wetland", "forest"])
PLACE = AVIARY.having(rpms=[*AVIARY.rpms, GULL, PLUS], environments=[BIRDS])


@pytest.fixture(scope="module")
def place(web: Upstream, rpm_store: RpmStore) -> Path:
    return PLACE.write(web.root / "main-job", rpm_store)


@pytest.fixture(scope="module")
def birds(server: Server, web: Upstream, place: Path) -> Iterator[World]:
    """`main-job` mirrored on demand; view `all` in Library."""
    with server.client() as client:
        world = World(client)
        repository = world.mirror(
            place.name, f"{web.url}{place.name}/", download_policy="on_demand"
        )
        world.publish(world.view("all", repository))
        yield world


def curl(server: Server, path: str, *options: str) -> bytes:
    command = ["curl", "-sS", "--fail", "--cacert", server.ca, *options, f"{server.url}{path}"]
    done = subprocess.run(command, check=False, capture_output=True)
    assert not done.returncode, done.stderr.decode()
    return done.stdout


def files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob(pattern)}


@pytest.mark.parametrize("view", [None, "all"])
def test_library_offers_what_upstream_has(birds: World, host: Host, view: str | None) -> None:
    dnf = host(birds, "main-job", view=view)

    dnf.makecache()

    offered = dnf.repoquery("--disable-modular-filtering")
    assert offered == sorted(rpm.nevra for rpm in PLACE.rpms)


def test_a_package_installs_with_what_it_needs(birds: World, host: Host) -> None:
    dnf = host(birds, "main-job", view="all")

    dnf.install("heron")

    assert dnf.installed() == [HERON_2.nevra, REED_2.nevra]
    assert (dnf.root / "usr/share/heron/version").read_text() == "heron 2.0-1\n"


def test_metadata_of_file_lists_leads_to_packages(birds: World, host: Host) -> None:
    dnf = host(birds, "main-job")

    assert dnf.repoquery("--file", "/usr/share/rook/version") == [ROOK.nevra]
    assert "- Version 1.1\n" in dnf.run("repoquery", "--changelogs", REED_2.nevra).output


@pytest.mark.parametrize("rpm", [GULL, PLUS], ids=lambda rpm: rpm.name)
def test_signs_in_versions_survive_the_way_to_the_host(birds: World, host: Host, rpm: Rpm) -> None:
    dnf = host(birds, "main-job", view="all")

    dnf.install(rpm.name)

    assert dnf.installed() == [rpm.nevra]


@pytest.mark.parametrize(
    "written",
    [
        "gull-2.0~rc1^git20260101+dirty-1.noarch.rpm",
        "gull-2.0~rc1%5egit20260101+dirty-1.noarch.rpm",
        "gull-2.0%7Erc1%5Egit20260101%2Bdirty-1.noarch.rpm",
    ],
)
def test_a_file_name_may_be_written_in_each_way(
    birds: World, server: Server, rpm_store: RpmStore, written: str
) -> None:
    (built,) = rpm_store.build(GULL)

    got = curl(server, f"{birds.content_path('main-job')}Packages/g/{written}")

    assert got == built.read_bytes()


def test_groups_install_their_mandatory_packages(birds: World, host: Host) -> None:
    dnf = host(birds, "main-job", view="all")

    dnf.group_install("wetland")

    assert dnf.installed() == [HERON_2.nevra, REED_2.nevra]


def test_an_environment_group_installs_its_groups(birds: World, host: Host) -> None:
    dnf = host(birds, "main-job", view="all")

    assert "All birds" in dnf.run("group", "list").output
    dnf.group_install("birds")

    assert dnf.installed() == [HERON_2.nevra, REED_2.nevra, ROOK.nevra]


def test_a_module_stream_can_be_enabled_and_installed(birds: World, host: Host) -> None:
    dnf = host(birds, "main-job", view="all")

    assert dnf.repoquery("owl") == [OWL_1.nevra]  # the default stream
    dnf.module("enable", "owl:2")
    dnf.module("install", "owl:2/default")

    assert dnf.installed() == [OWL_2.nevra]


def test_advisories_are_listed_and_told_about(birds: World, host: Host) -> None:
    dnf = host(birds, "main-job", view="all")
    dnf.install(HERON_1.nevra)

    told = dnf.run("updateinfo", "info", "BIRD-2026:0001").output

    assert dnf.advisories() == ["BIRD-2026:0001"]
    assert dnf.advisories("--cve", "CVE-2026-0001") == ["BIRD-2026:0001"]
    assert "Heron sees too much" in told
    assert "Severity: Important" in told


def test_a_mirror_of_the_mirror_has_the_same_files(
    birds: World, host: Host, place: Path, tmp_path: Path
) -> None:
    dnf = host(birds, "main-job", view="all")

    dnf.reposync(tmp_path / "mirror", "--download-metadata")

    assert files(tmp_path / "mirror", "*.rpm") == files(place, "*.rpm")
    # An unchanged repository is served with its upstream's metadata, byte for byte.
    metadata = files(tmp_path / "mirror/main-job/repodata", "*")
    upstream = files(place / "repodata", "*")
    assert metadata == upstream
    assert (
        metadata[next(name for name in metadata if name.endswith("productid"))]
        == (PLACE.others["productid"])
    )


def test_sources_can_be_fetched(birds: World, host: Host, rpm_store: RpmStore) -> None:
    dnf = host(birds, "main-job", view="all")

    dnf.run("download", "--source", f"--destdir={dnf.root}", "rook")

    (built,) = rpm_store.build(ROOK.sources)
    assert (dnf.root / ROOK.sources.filename).read_bytes() == built.read_bytes()


@pytest.mark.parametrize("view", [None, "all"])
def test_a_kickstart_tree_comes_with_its_images(
    birds: World, server: Server, place: Path, view: str | None
) -> None:
    base = birds.content_path("main-job", view=view)
    tree = ConfigParser(delimiters="=")
    tree.read_string(curl(server, f"{base}.treeinfo").decode())

    images = {path: curl(server, base + path) for path in tree["images-x86_64"].values()}

    assert images == {path: (place / path).read_bytes() for path in images}
    for path, body in images.items():
        assert tree["checksums"][path] == f"sha256:{hashlib.sha256(body).hexdigest()}"


@pytest.mark.parametrize("policy", ["on_demand", "immediate"])
@pytest.mark.parametrize("compression", ["gz", "zstd"])
def test_written_metadata_is_read_in_every_compression(
    world: World, host: Host, web: Upstream, compression: str, policy: str
) -> None:
    name = f"{compression}-{policy}"
    options = {"metadata_compression": compression, "download_policy": policy}
    repository = world.mirror(name, f"{web.url}aviary/", **options)
    view = world.view("some", repository)
    world.filter(view, "no rooks", {"name": "rook"})
    world.publish(view)
    dnf = host(world, name, view="some")

    dnf.install("heron")

    offered = dnf.repoquery("--disable-modular-filtering")
    # Source packages always stay.
    assert offered == sorted(rpm.nevra for rpm in AVIARY.rpms if rpm is not ROOK)
    assert dnf.installed() == [HERON_2.nevra, REED_2.nevra]
    suffix = {"gz": ".gz", "zstd": ".zst"}[compression]
    found = [path.name for path in (dnf.root.parent / "cache").rglob("*-primary.xml*")]
    assert [Path(each).suffix for each in found] == [suffix]


def test_dev_has_what_was_promoted_and_nothing_else(
    world: World, host: Host, web: Upstream
) -> None:
    repository = world.mirror("aviary", f"{web.url}aviary/")
    view = world.view("birds", repository)
    held_back = world.filter(view, "not yet", {"name": "heron", "min_version": "1.5"})
    dev = world.environment("Dev")
    first = world.publish(view)
    world.promote(first, dev)
    world.delete(f"content_view_filters/{held_back}")
    second = world.publish(view)
    library = host(world, "aviary", view="birds")
    on_dev = host(world, "aviary", environment="Dev", view="birds")

    assert library.repoquery("heron") == [HERON_1.nevra, HERON_2.nevra]
    assert on_dev.repoquery("heron") == [HERON_1.nevra]
    on_dev.install("heron")
    assert on_dev.installed() == [HERON_1.nevra, REED_2.nevra]
    # What speaks of the package that is held back is held back with it.
    assert "BIRD-2026:0001" not in on_dev.run("updateinfo", "list", "--all").output

    world.promote(second, dev)
    assert on_dev.repoquery("heron") == [HERON_1.nevra, HERON_2.nevra]
    assert on_dev.advisories() == ["BIRD-2026:0001"]
    on_dev.run("upgrade")
    assert on_dev.installed() == [HERON_2.nevra, REED_2.nevra]

    world.promote(first, dev, force=True)
    assert on_dev.repoquery("heron") == [HERON_1.nevra]
    assert HERON_2.nevra in library.repoquery("heron")


def test_upstream_moves_on_and_published_versions_stay(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    source = YumRepository(rpms=[REED_1, HERON_1])
    folder = source.write(web.root / "moving", rpm_store)
    repository = world.mirror("moving", f"{web.url}moving/", mirroring_policy="additive")
    view = world.view("frozen", repository)
    world.publish(view)
    source.having(rpms=[REED_2, HERON_2]).write(folder, rpm_store)
    world.sync(repository)
    latest, frozen = host(world, "moving"), host(world, "moving", view="frozen")

    assert frozen.repoquery() == [HERON_1.nevra, REED_1.nevra]
    # Additive: what upstream dropped is still here.
    assert latest.repoquery() == sorted(each.nevra for each in (HERON_1, HERON_2, REED_1, REED_2))

    world.publish(view)
    frozen.install("heron")
    assert frozen.installed() == [HERON_2.nevra, REED_2.nevra]


def test_groups_and_modules_follow_their_packages_through_a_filter(
    world: World, host: Host, web: Upstream
) -> None:
    repository = world.mirror("aviary", f"{web.url}aviary/")
    view = world.view("dry", repository)
    world.filter(view, "no wetland", {"name": "heron"}, {"name": "reed"}, {"name": "crane"})
    world.filter(view, "modular packages follow their streams", {"name": "owl"})
    world.publish(view)
    dnf = host(world, "aviary", view="dry")

    listed = dnf.run("group", "list", "--hidden").output
    assert FOREST.name in listed
    assert WETLAND.name not in listed
    streams = dnf.module("list").output
    assert "owl  1 [d]" in streams
    assert "owl  2" in streams
    dnf.module("install", "owl:2/default")
    assert dnf.installed() == [OWL_2.nevra]


def test_uploaded_packages_are_installed_and_removed_ones_are_gone(
    world: World, host: Host, rpm_store: RpmStore
) -> None:
    repository = world.repository("own")
    world.upload(repository, *rpm_store.build(REED_2, CRANE))
    world.upload(repository, *rpm_store.build(CRANE.sources), kind="srpm")
    dnf = host(world, "own")

    dnf.install("crane")
    assert dnf.installed() == sorted([CRANE.nevra, REED_2.nevra])

    (crane,) = world.list("packages", repository_id=repository, name="crane")
    world.remove(repository, crane["id"])
    assert dnf.repoquery() == [CRANE.sources.nevra, REED_2.nevra]
    other = host(world, "own")
    assert "Unable to find a match: crane" in other.fail("install", "crane")


def test_a_file_repository_is_fetched_by_its_manifest(
    world: World, server: Server, tmp_path: Path
) -> None:
    repository = world.repository("papers", content_type="file")
    papers = {"a plan.txt": b"fly south\n", "eggs+more.bin": bytes(range(256)) * 99}
    for name, body in papers.items():
        (tmp_path / name).write_bytes(body)
        world.upload(repository, tmp_path / name)
    base = world.content_path("papers")

    lines = curl(server, f"{base}PULP_MANIFEST").decode().splitlines()

    listed = {name: (digest, int(size)) for name, digest, size in (x.rsplit(",", 2) for x in lines)}
    assert listed == {
        name: (hashlib.sha256(body).hexdigest(), len(body)) for name, body in papers.items()
    }
    for name, body in papers.items():
        assert curl(server, base + name.replace(" ", "%20")) == body
