"""Repositories as other tools and older times have made them; dnf says what came of them."""

import bz2
import gzip
import lzma
import re
import shutil
import subprocess
from pathlib import Path

import zstandard

from clients.conftest import Host
from support import needs
from support.aviary import AVIARY, HERON_2, REED_2, ROOK, SWIFT
from support.metadata import fetch, kinds, packages, write_files
from support.mirror_ring import metalink
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

FLOCK = YumRepository(rpms=[REED_2, HERON_2, ROOK])
_DEBIAN = Path("/usr/bin/createrepo_c")


def described(folder: Path, rpm_store: RpmStore, *options: str, of: YumRepository = FLOCK) -> Path:
    """Write packages and let Debian's createrepo_c describe them with these options."""
    of.write(folder, rpm_store)
    shutil.rmtree(folder / "repodata")
    if not _DEBIAN.exists():
        needs.missing(str(_DEBIAN), package="createrepo-c")
    subprocess.run([_DEBIAN, "--quiet", *options, folder], check=True)
    return folder


def published(server: Server, world: World, name: str, folder: Path) -> Path:
    with server.client() as client:
        return fetch(client, world.content_path(name), folder)


def test_chunked_files_are_passed_over_or_kept_as_they_are(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
) -> None:
    source = described(web.root / "chunked", rpm_store, "--zck")
    assert {"primary_zck", "primary_db"} <= set(kinds(source))
    url = f"{web.url}chunked/"

    world.mirror("plain", url)
    exact = world.mirror("exact", url, mirroring_policy="mirror_complete")

    plain = published(server, world, "plain", tmp_path / "plain")
    assert set(kinds(plain)) == {"primary", "filelists", "other"}
    exactly = published(server, world, "exact", tmp_path / "exact")
    index = Path("repodata") / "repomd.xml"
    assert (exactly / index).read_bytes() == (source / index).read_bytes()
    for name in ("plain", "exact"):
        dnf = host(world, name)
        dnf.install("heron")
        assert HERON_2.nvra in " ".join(dnf.run("repoquery", "--location", "heron").lines)

    # What is not upstream's own words any more names no file of upstream's.
    view = world.view("some", exact)
    world.filter(view, "no rooks", {"name": "rook"})
    world.publish(view)
    with server.client() as client:
        some = fetch(client, world.content_path("exact", view="some"), tmp_path / "some")
    assert set(kinds(some)) == {"primary", "filelists", "other"}


def test_metadata_and_packages_may_lie_elsewhere_in_any_compression(
    *,
    world: World,
    server: Server,
    host: Host,
    web: Upstream,
    rpm_store: RpmStore,
    tmp_path: Path,
) -> None:
    """The index names a folder of its own for primary, which names another for each package."""
    store = web.root / "store"
    FLOCK.write(store, rpm_store)
    plain = {
        kind: gzip.decompress((store / path).read_bytes()) for kind, path in kinds(store).items()
    }
    primary = re.sub(rb"<location ", b'<location xml:base="%sstore/" ' % web.url.encode(),
                     plain["primary"])  # fmt: skip
    folder = write_files(
        web.root / "odd",
        {
            "primary.xml.xz": lzma.compress(primary),
            "filelists.xml.zst": zstandard.ZstdCompressor().compress(plain["filelists"]),
            "other.xml.bz2": bz2.compress(plain["other"]),
            "group.xml": b"<comps/>",
        },
    )
    (web.root / "meta" / "repodata").mkdir(parents=True)
    shutil.move(folder / "repodata" / "primary.xml.xz", web.root / "meta" / "repodata")
    index = folder / "repodata" / "repomd.xml"
    moved = f'<location xml:base="{web.url}meta/" href="repodata/primary'
    index.write_text(index.read_text().replace('<location href="repodata/primary', moved))

    world.mirror("odd", f"{web.url}odd/", mirroring_policy="mirror_complete")

    text = published(server, world, "odd", tmp_path / "published")
    assert "xml:base" not in (text / "repodata" / "repomd.xml").read_text()
    assert set(packages(text)) == {rpm.nevra for rpm in FLOCK.rpms}
    dnf = host(world, "odd")
    dnf.install("heron", "rook")
    assert REED_2.nevra in dnf.installed()


def test_a_repository_of_source_packages(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    sources = [ROOK.sources, REED_2.sources]
    YumRepository(rpms=sources).write(web.root / "sources", rpm_store)

    repository = world.mirror("sources", f"{web.url}sources/")

    assert world.show("repositories", repository)["content_counts"]["srpm"] == 2
    dnf = host(world, "sources")
    dnf.run("download", "--source", "--destdir", str(tmp_path / "got"), "rook")
    (path,) = rpm_store.build(ROOK.sources)
    assert (tmp_path / "got" / ROOK.sources.filename).read_bytes() == path.read_bytes()


def test_each_host_takes_packages_of_its_architectures(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    arches = ("i686", "x86_64", "aarch64", "noarch")
    rpms = [Rpm(f"tern-{arch}", arch=arch) for arch in arches] + [SWIFT]
    YumRepository(rpms=rpms).write(web.root / "arches", rpm_store)

    repository = world.mirror("arches", f"{web.url}arches/", download_policy="on_demand")

    listed = world.list("packages", repository_id=repository)
    assert {each["arch"] for each in listed} == set(arches)
    dnf = host(world, "arches")
    dnf.install("tern-i686", "tern-x86_64", "tern-noarch")
    assert "tern-aarch64" in dnf.fail("install", "tern-aarch64")


def test_the_whole_aviary_comes_through_a_metalink(
    world: World, server: Server, host: Host, web: Upstream
) -> None:
    """Groups, advisories, modules and a tree, on demand, from a mirror that a list names."""
    repomd = (web.root / "aviary" / "repodata" / "repomd.xml").read_bytes()
    (web.root / "metalink").write_bytes(metalink([f"{web.url}aviary/"], repomd))

    repository = world.mirror(
        "aviary", f"{web.url}metalink?repo=aviary", download_policy="on_demand"
    )

    shown = world.show("repositories", repository)
    assert shown["mirrors"] == [f"{web.url}aviary/"]
    assert shown["content_counts"]["erratum"] == len(AVIARY.advisories)
    with server.client() as client:
        image = client.get(world.content_path("aviary") + "images/boot.iso")
    assert image.content == (web.root / "aviary" / "images" / "boot.iso").read_bytes()
    dnf = host(world, "aviary")
    dnf.group_install("wetland")
    assert HERON_2.nevra in dnf.installed()
