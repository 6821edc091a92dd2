"""Content view versions over the API: showing, promoting, deleting (katello.md 1.5)."""

from pathlib import Path

import pytest

from headgate.upstream import DownloadRules
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_a_version_shows_what_it_holds_and_where_it_is(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x", chick=b"y")
    reed = world.repository("reed")
    view = world.view("Tools", nests, reed)
    version = world.publish(view, description="first")

    shown = house.get(f"content_view_versions/{version}").json()

    assert (shown["version"], shown["name"]) == ("1.0", "Tools 1.0")
    assert shown["description"] == "first"
    assert shown["content_view"] == {"id": view, "name": "Tools", "label": "Tools"}
    assert [each["name"] for each in shown["environments"]] == ["Library"]
    counts = {each["name"]: each["content_counts"] for each in shown["repositories"]}
    assert counts["nests"] == {"file": 2}
    assert counts["reed"]["rpm"] == 0
    assert (shown["file_count"], shown["package_count"]) == (2, 0)
    assert shown["errata_counts"] == {"security": 0, "bugfix": 0, "enhancement": 0, "total": 0}
    assert shown["permissions"] == {"deletable": False}


def test_a_version_keeps_what_it_held_when_its_repository_moves_on(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x")
    version = world.publish(world.view("Tools", nests))

    house.upload(nests, "chick", b"y")

    shown = house.get(f"content_view_versions/{version}").json()
    assert shown["repositories"][0]["content_counts"] == {"file": 1}


def test_versions_are_found_as_clients_look_for_them(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x")
    view = world.view("Tools", nests)
    first, second = world.publish(view), world.publish(view)
    other = world.publish(world.view("Other"))
    library = world.environment("Library")

    for parameters, expected in (
        ({"content_view_id": view}, [second, first]),
        ({"content_view_id": view, "version": "1.0"}, [first]),
        ({"search": f"content_view_id={view},version=1.0"}, [first]),
        ({"search": "repository = nests", "content_view_id": view}, [second, first]),
        ({"environment_id": library, "order": "id asc"}, [second, other]),
        ({"id": first}, [first]),
    ):
        results = house.get("content_view_versions", **parameters).json()["results"]
        assert [each["id"] for each in results] == expected, parameters
    nested = house.get(f"content_views/{view}/content_view_versions").json()["results"]
    assert [each["id"] for each in nested] == [second, first]


def test_promotion_moves_one_version_per_environment(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    first, second = world.publish(view), world.publish(view)
    dev = world.environment("Dev")
    library = world.environment("Library")
    world.promote(second, dev)

    answer = house.post(f"content_view_versions/{first}/promote", environment_ids=[library])
    world.done(answer.json())

    assert answer.status_code == 202
    assert answer.json()["label"] == "Actions::Katello::ContentView::Promote"
    places = {
        each["id"]: each["environment_ids"]
        for each in house.get(f"content_views/{view}").json()["versions"]
    }
    assert places == {first: [library], second: [dev]}


def test_a_version_skips_an_environment_only_by_force(house: House) -> None:
    world = house.start_worker()
    version = world.publish(world.view("Tools"))
    prod = world.environment("Prod", after=world.environment("Dev"))

    answer = house.post(f"content_view_versions/{version}/promote", environment_ids=[prod])
    refused(answer, 400, "it skips a step", "Promote it there first, or use force")
    world.promote(version, prod, force=True)

    shown = house.get(f"content_view_versions/{version}").json()
    assert [each["name"] for each in shown["environments"]] == ["Library", "Prod"]


def test_a_version_may_walk_a_whole_path_in_one_request(house: House) -> None:
    world = house.start_worker()
    version = world.publish(world.view("Tools"))
    dev = world.environment("Dev")
    prod = world.environment("Prod", after=dev)

    world.promote(version, dev, prod)

    shown = house.get(f"content_view_versions/{version}").json()
    assert shown["environment_ids"] == [world.environment("Library"), dev, prod]


def test_a_description_may_change_and_nothing_else(house: House) -> None:
    world = house.start_worker()
    version = world.publish(world.view("Tools"))

    answer = house.put(f"content_view_versions/{version}", description="the good one")

    assert (answer.status_code, answer.json()["description"]) == (200, "the good one")


def test_deleting_a_version_frees_what_was_told_before(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x" * 1000)
    first = world.publish(world.view("Tools", nests))
    egg = house.get("files", repository_id=nests).json()["results"][0]["id"]
    world.done(world.put(f"repositories/{nests}/remove_content", ids=[egg]))
    path = f"content_view_versions/{first}"

    refused(house.get(f"{path}/deletion"), 400, "it is in the environments Library")
    view = house.get(path).json()["content_view_id"]
    world.delete(f"content_views/{view}/environments/{world.environment('Library')}")
    told = house.get(f"{path}/deletion").json()

    assert told["freed_bytes"] >= 1000
    assert house.get(f"{path}/deletion").json() == told  # telling changes nothing
    assert house.get(path).status_code == 200
    world.delete(path)
    refused(house.get(path), 404)


def test_deleting_a_repository_frees_what_nothing_else_holds(house: House) -> None:
    house.start_worker()
    mine = house.files("mine", egg=b"x" * 1000, chick=b"y" * 500)
    house.files("other", egg=b"x" * 1000)

    told = house.get(f"repositories/{mine}/deletion").json()

    assert 500 <= told["freed_bytes"] < 1000


@on_sqlite
def test_bad_promotions_are_refused(house: House) -> None:
    world = house.start_worker()
    version = world.publish(world.view("Tools"))
    theirs = world.another().environment("Dev")
    path = f"content_view_versions/{version}/promote"

    assert refused(house.post(path), 422)["environment_ids"] == ["can't be blank"]
    assert refused(house.post(path, environment_ids=[]), 422)
    refused(house.post(path, environment_ids=[theirs]), 400, "another organization")
    refused(house.post(path, environment_ids=[999]), 404, "environment with id 999")


@on_sqlite
def test_a_served_version_stays(house: House) -> None:
    world = house.start_worker()
    version = world.publish(world.view("Tools"))

    refused(house.delete(f"content_view_versions/{version}"), 400, "in the environments Library")


@on_sqlite
def test_a_version_that_is_being_published_is_not_shown(house: House) -> None:
    view = house.world.view("Tools")
    task = house.post(f"content_views/{view}/publish").json()
    version = task["input"]["version_id"]

    assert house.get("content_view_versions", content_view_id=view).json()["total"] == 0
    refused(house.get(f"content_view_versions/{version}"), 404)
    promotion = house.post(f"content_view_versions/{version}/promote", environment_ids=[1])
    refused(promotion, 400, "still being published")


def test_a_filtered_version_counts_what_is_left(house: House, aviary: Path) -> None:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    birds = world.mirror("birds", aviary.as_uri())
    view = world.view("Tools", birds)
    whole = world.publish(view)
    world.filter(view, "no herons", {"name": "heron"})
    part = world.publish(view)

    everything = house.get(f"content_view_versions/{whole}").json()
    rest = house.get(f"content_view_versions/{part}").json()

    assert everything["package_count"] - rest["package_count"] == 2
    assert everything["errata_counts"] == {
        "security": 1,
        "bugfix": 1,
        "enhancement": 1,
        "total": 3,
    }
    assert rest["errata_counts"]["security"] == 0
    assert (everything["filters_applied"], rest["filters_applied"]) == (False, True)
    counts = house.get(f"repositories/{birds}").json()["content_counts"]
    assert counts == everything["repositories"][0]["content_counts"]
