"""What the world's repositories hold besides the usual, published so that dnf works with it."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import httpx2
import yaml
from inline_snapshot import snapshot

from clients.conftest import Host
from headgate.content.rpm.metadata.packages import Fragments
from support import needs
from support.aviary import HERON_1, OWL_1, OWL_2, REED_1, REED_2, ROOK
from support.metadata import kinds, write_files
from support.repositories import Advisory, Module, YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World
from support.yum_xml import documents

BOTH = ("mirror_complete", "additive")  # upstream's own metadata, and metadata written anew


def add(folder: Path, kind: str, name: str, body: str) -> None:
    """Put a document of a kind into a repository that is there."""
    document = folder / name
    document.write_text(body)
    modifyrepo = needs.program("modifyrepo_c", package="createrepo-c")
    command = [modifyrepo, f"--mdtype={kind}", document, folder / "repodata"]
    subprocess.run(command, check=True, capture_output=True)
    document.unlink()


def createrepo(folder: Path, *options: str) -> None:
    """Write the metadata of what is in the folder."""
    program = needs.program("createrepo_c", package="createrepo-c")
    subprocess.run([program, "--quiet", *options, folder], check=True, capture_output=True)


def elements(folder: Path) -> list[Fragments]:
    """The packages as a repository's metadata describes them."""
    found: list[list[bytes]] = []
    for kind in ("primary", "filelists", "other"):
        body = gzip.decompress((folder / kinds(folder)[kind]).read_bytes())
        found.append(re.findall(rb"<package .*?</package>", body, re.DOTALL))
    return [Fragments(*each) for each in zip(*found, strict=True)]


def get(server: Server, path: str) -> httpx2.Response:
    with server.client() as client:
        return client.get(path)


ADVISORIES = """<?xml version="1.0" encoding="UTF-8"?>
<updates>
<update from="a" status="final" type="security" version="2.1-rc">
  <id>ODD-1</id><title>Two collections</title><severity>Critical</severity>
  <pkglist>
    <collection short="one"><name>One</name>
      <package name="reed" version="1.1" release="2" epoch="0" arch="noarch">
        <filename>reed-1.1-2.noarch.rpm</filename></package></collection>
    <collection short="two"><name>Two</name>
      <package name="heron" version="1.0" release="1" epoch="0" arch="noarch">
        <filename>heron-1.0-1.noarch.rpm</filename></package></collection>
  </pkglist>
</update>
<update from="a" status="final" type="bugfix" version="1">
  <id>ODD-2</id><title>One half</title><issued date="1767225600"/>
  <pkglist><collection><package name="reed" version="1.1" release="2" epoch="0" arch="noarch">
    <filename>reed-1.1-2.noarch.rpm</filename></package></collection></pkglist>
</update>
<update from="b" status="final" type="bugfix" version="1">
  <id>ODD-2</id><title>The other half</title><issued date="1767225600"/>
  <pkglist><collection><package name="rook" version="4" release="1" epoch="0" arch="noarch">
    <filename>rook-4-1.noarch.rpm</filename></package></collection></pkglist>
</update>
<update type="enhancement"><id>ODD-3</id><updated date="someday"/></update>
</updates>
"""


