"""Lists of units as content view filters name them, and the narrowings that clients know."""

from pathlib import Path
from typing import Any

import pytest

from headgate.upstream import DownloadRules
from support.house import House, refused
from support.push_scene import PushScene, picture, pictures

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

DAYS = {"start_date": "2000-01-01", "end_date": "2100-01-01", "types": ["bugfix"]}


def mirrored(house: House, aviary: Path) -> int:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    return world.mirror("birds", aviary.as_uri())


def found(house: House, path: str, by: str = "name", **parameters: Any) -> list[Any]:
    """Return a value of each unit of a list, sorted."""
    answer = house.get(path, full_result=True, **parameters)
    assert answer.status_code == 200, answer.text
    return sorted(each[by] for each in answer.json()["results"])


def test_units_are_listed_as_filters_name_them(house: House, aviary: Path) -> None:
    birds = mirrored(house, aviary)
    world = house.world
    view = world.view("Tools", birds)
    waders = world.filter(view, "waders", {"name": "her*", "min_version": "1.5"}, {"name": "CRANE"})
    (rule, _) = house.get(f"content_view_filters/{waders}/rules").json()["results"]
    fixes = world.filter(view, "fixes", DAYS, type="erratum")
    seen = world.filter(view, "seen", {"errata_id": "BIRD-2026:0001"}, type="erratum")
    (group,) = world.list("package_groups", name="Forest birds")
    forest = world.filter(view, "forest", {"uuid": group["uuid"]}, type="package_group")
    (owl, _) = world.list("module_streams", order="stream asc")
    owls = world.filter(view, "owls", {"module_stream_ids": [owl["id"]]}, type="modulemd")

    assert found(house, "packages", content_view_filter_id=waders) == ["crane", "heron"]
    assert found(house, f"content_view_filters/{waders}/packages") == ["crane", "heron"]
    nested = f"content_views/{view}/filters"
    assert found(house, f"{nested}/{waders}/packages", search="name = heron") == ["heron"]
    assert found(house, "packages", "nvra", content_view_filter_rule_id=rule["id"]) == [
        "heron-2.0-1.noarch"
    ]
    available = {"available_for": "content_view_filter", "search": "name ^ (heron, reed, crane)"}
    assert found(house, "packages", "nvra", content_view_filter_id=waders, **available) == [
        "heron-1.0-1.noarch",
        "reed-1.0-1.noarch",
        "reed-1.1-2.noarch",
    ]
    assert found(house, f"{nested}/{fixes}/errata", "errata_id") == ["BIRD-2026:0002"]
    assert found(house, "errata", "errata_id", content_view_filter_id=seen) == ["BIRD-2026:0001"]
    unseen = {"available_for": "content_view_filter", "content_view_filter_id": seen}
    assert found(house, "errata", "errata_id", **unseen) == ["BIRD-2026:0002", "BIRD-2026:0003"]
    assert found(house, f"{nested}/{forest}/package_groups") == ["Forest birds"]
    assert found(house, f"{nested}/{owls}/module_streams", "id") == [owl["id"]]
    for path in ("packages", "package_groups", "module_streams", "files", "docker_tags"):
        assert found(house, f"{nested}/{seen}/{path}", "id") == []  # it speaks of errata alone

    by_id = house.get("errata", content_view_id=view, include_filter_ids=True).json()["results"]
    assert by_id == []  # of a view that was never published
    everything = {"content_view_filter_id": fixes, "include_filter_ids": True}
    (shown,) = house.get("errata", **everything).json()["results"]
    assert (shown["errata_id"], shown["filter_ids"]) == ("BIRD-2026:0002", [fixes])
    world.publish(view)
    ids = {"content_view_id": view, "include_filter_ids": True, "full_result": True}
    named = house.get("package_groups", **ids).json()["results"]
    assert all(each["filter_ids"] == ([forest] if each == group else []) for each in named)


