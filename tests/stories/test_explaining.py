"""Why a package is in a version or is not, over the API and by the command line."""

from pathlib import Path
from typing import Any

import pytest

from headgate.upstream import DownloadRules
from headgate.workflows.collect import collect, sweep
from support.house import House, refused
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
FROG = Rpm("frog", "1.0")
FROG_2 = Rpm("frog", "2.0")


class Asked:
    """A world with the aviary in a view that is filtered in every way."""

    def __init__(self, house: House, aviary: Path, folder: Path, rpms: RpmStore) -> None:
        self.house = house
        world = self.world = house.start_worker(DownloadRules(file_roots=(aviary.parent, folder)))
        self.pond = YumRepository(rpms=[FROG])
        self.pond_path = folder / "pond"
        self.pond.write(self.pond_path, rpms)
        aviary_id = world.mirror("aviary", aviary.as_uri())
        self.pond_id = world.mirror("pond", self.pond_path.as_uri())
        view = world.view("Tools", aviary_id)
        world.filter(view, "no herons", {"name": "heron", "min_version": "1.5"})
        (stream,) = (each["id"] for each in world.list("module_streams") if each["stream"] == "1")
        world.filter(view, "no old owls", {"module_stream_ids": [stream]}, type="modulemd")
        self.version = world.publish(view)

    def ask(self, package: str, **parameters: Any) -> Any:
        path = f"content_view_versions/{self.version}/explain"
        return self.house.get(path, package=package, **parameters).json()

    def reasons(self, package: str) -> dict[str, list[str]]:
        """Return the codes of the reasons for each package."""
        return {
            each["package"]["name"]: [reason["code"] for reason in each["reasons"]]
            for each in self.ask(package)["results"]
        }


@pytest.fixture
def asked(house: House, aviary: Path, tmp_path: Path, rpm_store: RpmStore) -> Asked:
    folder = tmp_path / "upstream"
    folder.mkdir()
    return Asked(house, aviary, folder, rpm_store)


def test_filters_rules_and_streams_are_named(asked: Asked) -> None:
    told = asked.ask("heron")

    assert told["present"] is True
    by_name = {each["package"]["name"]: each for each in told["results"]}
    assert [by_name[name]["present"] for name in sorted(by_name)] == [True, False]
    gone = by_name["heron-0:2.0-1.noarch"]
    assert gone["reasons"][0]["filter"]["name"] == "no herons"
    assert gone["reasons"][0]["rule_id"] is not None
    assert gone["reasons"][0]["message"] == (
        "heron-0:2.0-1.noarch is excluded by package filter 'no herons': rule `heron > 1.5`."
    )
    assert asked.reasons("heron-1.0") == {"heron-0:1.0-1.noarch": ["not_excluded"]}
    assert asked.reasons("owl") == {
        "owl-0:1.0-1.module.noarch": ["stream_left_out", "excluded"],
        "owl-0:2.0-1.module.noarch": ["stream_kept", "not_excluded"],
    }
    assert asked.reasons("rook.src") == {"rook-0:3.2~rc1-4.el9.src": ["source_package"]}


@on_sqlite
def test_what_is_not_there_is_told_with_what_is(asked: Asked, rpm_store: RpmStore) -> None:
    other_arch = asked.ask("swift.aarch64")
    beyond = asked.ask("frog")
    nowhere = asked.ask("dodo")

    assert other_arch["present"] is False
    assert "it held swift-0:1.0-1.x86_64" in other_arch["results"][0]["reasons"][0]["message"]
    assert beyond["reasons"][0]["code"] == "other_repository"
    assert beyond["reasons"][0]["repository_id"] == asked.pond_id
    assert [each["code"] for each in nowhere["reasons"]] == ["unknown"]

    pond = asked.world.publish(asked.world.view("Pond", asked.pond_id))
    asked.pond.having(rpms=[FROG, FROG_2]).write(asked.pond_path, rpm_store)
    asked.world.sync(asked.pond_id)
    asked.version = pond
    later = asked.ask("frog-2.0")
    assert [each["code"] for each in later["reasons"]] == ["came_later"]


@on_sqlite
def test_a_version_is_explained_when_its_repository_has_moved_on(
    asked: Asked, rpm_store: RpmStore
) -> None:
    """What the repository held before filters is known while a day of it is kept."""
    world = asked.world
    view = world.view("Pond", asked.pond_id)
    world.filter(view, "none", {"name": "*"})
    asked.version = world.publish(view)
    asked.pond.having(rpms=[FROG_2]).write(asked.pond_path, rpm_store)
    changes = {"mirroring_policy": "mirror_complete", "snapshot_days": 30}
    world.put(f"repositories/{asked.pond_id}", **changes)
    world.sync(asked.pond_id)
    collect(asked.house.workshop())
    blobs = asked.house.control.blobs

    assert asked.reasons("frog") == {"frog-0:1.0-1.noarch": ["excluded"]}
    before = {digest for digest, _ in blobs.digests()}

    world.put(f"repositories/{asked.pond_id}", snapshot_days=0)
    sweep(asked.house.workshop())
    collect(asked.house.workshop())
    assert asked.reasons("frog") == {"frog-0:2.0-1.noarch": ["excluded", "judged_by_now"]}
    assert before - {
        digest for digest, _ in blobs.digests()
    }  # nothing is kept only to be explained


@on_sqlite
def test_bad_questions_are_refused(asked: Asked) -> None:
    path = f"content_view_versions/{asked.version}/explain"

    refused(asked.house.get("content_view_versions/999/explain", package="x"), 404)
    refused(asked.house.get(path, package="reed", repository_id=999), 404)
    refused(asked.house.get(path), 422)
    assert asked.ask("x" * 1000)["present"] is False
    assert asked.ask("%*'\"-.--:")["present"] is False