def test_advisories_with_collections_namesakes_and_without_dates(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    rook = Rpm("rook", "4")
    repository = YumRepository(rpms=[REED_1, REED_2, HERON_1, rook, Rpm("rook", "3")])
    folder = repository.write(web.root / "advised", rpm_store)
    add(folder, "updateinfo", "updateinfo.xml", ADVISORIES)
    for policy in BOTH:
        mirror = world.mirror(policy, f"{web.url}advised/", mirroring_policy=policy)

        dnf = host(world, policy)
        dnf.install("reed-1.0", "rook-3")
        assert dnf.advisories() == ["ODD-1", "ODD-2"]
        assert "ODD-2" in dnf.run("updateinfo", "info", "--all", "ODD-2").output
        dnf.run("update", "--advisory=ODD-2")
        assert set(dnf.installed()) == {REED_2.nevra, rook.nevra}
        errata = world.list("errata", repository_id=mirror)
        assert sorted(each["errata_id"] for each in errata) == ["ODD-1", "ODD-2", "ODD-2", "ODD-3"]


def advisory(title: str, *, updated: str, rpm: Rpm) -> Advisory:
    return Advisory("MANY-1", [rpm], title=title, issued=updated)


def test_of_an_advisory_in_two_states_the_newer_one_stays(
    world: World, web: Upstream, rpm_store: RpmStore
) -> None:
    """Where content is added to: a mirror holds what its upstream has."""
    folder = web.root / "corrected"
    early, late = "2026-01-02 09:00:00", "2026-02-03 09:00:00"
    states = [
        (advisory("first", updated=early, rpm=REED_1), ["first"]),
        (advisory("corrected", updated=late, rpm=REED_1), ["corrected"]),
        (advisory("stale", updated=early, rpm=REED_1), ["corrected"]),
        (advisory("same day", updated=late, rpm=REED_1), ["same day"]),
        (advisory("other half", updated=late, rpm=ROOK), ["other half", "same day"]),
    ]
    mirror = world.repository("grown", url=f"{web.url}corrected/", mirroring_policy="additive")
    for state, expected in states:
        YumRepository(rpms=[REED_1], advisories=[state]).write(folder, rpm_store)
        world.sync(mirror)

        errata = world.list("errata", repository_id=mirror)
        assert sorted(each["title"] for each in errata) == expected


LATIN = Rpm("moewe", summary="Eine M\udcf6we aus Stra\udcdfburg")  # ISO 8859-1


def test_headers_that_are_not_ascii_and_not_even_utf_8(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    YumRepository(rpms=[LATIN, REED_1]).write(web.root / "latin", rpm_store)
    (uploaded,) = rpm_store.build(LATIN)
    for policy in BOTH:
        world.mirror(f"latin-{policy}", f"{web.url}latin/", mirroring_policy=policy)
    pool = world.repository("pool")
    world.upload(pool, uploaded)
    for name in (*(f"latin-{policy}" for policy in BOTH), "pool"):
        dnf = host(world, name)
        dnf.install("moewe")
        assert dnf.installed() == [LATIN.nevra]
        (shown,) = dnf.run("repoquery", "--quiet", "--queryformat=%{summary}", "moewe").lines
        assert shown == snapshot("Eine Möwe aus Straßburg")


OBSOLETES = """---
document: modulemd-obsoletes
version: 1
data:
  module: owl
  stream: "1"
  modified: 2026-03-01T00:00Z
  reset: false
  eol_date: 2026-03-01T00:00Z
  message: "Owl 1 has had its time"
  obsoleted_by:
    module: owl
    stream: "2"
...
"""


def test_modules_with_defaults_obsoletes_and_static_contexts(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    streams = [
        Module("owl", "1", [OWL_1], context="c0ffee01", default=True),
        Module("owl", "2", [OWL_2], context="static2"),
    ]
    text = yaml.safe_dump_all(
        [each for stream in streams for each in stream.documents()],
        explicit_start=True,
        explicit_end=True,
    )
    text = text.replace("context: static2", "context: static2\n  static_context: true")
    folder = YumRepository(rpms=[OWL_1, OWL_2, REED_1]).write(web.root / "owls", rpm_store)
    add(folder, "modules", "modules.yaml", text + OBSOLETES)
    for policy in BOTH:
        mirror = world.mirror(f"owls-{policy}", f"{web.url}owls/", mirroring_policy=policy)
        view = world.view(f"no-reeds-{policy}", mirror)
        world.filter(view, "out", {"name": "reed"})
        world.publish(view)
        for name in (None, f"no-reeds-{policy}"):
            dnf = host(world, f"owls-{policy}", view=name)
            dnf.install("owl")
            assert OWL_1.nevra in dnf.installed()
            assert "[d]" in dnf.module("list", "owl").output
            dnf.run("module", "switch-to", "owl:2")
            assert dnf.installed() == [OWL_2.nevra]


def test_defaults_and_obsoletes_that_changed_take_the_place_of_the_older_ones(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    one = Module("owl", "1", [OWL_1], context="c0ffee01")
    two = Module("owl", "2", [OWL_2], context="c0ffee02")
    folder = web.root / "shifted"
    mirror = world.repository("moved", url=f"{web.url}shifted/", mirroring_policy="additive")
    for default in (one, two):
        streams = [
            Module(
                each.name, each.stream, each.packages, context=each.context, default=each is default
            )
            for each in (one, two)
        ]
        YumRepository(rpms=[OWL_1, OWL_2], modules=streams).write(folder, rpm_store)
        world.sync(mirror)

    dnf = host(world, "moved")
    dnf.install("owl")

    assert dnf.installed() == [OWL_2.nevra]


def test_the_same_package_twice_under_other_checksums(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    """Rebuilt without a new release, at another path: clients may have either."""
    other = Rpm("twin", summary="Built again")
    folder = YumRepository(rpms=[Rpm("twin"), REED_1]).write(web.root / "twins", rpm_store)
    (again,) = rpm_store.build(other)
    (folder / "Packages" / "again").mkdir()
    shutil.copy2(again, folder / "Packages" / "again" / again.name)
    createrepo(folder)
    for policy in BOTH:
        mirror = world.mirror(f"twins-{policy}", f"{web.url}twins/", mirroring_policy=policy)

        listed = world.list("packages", repository_id=mirror)
        assert sorted(each["name"] for each in listed) == ["reed", "twin", "twin"]
        host(world, f"twins-{policy}").install("twin", "reed")
        base = world.content_path(f"twins-{policy}")
        for each in listed:
            path = each["relativepath"]
            assert get(server, base + path).content == (folder / path).read_bytes()


def test_two_checksums_at_one_path_leave_the_one_that_is_there(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    """An index that was not cleaned after a rebuild: one of its entries is a lie."""
    folder = web.root / "stale"
    YumRepository(rpms=[Rpm("double"), REED_1]).write(folder, rpm_store)
    lies = elements(folder)
    (again,) = rpm_store.build(Rpm("double", summary="Built again"))
    shutil.copy2(again, folder / "Packages" / "d" / again.name)
    createrepo(folder)
    truth = elements(folder)
    both = [*truth, *(each for each in lies if each not in truth)]
    shutil.rmtree(folder / "repodata")
    write_files(folder, {f"{kind}.xml": body for kind, body in documents(both).items()})

    mirror = world.repository("stale", url=f"{web.url}stale/")
    task = world.ended(world.post(f"repositories/{mirror}/sync"))

    assert (task["result"], task["output"]["missing_files"]) == ("warning", 1)
    dnf = host(world, "stale")
    dnf.install("double", "reed")
    (shown,) = dnf.run("repoquery", "--quiet", "--queryformat=%{summary}", "double").lines
    assert shown == "Built again"


def test_a_package_below_repodata_hides_no_metadata(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    folder = YumRepository(rpms=[REED_1]).write(web.root / "below", rpm_store)
    hidden = folder / "repodata" / "hidden"
    hidden.mkdir()
    (heron,) = rpm_store.build(HERON_1)
    shutil.copy2(heron, hidden / heron.name)
    listed = folder / "list"
    found = [f"Packages/r/{REED_1.filename}", f"repodata/hidden/{heron.name}"]
    listed.write_text("\n".join(found) + "\n")
    createrepo(folder, f"--pkglist={listed}")
    shutil.copytree(heron.parent, hidden, dirs_exist_ok=True)
    for policy in BOTH:
        world.mirror(f"below-{policy}", f"{web.url}below/", mirroring_policy=policy)

        dnf = host(world, f"below-{policy}")
        dnf.install("heron")
        assert dnf.installed() == sorted([HERON_1.nevra, REED_1.nevra])


def test_source_packages_are_fetched_as_such(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    YumRepository(rpms=[ROOK.sources]).write(web.root / "sources", rpm_store)
    for policy in BOTH:
        mirror = world.mirror(f"src-{policy}", f"{web.url}sources/", mirroring_policy=policy)

        counts = world.show("repositories", mirror)["content_counts"]
        assert (counts["rpm"], counts["srpm"]) == (0, 1)
        folder = tmp_path / policy
        host(world, f"src-{policy}").run("download", "--source", f"--destdir={folder}", "rook")
        (source,) = rpm_store.build(ROOK.sources)
        assert (folder / source.name).read_bytes() == source.read_bytes()
