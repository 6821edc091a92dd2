"""Versions that nothing serves: their metadata goes, and is the same again when it is needed."""

import gzip
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from headgate.domain.dormancy import DormancyRules
from headgate.server.content_types import content_types
from headgate.services.storage.collection import requested
from headgate.stores.db.tables import (
    content_view_version_repositories,
    content_view_versions,
    publications,
)
from headgate.upstream import DownloadRules
from headgate.workflows.collect import collect, sweep
from headgate.workflows.workshop import Workshop
from support.aviary import CRANE, HERON_ADVISORY, REED_1, ROOK
from support.content_server import Answer, ContentRules, ContentServer, content_server
from support.house import House
from support.repositories import YumRepository
from support.rpms import RpmStore

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
WAKING = "Actions::Katello::Repository::MetadataGenerate"
REPOMD = "repodata/repomd.xml"


@dataclass
class Roost:
    """A house of which only the newest version of each view stays awake, and its data plane."""

    house: House
    content: ContentServer

    @property
    def workshop(self) -> Workshop:
        rules = DormancyRules(newest=1, least_bytes=0, awake_for=timedelta(hours=24))
        return replace(self.house.workshop(), dormancy=rules)

    def settle(self) -> None:
        """Collect until nobody asks for it any more."""
        while True:
            collect(self.workshop)
            with self.house.control.database.read() as tx:
                if requested(tx, clock=self.house.control.clock) is None:
                    return

    def dormant(self) -> set[str]:
        """Return the numbers of the versions with dormant publications."""
        held, versions = content_view_version_repositories.c, content_view_versions.c
        with self.house.control.database.read() as tx:
            rows = tx.execute(
                select(versions.major, versions.minor)
                .join(content_view_version_repositories, held.version_id == versions.id)
                .join(publications, publications.c.id == held.publication_id)
                .where(publications.c.dormant)
            )
            return {f"{row.major}.{row.minor}" for row in rows}

    def stored(self) -> int:
        return sum(size for _, size in self.house.control.blobs.digests())

    def path(self, view: str, number: str, repository: str) -> str:
        """Return where a version is served by its number."""
        label = self.house.world.organization_label
        return f"/pulp/content/{label}/content_views/{view}/{number}/custom/Birds/{repository}/"

    def asked_again(self, target: str) -> Answer:
        """Ask as clients do, again after 503: on a busy machine waking takes its time."""
        give_up = time.monotonic() + 60
        while (answer := self.get(target)).status == 503 and time.monotonic() < give_up:
            pass  # each asking waits for the waking itself
        return answer

    def get(self, path: str) -> Answer:
        return self.content.request("GET", path)

    def body(self, path: str) -> bytes:
        answer = self.asked_again(path)
        assert answer.status == 200, (path, answer)
        return answer.body

    def metadata(self, path: str) -> Mapping[str, bytes]:
        """Return all metadata files at a path."""
        page = self.body(f"{path}repodata/").decode()
        names = set(re.findall(r">([^<>/]+)</a>", page))
        assert "repomd.xml" in names, page
        return {name: self.body(f"{path}repodata/{name}") for name in sorted(names)}

    def wakings(self) -> list[Any]:
        return list(self.house.world.list_tasks(WAKING))


@pytest.fixture
def roost(house: House, tmp_path: Path) -> Iterator[Roost]:
    setting = "/api/settings/distribute_archived_cvv"
    assert house.admin.put(setting, json={"value": True}).status_code == 200
    with content_server(
        house.control.database,
        house.control.blobs,
        guard=lambda _scope, _path, _stamp: None,
        locks=tmp_path / "locks",
        content_types=content_types(),
        rules=ContentRules(patience=3.0),
    ) as server:
        yield Roost(house, server)


def birds(roost: Roost, aviary: Path, **fields: Any) -> tuple[int, int]:
    """Return a signed mirror and a filtered view of it, published twice with other content."""
    world = roost.house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    signed = {"signing_key_id": world.signing_key("Ours"), **fields}
    mirror = world.mirror("birds", f"file://{aviary}/", **signed)
    view = world.view("Birds", mirror)
    world.filter(view, "no cranes", {"name": "crane"})
    first = world.publish(view)
    world.filter(view, "no herons", {"name": "heron"})
    world.publish(view)
    return view, first


