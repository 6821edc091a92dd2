"""Publishing only some packages of some repositories (`repos_units`)."""

from pathlib import Path
from typing import Any

import pytest

from headgate.upstream import DownloadRules
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

OWL = "owl-1.0-1.module.noarch.rpm"
HERON = "heron-2.0-1.noarch.rpm"


@pytest.fixture
def view(house: House, aviary: Path) -> int:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    birds = world.mirror("birds", aviary.as_uri())
    return world.view("Tools", birds, world.mirror("copy", aviary.as_uri()))


def held(house: House, version: int, path: str, by: str, label: str = "birds") -> list[Any]:
    (repository,) = house.world.list("repositories", label=label)
    asked = {"content_view_version_id": version, "repository_id": repository["id"]}
    return sorted(each[by] for each in house.world.list(path, **asked))


def test_a_version_takes_what_the_publish_names(house: House, view: int) -> None:
    chosen = [{"label": "birds", "rpm_filenames": [HERON, OWL]}]

    version = house.world.publish(view, repos_units=chosen)

    assert held(house, version, "packages", "filename") == [HERON, OWL]
    assert held(house, version, "errata", "errata_id") == ["BIRD-2026:0001"]
    assert held(house, version, "module_streams", "stream") == ["1"]
    assert len(held(house, version, "packages", "id", "copy")) > 2  # all of the other repository
    told = house.get(f"content_view_versions/{version}/explain", package="reed").json()
    assert "includes others only" in str(told)
    everything = house.world.publish(view)
    assert len(held(house, everything, "packages", "id")) > 2


@on_sqlite
def test_only_what_is_there_can_be_named(house: House, view: int) -> None:
    def publish(*chosen: dict[str, Any]) -> Any:
        return house.post(f"content_views/{view}/publish", repos_units=list(chosen))

    def words(answer: Any) -> str:
        return str(refused(answer, 422)["repos_units"][0])

    birds = {"label": "birds", "rpm_filenames": [HERON]}
    missing = {"label": "birds", "rpm_filenames": [HERON, "kite-1.0-1.noarch.rpm"]}
    assert "'birds' has no kite-1.0-1.noarch.rpm" in words(publish(missing))
    assert "no yum repository" in words(publish(birds | {"label": "nests"}))
    assert "named twice" in words(publish(birds, birds))
    refused(publish({"label": "birds"}), 422)
    house.world.filter(view, "some", {"name": "x"})
    refused(publish(birds), 400, "without filters")
    assert house.get("content_view_versions", content_view_id=view).json()["total"] == 0
