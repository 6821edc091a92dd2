"""Rolling content views over the API: their environments serve what repositories hold now."""

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_a_rolling_view_is_in_the_environments_that_it_is_given(house: House) -> None:
    world = house.world
    dev = world.environment("Dev")
    prod = world.environment("Prod", after=dev)
    view = world.view("Now", rolling=True, environment_ids=[dev])

    shown = house.get(f"content_views/{view}").json()
    assert (shown["rolling"], shown["versions"], shown["latest_version"]) == (True, [], None)
    assert (shown["needs_publish"], shown["version_count"]) == (False, 0)
    assert [each["name"] for each in shown["environments"]] == ["Dev"]
    (place,) = house.get("content_view_environments", content_view_id=view).json()["results"]
    assert (place["label"], place["content_view_version"]) == ("Dev/Now", None)
    assert house.get(f"environments/{dev}").json()["content_views"] == [{"id": view, "name": "Now"}]
    found = house.get("content_views", environment_id=dev).json()["results"]
    assert [each["id"] for each in found] == [view]

    shown = house.put(f"content_views/{view}", environment_ids=[prod]).json()
    assert [each["name"] for each in shown["environments"]] == ["Prod"]
    lines = house.get(f"content_views/{view}/history").json()["results"]
    told = [(each["action"], each["environment"]["name"], each["version"]) for each in lines]
    assert sorted(told) == [
        ("promotion", "Dev", "rolling"),
        ("promotion", "Prod", "rolling"),
        ("removal", "Dev", "rolling"),
    ]
    refused(house.delete(f"environments/{prod}"), 400, "still serves 1 content view")


def test_a_rolling_view_serves_what_its_repositories_hold_now(house: House) -> None:
    world = house.start_worker()
    nests, other = house.files("nests", twig=b"t"), house.files("other", egg=b"e")
    dev = world.environment("Dev")
    view = world.view("Now", nests, rolling=True, environment_ids=[dev])

    def paths(**scope: int) -> list[str]:
        results = house.get("files", **scope).json()["results"]
        return sorted(each["path"] for each in results)

    assert paths(environment_id=dev) == ["twig"]
    house.upload(nests, "leaf", b"l")
    assert paths(environment_id=dev) == ["leaf", "twig"]
    assert paths(content_view_id=view) == ["leaf", "twig"]
    world.put(f"content_views/{view}", repository_ids=[nests, other])
    assert paths(environment_id=dev) == ["egg", "leaf", "twig"]
    held = house.get("repositories", environment_id=dev, content_view_id=view).json()["results"]
    assert {each["name"] for each in held} == {"nests", "other"}
    world.delete(f"content_views/{view}/environments/{dev}")
    assert paths(environment_id=dev) == []
    world.delete(f"content_views/{view}")


@on_sqlite
def test_what_makes_no_sense_for_a_rolling_view_is_refused(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", twig=b"t")
    library = world.environment("Library")
    theirs = world.another().environment("Library")
    view = world.view("Now", nests, rolling=True, environment_ids=[library])
    plain = world.view("Tools", nests)

    refused(house.post(f"content_views/{view}/publish"), 400, "has no versions")
    refused(house.post(f"content_views/{view}/copy", name="x"), 400, "cannot be copied")
    refused(house.put(f"content_views/{view}/retention", keep_versions=1), 400, "has no versions")
    refused(house.delete(f"content_views/{view}"), 400, "in the lifecycle environments Library")
    body = {"content_view_id": view, "name": "f", "type": "rpm"}
    refused(house.post("content_view_filters", **body), 422, "filters if rolling view")
    answer = house.put(f"content_views/{plain}", environment_ids=[library])
    assert "only be given for rolling" in refused(answer, 422)["environment_ids"][0]
    answer = house.put(f"content_views/{view}", environment_ids=[library, theirs])
    assert "another organization" in refused(answer, 422)["environment_ids"][0]
    refused(house.put(f"content_views/{view}", environment_ids=[999]), 404)
    assert [each["id"] for each in house.get(f"content_views/{view}").json()["environments"]] == [
        library
    ]
    world.done(house.put(f"content_views/{view}/remove", destroy_content_view=True).json())