def test_an_old_version_comes_back_byte_for_byte_when_it_is_promoted(
    roost: Roost, aviary: Path
) -> None:
    world = roost.house.world
    _, first = birds(roost, aviary)
    dev = world.environment("Dev")
    archived = roost.path("Birds", "1.0", "birds")
    before, newest = roost.metadata(archived), roost.metadata(roost.path("Birds", "2.0", "birds"))
    assert {"repomd.xml", "repomd.xml.asc"} < before.keys()

    space = roost.stored()
    roost.settle()
    freed = space - roost.stored()

    assert roost.dormant() == {"1.0"}
    gone = before.keys() - newest.keys() - {"repomd.xml", "repomd.xml.asc"}
    assert any("primary" in each for each in gone)
    assert freed >= sum(len(before[each]) for each in gone) > 0
    # Hosts that have the rest need no more than this, and packages lie where they lay.
    assert roost.body(f"{archived}{REPOMD}") == before["repomd.xml"]
    assert roost.wakings() == []

    task = world.promote(first, dev, force=True)

    assert task["result"] == "success"
    assert roost.dormant() == set()
    served = roost.metadata(world.content_path("birds", environment="Dev", view="Birds"))
    assert served == before
    roost.settle()
    assert roost.dormant() == set()  # Dev serves it
    world.delete(
        f"content_views/{world.show('content_view_versions', first)['content_view_id']}"
        f"/environments/{dev}"
    )
    roost.house.control.clock.wait(hours=25)
    roost.settle()
    assert roost.dormant() == {"1.0"}


def test_an_old_version_is_woken_once_by_whoever_asks_for_it(roost: Roost, aviary: Path) -> None:
    birds(roost, aviary)
    archived = roost.path("Birds", "1.0", "birds")
    before = roost.metadata(archived)
    roost.settle()
    primary = next(each for each in before if "-primary" in each)
    target = f"{archived}repodata/{primary}"

    roost.house.stop_worker()
    late = roost.get(target)
    assert (late.status, late.headers["retry-after"]) == (503, "5")
    roost.house.start_worker()
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(roost.asked_again, [target] * 8))

    assert {(each.status, each.body) for each in answers} == {(200, before[primary])}
    assert roost.metadata(archived) == before
    assert len(roost.wakings()) == 1
    roost.settle()
    assert roost.dormant() == set()  # somebody has asked for it today
    roost.house.control.clock.wait(hours=25)
    sweep(roost.workshop)
    roost.settle()
    assert roost.dormant() == {"1.0"}
    assert roost.metadata(archived) == before  # what the data plane remembers is of no harm


def test_a_day_of_an_old_version_is_served_as_it_was(roost: Roost) -> None:
    house = roost.house
    world, clock = house.start_worker(), house.control.clock
    notes = house.files("notes", today=b"January")
    view = world.view("Base", notes)
    world.publish(view)
    clock.wait(days=3)
    house.upload(notes, "today", b"February")
    world.publish(view)
    day = world.content_path("notes", view="Base") + "@2026-01-31/"
    before = roost.body(f"{day}PULP_MANIFEST")
    roost.settle()
    assert roost.dormant() == {"1.0"}

    house.stop_worker()
    assert roost.body(f"{day}today") == b"January"
    assert b"PULP_MANIFEST" in roost.body(day)
    assert roost.get(f"{day}PULP_MANIFEST").status == 503
    house.start_worker()

    assert roost.body(f"{day}PULP_MANIFEST") == before
    assert b"January" not in roost.body(world.content_path("notes", view="Base") + "today")


@on_sqlite
def test_upstreams_own_metadata_stays_where_it_is_promised_and_else_gives_way_to_ours(
    roost: Roost, aviary: Path
) -> None:
    world = roost.house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    mirror = world.mirror("birds", f"file://{aviary}/", mirroring_policy="mirror_complete")
    view = world.view("Whole", mirror)
    world.publish(view)
    (crane,) = world.list("packages", repository_id=mirror, search="name = crane")
    world.remove(mirror, crane["id"])
    world.publish(view)
    ours = roost.path("Whole", "1.0", "birds")
    upstreams = roost.metadata(ours)

    roost.settle()
    assert roost.dormant() == set()
    assert roost.metadata(ours) == upstreams
    world.put(f"repositories/{mirror}", mirroring_policy="mirror_content_only")
    sweep(roost.workshop)
    roost.settle()
    assert roost.dormant() == {"1.0"}

    repomd = roost.body(f"{ours}{REPOMD}")
    assert len(roost.wakings()) == 1
    assert repomd != upstreams["repomd.xml"]
    metadata = roost.metadata(ours)
    listed = re.findall(rb'href="repodata/([^"]+)"', repomd)
    assert {each.decode() for each in listed} == metadata.keys() - {"repomd.xml"}
    (primary,) = [each for name, each in metadata.items() if "primary" in name]
    assert b"<name>crane</name>" in gzip.decompress(primary)
    assert len(roost.wakings()) == 1


