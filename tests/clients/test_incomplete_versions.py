"""A version that lacks files: dnf works with the rest, people see what is missing, it heals."""

import shutil

import httpx2

from clients.conftest import Host
from support.aviary import HERON_1, REED_1
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import Json, World

BOOT = "images/boot.iso"


class Mirrored:
    """An upstream folder, of which files can be lost and found, and its mirror."""

    def __init__(self, world: World, web: Upstream, store: RpmStore, name: str) -> None:
        self.world = world
        self.name = name
        # Of its own: what another test brings would heal it.
        self.reed = Rpm("reed", "1.1", release=f"2.{name}")
        self.rook = Rpm("rook", "3.2", release=f"4.{name}")
        self.rpms = [REED_1, self.reed, HERON_1, self.rook]
        self.store = store
        self.folder = web.root / name
        self.write(*self.rpms)
        self.url = f"{web.url}{name}/"
        self._safe = web.root / f"{name}-safe"
        shutil.copytree(self.folder, self._safe)

    def write(self, *rpms: Rpm) -> None:
        YumRepository(rpms=rpms, treeinfo=True).write(self.folder, self.store)

    def lose(self, path: str) -> None:
        (self.folder / path).unlink()

    def garble(self, path: str) -> None:
        (self.folder / path).write_bytes((self.folder / path).read_bytes()[:-1] + b"!")

    def find(self, path: str) -> None:
        shutil.copy2(self._safe / path, self.folder / path)

    def mirror(self, **fields: object) -> Json:
        self.repository = self.world.repository(self.name, url=self.url, **fields)
        return self.sync()

    def sync(self) -> Json:
        asked = self.world.post(f"repositories/{self.repository}/sync")
        return self.world.ended(asked)

    def shown(self) -> Json:
        return self.world.show("repositories", self.repository)

    def missing(self) -> dict[str, Json]:
        found = self.world.list(f"repositories/{self.repository}/missing_files")
        return {each["path"]: each for each in found}


def path_of(rpm: Rpm) -> str:
    return f"Packages/{rpm.name[0]}/{rpm.filename}"


def get(server: Server, path: str) -> httpx2.Response:
    with server.client() as client:
        return client.get(path)


def test_dnf_works_with_the_rest_and_gets_the_whole_when_upstream_has_it(
    world: World, server: Server, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "patchy")
    reed = path_of(birds.reed)
    birds.lose(reed)
    birds.garble(BOOT)

    rest = sorted(rpm.nevra for rpm in birds.rpms if rpm is not birds.reed)

    task = birds.mirror(mirroring_policy="mirror_complete")

    assert task["result"] == "warning"
    assert f"{reed} is missing" in str(task["humanized"]["errors"])
    assert f"{birds.url}{BOOT}" in str(task["humanized"]["errors"])
    assert birds.shown()["incomplete"]
    assert birds.shown()["missing_files_count"] == 2
    number = birds.shown()["version_href"]
    lost, garbled = birds.missing()[reed], birds.missing()[BOOT]
    assert (lost["mirror"], lost["size"] > 0) == (birds.url, True)
    assert "404" in lost["reason"]
    assert "wrong bytes" in garbled["reason"]
    assert garbled["checksum"].startswith("sha256:")
    dnf = host(world, birds.name)
    assert dnf.repoquery() == rest
    dnf.install("reed", "heron", "rook")
    assert REED_1.nevra in dnf.installed()

    view, some = world.view("All", birds.repository), world.view("Some", birds.repository)
    world.filter(some, "no rooks", {"name": "rook"})
    versions = [world.publish(view), world.publish(some)]

    for version, count in zip(versions, (2, 2), strict=True):
        shown = world.show("content_view_versions", version)
        assert (shown["incomplete"], shown["missing_files_count"]) == (True, count)
        listed = world.list(f"content_view_versions/{version}/missing_files")
        assert {each["path"] for each in listed} == {reed, BOOT}
    assert set(host(world, birds.name, view="Some").repoquery()) == set(rest) - {birds.rook.nevra}
    for path in (reed, BOOT):
        assert get(server, world.content_path(birds.name) + path).status_code in (404, 502)

    birds.find(reed)
    birds.find(BOOT)
    task = birds.sync()

    assert task["result"] == "success"
    assert task["output"]["changed"] is False
    shown = birds.shown()
    assert (shown["incomplete"], shown["version_href"]) == (False, number)
    assert birds.missing() == {}
    dnf.run("update")
    assert birds.reed.nevra in dnf.installed()
    for name, version in zip(("All", "Some"), versions, strict=True):
        healed = world.show("content_view_versions", version)
        assert not healed["incomplete"], name
        assert birds.reed.nevra in host(world, birds.name, view=name).repoquery()
        served = get(server, world.content_path(birds.name, view=name) + BOOT)
        assert served.content == (birds.folder / BOOT).read_bytes()
    repomd = get(server, world.content_path(birds.name) + "repodata/repomd.xml").content
    upstream = (birds.folder / "repodata" / "repomd.xml").read_bytes()
    assert repomd == upstream


def test_another_repository_or_an_upload_of_the_same_organization_heals(
    world: World, host: Host, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "healing")
    birds.lose(path_of(birds.reed))
    birds.lose(path_of(birds.rook))
    birds.mirror()
    number = birds.shown()["version_href"]
    reed, rook = rpm_store.build(birds.reed, birds.rook)

    stranger = world.another()
    stranger.upload(stranger.repository("pool"), reed)

    assert path_of(birds.reed) in birds.missing()

    world.upload(world.repository("pool"), reed)

    assert set(birds.missing()) == {path_of(birds.rook)}
    assert birds.reed.nevra in host(world, birds.name).repoquery()
    assert birds.shown()["version_href"] == number

    world.upload(birds.repository, rook)

    assert birds.missing() == {}
    assert host(world, birds.name).repoquery() == sorted(rpm.nevra for rpm in birds.rpms)
    assert birds.shown()["version_href"] == number


def test_strict_repositories_and_too_much_trouble_keep_the_version_before(
    world: World, web: Upstream, rpm_store: RpmStore
) -> None:
    birds = Mirrored(world, web, rpm_store, "strict")
    birds.mirror(missing_files_policy="strict")
    before = birds.shown()
    stork = Rpm("stork")
    birds.write(*birds.rpms, stork)
    birds.lose(path_of(stork))

    assert birds.sync()["result"] == "error"

    assert birds.shown()["version_href"] == before["version_href"]
    assert not birds.shown()["incomplete"]

    bare = Mirrored(world, web, rpm_store, "bare")
    bare.write(bare.reed, bare.rook)
    for path in bare.folder.rglob("*.rpm"):
        path.unlink()
    shutil.rmtree(bare.folder / "images")

    assert bare.mirror()["result"] == "error"

    assert bare.shown()["version_href"] is None
