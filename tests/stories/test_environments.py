"""Lifecycle environments over the API (katello.md 1.1)."""

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_environments_make_paths_that_start_at_library(house: House) -> None:
    library = house.world.environment("Library")
    dev = house.world.environment("Dev")
    prod = house.world.environment("Prod", after=dev)
    qa = house.world.environment("QA", after=library)

    paths = house.get(f"organizations/{house.organization}/environments/paths").json()

    assert [[each["id"] for each in path["environments"]] for path in paths["results"]] == [
        [library, dev, prod],
        [library, qa],
    ]


def test_a_shown_environment_tells_its_neighbours(house: House) -> None:
    dev = house.world.environment("Dev")
    prod = house.world.environment("Prod", after=dev)

    shown = house.get(f"environments/{dev}").json()

    assert (shown["name"], shown["label"], shown["library"]) == ("Dev", "Dev", False)
    assert shown["prior"]["name"] == "Library"
    assert shown["successor"] == {"id": prod, "name": "Prod"}
    assert shown["organization"]["id"] == house.organization
    assert shown["permissions"]["destroy_lifecycle_environments"] is True


def test_an_environment_made_in_the_middle_comes_between(house: House) -> None:
    dev = house.world.environment("Dev")
    prod = house.world.environment("Prod", after=dev)

    test = house.world.environment("Test", after=dev)

    assert house.get(f"environments/{prod}").json()["prior"]["id"] == test
    assert house.get(f"environments/{test}").json()["prior"]["id"] == dev


def test_deleting_an_environment_joins_its_neighbours(house: House) -> None:
    dev = house.world.environment("Dev")
    prod = house.world.environment("Prod", after=dev)

    answer = house.delete(f"environments/{dev}")

    assert answer.status_code == 200
    assert answer.json()["id"] == dev
    assert house.get(f"environments/{prod}").json()["prior"]["name"] == "Library"
    refused(house.get(f"environments/{dev}"), 404)


def test_environments_are_found_by_plain_parameters_and_by_search(house: House) -> None:
    dev = house.world.environment("Dev")

    for parameters in ({"name": "Dev"}, {"label": "Dev"}, {"id": dev}, {"search": 'name="Dev"'}):
        results = house.get("environments", **parameters).json()["results"]
        assert [each["id"] for each in results] == [dev], parameters
    library = house.get("environments", library=True).json()["results"]
    assert [each["name"] for each in library] == ["Library"]


def test_an_update_renames_but_never_moves(house: House) -> None:
    dev = house.world.environment("Dev")

    answer = house.put(f"environments/{dev}", new_name="Development", description="first")

    assert answer.status_code == 200
    assert answer.json()["name"] == "Development"
    assert answer.json()["label"] == "Dev"
    assert answer.json()["description"] == "first"


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "can't be blank"),
        ({"name": "Library"}, "name", "has already been taken"),
        ({"name": " Dev"}, "name", "leading or trailing"),
        ({"name": "x" * 256}, "name", "is too long"),
        ({"name": "Dev", "label": "a b"}, "label", "ascii alpha numerals"),
        ({"name": "Dev", "label": "Library"}, "label", "has already been taken"),
        ({"name": "Dev", "label": "content_views"}, "label", "is reserved"),
        ({"name": "Dev", "prior_id": None}, "prior_id", "can't be blank"),
    ],
)
def test_bad_environments_are_refused_by_field(
    house: House, fields: dict[str, str], field: str, words: str
) -> None:
    wanted = {"organization_id": house.organization, "prior_id": house.world.environment("Library")}

    errors = refused(house.post("environments", **(wanted | fields)), 422)

    assert words in errors[field][0]


@on_sqlite
def test_library_can_be_neither_renamed_nor_deleted(house: House) -> None:
    library = house.world.environment("Library")

    refused(house.put(f"environments/{library}", new_name="Lib"), 400, "cannot be renamed")
    refused(house.delete(f"environments/{library}"), 400, "may not be deleted")


@on_sqlite
def test_an_environment_that_serves_a_view_stays(house: House) -> None:
    world = house.start_worker()
    dev = world.environment("Dev")
    version = world.publish(world.view("Tools"))
    world.promote(version, dev)

    refused(house.delete(f"environments/{dev}"), 400, "still serves 1 content view")
    shown = house.get(f"environments/{dev}").json()
    assert [each["name"] for each in shown["content_views"]] == ["Tools"]
    assert shown["counts"]["content_views"] == 1


@on_sqlite
def test_an_environment_is_not_found_below_another_organization(house: House) -> None:
    other = house.world.another().organization_id
    dev = house.world.environment("Dev")

    for path in (f"organizations/{other}/environments/{dev}",):
        refused(house.get(path), 404)
        refused(house.put(path, new_name="x"), 404)
        refused(house.delete(path), 404)
    prior = {"name": "Dev", "prior_id": dev}
    refused(house.post(f"organizations/{other}/environments", **prior), 422, "same organization")