@on_sqlite
def test_a_filter_looks_into_its_own_repositories(house: House, aviary: Path) -> None:
    birds = mirrored(house, aviary)
    world = house.world
    copy = world.repository("empty")
    view = world.view("Tools", birds, copy)
    limited = world.filter(view, "limited", {"name": "heron"}, repository_ids=[copy])
    other = world.view("Other")

    assert found(house, "packages", content_view_filter_id=limited) == []
    house.put(f"content_view_filters/{limited}", repository_ids=[birds])
    assert found(house, "packages", content_view_filter_id=limited) == ["heron", "heron"]
    refused(house.get(f"content_views/{other}/filters/{limited}/packages"), 404)
    refused(house.get("packages", content_view_filter_id=999), 404)
    refused(house.get("packages", content_view_filter_rule_id=999), 404)
    refused(house.get("packages", include_filter_ids=True), 400, "give content_view_id")
    words = "Give content_view_filter_id"
    refused(house.get("packages", available_for="content_view_filter"), 400, words)
    refused(house.get("errata", available_for="content_view_version"), 400)
    refused(house.get("errata", available_for="a host"), 422)
    (rule,) = house.get(f"content_view_filters/{limited}/rules").json()["results"]
    elsewhere = world.filter(view, "elsewhere", {"name": "x"})
    wrong = {"content_view_filter_id": elsewhere, "content_view_filter_rule_id": rule["id"]}
    refused(house.get("packages", **wrong), 400, "of another content view filter")


@on_sqlite
def test_what_a_version_lacks_could_be_added_to_it(house: House, aviary: Path) -> None:
    birds = mirrored(house, aviary)
    world = house.world
    view = world.view("Tools", birds)
    world.filter(view, "no herons", {"name": "heron"})
    version = world.publish(view)
    lacking: dict[str, Any] = {
        "available_for": "content_view_version",
        "content_view_version_id": version,
    }

    assert found(house, "packages", **lacking) == ["heron", "heron"]
    assert found(house, "errata", "errata_id", **lacking) == ["BIRD-2026:0001"]


@on_sqlite
def test_lists_are_narrowed_to_the_latest_to_a_cve_to_streams(house: House, aviary: Path) -> None:
    birds = mirrored(house, aviary)
    latest = {"packages_restrict_latest": True, "search": "name ^ (heron, reed, crane)"}

    assert found(house, "packages", "nvra", **latest) == [
        "crane-0.5-1.noarch",
        "heron-2.0-1.noarch",
        "reed-1.1-2.noarch",
    ]
    assert found(house, "errata", "errata_id", cve="CVE-2026-0001") == ["BIRD-2026:0001"]
    assert found(house, "errata", "errata_id", cve="CVE-2026-000") == []
    streams = house.get("module_streams", name_stream_only=True, repository_id=birds).json()
    assert sorted(each["module_spec"] for each in streams["results"]) == ["owl:1", "owl:2"]
    assert "context" not in streams["results"][0]


@on_sqlite
def test_tags_and_what_they_point_to_are_listed_as_filters_name_them(house: House) -> None:
    house.start_worker()
    scene = PushScene(house)
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "latest")
    many = scene.push(sloop, pictures("amd64", "arm64"), "1.1")
    scene.push(sloop, picture("two"), "edge")
    view = house.world.view("Fleet", sloop)
    ones = house.world.filter(view, "ones", {"name": "1.*"}, type="docker")
    nested = f"content_views/{view}/filters/{ones}"

    assert found(house, f"{nested}/docker_tags") == ["1.0", "1.1"]
    assert found(house, f"{nested}/docker_manifests", "digest") == [one.digest]
    assert found(house, f"{nested}/docker_manifest_lists", "digest") == [many.digest]
    left: dict[str, Any] = {"content_view_filter_id": ones, "available_for": "content_view_filter"}
    assert found(house, "docker_tags", **left) == ["edge", "latest"]
    asked = {"content_view_filter_id": ones, "include_filter_ids": True}
    (shown,) = house.get("docker_manifests", **asked).json()["results"]
    assert shown["filter_ids"] == [ones]


@on_sqlite
def test_versions_are_found_by_a_file_that_they_hold(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools", house.files("nests", egg=b"blue"))
    first = world.publish(view)
    (egg,) = world.list("files")
    world.remove(world.list("repositories")[0]["id"], egg["id"], kind="file")
    world.publish(view)

    assert found(house, "content_view_versions", "id", file_id=egg["id"]) == [first]
    refused(house.get("content_view_versions", file_id=999), 404, "Could not find file")


@on_sqlite
def test_filters_of_another_organization_narrow_nothing(house: House) -> None:
    ours = house.world.filter(house.world.view("Tools"), "some", {"name": "x"})
    other = house.world.another()
    rights = ["view_products", "view_content_views"]
    stranger = house.control.user(
        "stranger", organizations=[other.organization_id], permissions=rights
    )

    for path in ("packages", f"content_view_filters/{ours}/errata", "docker_tags"):
        asked = {"content_view_filter_id": ours}
        assert stranger.get(f"/katello/api/{path}", params=asked).status_code == 404
