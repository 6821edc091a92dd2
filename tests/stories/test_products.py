"""Products over the API (katello.md 1.2)."""

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_a_product_has_a_content_id_and_counts_its_repositories(house: House) -> None:
    product = house.world.product("Water birds")
    house.world.repository("reed", product_id=product)

    shown = house.get(f"products/{product}").json()

    assert (shown["name"], shown["label"]) == ("Water birds", "Water_birds")
    assert len(shown["cp_id"]) == 12
    assert shown["cp_id"].isdigit()
    assert shown["repository_count"] == 1
    (content,) = shown["product_content"]
    assert content["content"]["label"] == f"{house.world.organization_label}_Water_birds_reed"


def test_products_are_found_by_plain_parameters_and_by_search(house: House) -> None:
    birds = house.world.product("Birds")
    house.world.product("Fish")

    for parameters in (
        {"name": "Birds"},
        {"label": "Birds"},
        {"id": birds},
        {"search": 'name="Birds"'},
        {"search": "label = Birds and redhat = false"},
    ):
        results = house.get("products", **parameters).json()["results"]
        assert [each["id"] for each in results] == [birds], parameters
    assert house.get("products", redhat_only=True).json()["total"] == 0
    assert house.get("products", enabled=True).json()["total"] == 0


def test_an_update_changes_what_is_given(house: House) -> None:
    product = house.world.product("Birds")

    answer = house.put(f"products/{product}", name="Fowl", description="they fly")

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["label"], shown["description"]) == ("Fowl", "Birds", "they fly")


def test_a_deleted_product_takes_its_repositories_along(house: House) -> None:
    world = house.start_worker()
    product = world.product("Birds")
    repository = world.repository("reed")

    answer = house.delete(f"products/{product}")

    assert answer.status_code == 202
    assert answer.json()["label"] == "Actions::Katello::Product::Destroy"
    world.done(answer.json())
    refused(house.get(f"products/{product}"), 404)
    refused(house.get(f"repositories/{repository}"), 404)


@on_sqlite
def test_a_product_stays_while_a_version_holds_its_repository(house: House) -> None:
    world = house.start_worker()
    repository = world.repository("reed")
    world.publish(world.view("Tools", repository))

    answer = house.delete(f"products/{world.product()}")

    refused(answer, 409, "its repository 'reed' is in a published content view version")


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": "Birds", "label": "Other"}, "name", "has already been taken"),
        ({"name": "Other", "label": "Birds"}, "label", "has already been taken"),
        ({"name": "Other", "label": "a/b"}, "label", "ascii alpha numerals"),
        ({"name": "  "}, "name", "can't be blank"),
        ({"name": None}, "name", "can't be blank"),
    ],
)
def test_bad_products_are_refused_by_field(
    house: House, fields: dict[str, str], field: str, words: str
) -> None:
    house.world.product("Birds")

    answer = house.post("products", **({"organization_id": house.organization} | fields))

    assert words in refused(answer, 422)[field][0]


@on_sqlite
def test_names_and_labels_may_repeat_in_another_organization(house: House) -> None:
    house.world.product("Birds")

    assert house.world.another().product("Birds")


@on_sqlite
def test_syncing_a_product_syncs_each_repository_that_has_an_upstream(house: House) -> None:
    product = house.world.product("Birds")
    refused(house.post(f"products/{product}/sync"), 400, "no repository with an upstream URL")
    house.world.repository("rook")
    repository = house.world.repository("reed", url="http://127.0.0.1:9/")

    answer = house.post(f"products/{product}/sync")

    assert answer.status_code == 202
    assert answer.json()["input"]["repository_ids"] == [repository]


@on_sqlite
def test_a_parent_task_has_a_sub_task_for_each_repository(house: House) -> None:
    world = house.start_worker()
    repository = world.repository("reed", url="http://127.0.0.1:9/")

    parent = world.ended(world.post(f"products/{world.product()}/sync"))

    assert parent["result"] == "warning"  # nobody listens at port 9
    sync = house.get(f"repositories/{repository}/sync").json()
    assert sync["parent_task_id"] == parent["id"]
    assert sync["result"] == "error"
    shown = house.get(f"products/{world.product()}").json()
    assert shown["sync_state"] == "error"
    assert shown["last_sync"] is not None