@on_sqlite
def test_a_filter_that_matches_nothing_lets_versions_of_a_complete_mirror_sleep(
    roost: Roost, aviary: Path
) -> None:
    world = roost.house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    mirror = world.mirror("birds", f"file://{aviary}/", mirroring_policy="mirror_complete")
    view = world.view("Ours", mirror)
    world.filter(view, "nothing", {"name": "no-such-bird"})
    first = world.publish(view)
    whole = world.list("packages", content_view_version_id=first)
    (crane,) = world.list("packages", repository_id=mirror, search="name = crane")
    world.remove(mirror, crane["id"])
    world.publish(view)
    ours = roost.path("Ours", "1.0", "birds")
    before = roost.metadata(ours)

    roost.settle()

    assert whole == world.list("packages", content_view_version_id=first)
    assert crane["id"] in {each["id"] for each in whole}
    assert roost.dormant() == {"1.0"}
    assert roost.metadata(ours) == before


def test_a_promotion_that_waits_its_turn_keeps_its_version_awake(roost: Roost) -> None:
    house = roost.house
    world = house.start_worker()
    notes = house.files("notes", one=b"1")
    view = world.view("Base", notes)
    first = world.publish(view)
    house.upload(notes, "two", b"2")
    world.publish(view)
    dev = world.environment("Dev")
    house.stop_worker()

    task = house.post(
        f"content_view_versions/{first}/promote", environment_ids=[dev], force=True
    ).json()
    roost.settle()

    assert roost.dormant() == set()
    house.start_worker()
    world.done(task)
    assert house.get(f"content_view_versions/{first}").json()["environments"][0]["id"] == dev


@on_sqlite
def test_what_is_made_from_an_old_version_is_awake_when_it_is_served(
    roost: Roost, aviary: Path
) -> None:
    house = roost.house
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    notes = house.files("notes", one=b"1")
    mirror = world.mirror("birds", f"file://{aviary}/")
    view = world.view("Base", notes, mirror)
    world.filter(view, "old", {"name": "heron", "version": "2.0"})
    first = world.publish(view)
    manifest = roost.body(roost.path("Base", "1.0", "notes") + "PULP_MANIFEST")
    house.upload(notes, "two", b"2")
    world.publish(view)
    roost.settle()
    assert roost.dormant() == {"1.0"}

    composite = world.view("All", composite=True)
    world.put(
        f"content_views/{composite}/content_view_components/add",
        components=[{"content_view_version_id": first}],
    )
    world.publish(composite)
    served = world.content_path("notes", view="All")
    assert roost.dormant() == set()
    assert roost.body(f"{served}PULP_MANIFEST") == manifest

    added = {"errata_ids": [HERON_ADVISORY.id]}
    chosen: list[dict[str, Any]] = [{"content_view_version_id": first, "environment_ids": []}]
    world.delete(f"content_views/{composite}/environments/{world.environment('Library')}")
    house.control.clock.wait(hours=25)
    task = house.post(
        "content_view_versions/incremental_update",
        content_view_version_environments=chosen,
        add_content=added,
    )
    world.done(task.json())
    assert roost.body(roost.path("Base", "1.1", "notes") + "PULP_MANIFEST") == manifest


@on_sqlite
def test_content_that_is_published_again_takes_the_dormant_publication(roost: Roost) -> None:
    house = roost.house
    world = house.start_worker()
    notes = house.files("notes", one=b"1")
    view = world.view("Base", notes)
    world.publish(view)
    house.upload(notes, "two", b"2")
    world.publish(view)
    roost.settle()
    assert roost.dormant() == {"1.0"}
    (two,) = [each for each in world.list("files", repository_id=notes) if each["path"] == "two"]
    world.remove(notes, two["id"], kind="file")
    world.publish(view)

    assert roost.dormant() == set()
    roost.settle()
    assert roost.dormant() == {"2.0"}
    assert b"two" not in roost.body(world.content_path("notes", view="Base") + "PULP_MANIFEST")


@on_sqlite
def test_repairs_and_deletions_know_what_is_dormant(roost: Roost) -> None:
    house = roost.house
    world = house.start_worker()
    notes = house.files("notes", one=b"1" * 100)
    view = world.view("Base", notes)
    first = world.publish(view)
    (one,) = world.list("files", repository_id=notes)
    house.upload(notes, "two", b"2")
    world.remove(notes, one["id"], kind="file")
    world.publish(view)
    manifest = roost.path("Base", "1.0", "notes") + "PULP_MANIFEST"
    before = roost.body(manifest)
    roost.settle()

    world.done(house.put(f"content_view_versions/{first}/republish_repositories").json())
    assert roost.dormant() == set()
    assert roost.body(manifest) == before
    roost.settle()
    assert roost.dormant() == {"1.0"}
    world.done(house.post(f"repositories/{notes}/verify_checksum").json())
    roost.settle()
    assert roost.dormant() == {"1.0"}
    dry = house.get(f"content_views/{view}/retention", keep_versions=1).json()
    space = roost.stored()
    world.publish(view)  # takes the place of the first in no environment
    world.done(house.delete(f"content_view_versions/{first}").json())
    roost.settle()
    assert dry["freed_bytes"] == space - roost.stored() == 100


@on_sqlite
def test_readers_of_old_versions_do_not_pass_the_quota_and_a_rollback_may(roost: Roost) -> None:
    house = roost.house
    world = house.start_worker()
    notes = house.files("notes", one=b"1")
    view = world.view("Base", notes)
    first = world.publish(view)
    house.upload(notes, "two", b"2")
    world.publish(view)
    manifest = roost.path("Base", "1.0", "notes") + "PULP_MANIFEST"
    before = roost.body(manifest)
    roost.settle()
    world.put(f"organizations/{house.organization}/quota", hard_bytes=1)

    refused = roost.get(manifest)
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert [each["result"] for each in roost.wakings()] == ["error"]
    assert roost.dormant() == {"1.0"}
    assert roost.get(manifest).status == 503
    assert len(roost.wakings()) == 1  # not asked for again at once

    world.promote(first, world.environment("Dev"), force=True)
    assert (
        roost.body(world.content_path("notes", environment="Dev", view="Base") + "PULP_MANIFEST")
        == before
    )


@on_sqlite
def test_a_dormant_version_that_lacks_files_is_woken_without_them_and_healed_with_them(
    roost: Roost, rpm_store: RpmStore, tmp_path: Path
) -> None:
    folder = tmp_path / "upstream" / "it"
    YumRepository(rpms=[REED_1, ROOK, CRANE], treeinfo=True).write(folder, rpm_store)
    lost = {each: folder / each for each in ("images/boot.iso", "Packages/r/" + ROOK.filename)}
    safe = {path: path.read_bytes() for path in lost.values()}
    for path in lost.values():
        path.unlink()
    world = roost.house.start_worker(DownloadRules(file_roots=(folder.parent,)))
    mirror = world.repository("birds", url=f"file://{folder}/")
    world.ended(world.post(f"repositories/{mirror}/sync"))
    view = world.view("Birds", mirror)
    world.filter(view, "no reeds", {"name": "reed"})
    world.publish(view)
    world.filter(view, "no cranes", {"name": "crane"})
    world.publish(view)
    archived = roost.path("Birds", "1.0", "birds")
    before = roost.metadata(archived)
    roost.settle()
    assert roost.dormant() == {"1.0"}

    assert roost.metadata(archived) == before
    assert len(roost.wakings()) == 1
    for number, (name, path) in enumerate(lost.items()):
        roost.house.control.clock.wait(hours=25)
        sweep(roost.workshop)
        roost.settle()
        assert roost.dormant() == {"1.0"}
        path.write_bytes(safe[path])
        world.ended(world.post(f"repositories/{mirror}/sync", skip_metadata_check=True))
        assert roost.body(archived + name) == safe[path]
        (primary,) = [each for key, each in roost.metadata(archived).items() if "primary" in key]
        assert (b"<name>rook</name>" in gzip.decompress(primary)) == (number == 1)
