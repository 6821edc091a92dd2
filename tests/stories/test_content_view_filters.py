"""Content view filters and their rules over the API (katello.md 1.5)."""

from typing import Any

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_a_filter_is_the_same_below_its_view_and_by_itself(house: House) -> None:
    reed = house.world.repository("reed")
    view = house.world.view("Tools", reed)
    wanted = {"name": "some", "type": "rpm", "inclusion": True, "repository_ids": [reed]}

    made = house.post(f"content_views/{view}/filters", **wanted)

    assert made.status_code == 201
    filter_id = made.json()["id"]
    nested = house.get(f"content_views/{view}/filters/{filter_id}").json()
    assert nested == house.get(f"content_view_filters/{filter_id}").json()
    assert (nested["type"], nested["inclusion"]) == ("rpm", True)
    assert [each["id"] for each in nested["repositories"]] == [reed]
    assert nested["content_view"]["id"] == view


def test_rules_show_only_what_they_say(house: House) -> None:
    filter_id = house.world.filter(house.world.view("Tools"), "some")

    made = house.post(f"content_view_filters/{filter_id}/rules", name="reed*", min_version="1.0")

    assert made.status_code == 201
    rule = made.json()
    assert set(rule) == {
        *("id", "content_view_filter_id", "name", "min_version"),
        *("created_at", "updated_at"),
    }
    listed = house.get(f"content_view_filters/{filter_id}/rules").json()["results"]
    assert listed == [rule]
    assert house.get(f"content_view_filters/{filter_id}").json()["rules"] == [rule]


def test_a_rules_fields_change_and_are_cleared(house: House) -> None:
    filter_id = house.world.filter(house.world.view("Tools"), "some")
    path = f"content_view_filters/{filter_id}/rules"
    rule = house.post(path, name="reed", min_version="1.0").json()["id"]

    changed = house.put(f"{path}/{rule}", min_version="", version="2:1.0-1", architecture="x86*")

    assert changed.status_code == 200
    shown = changed.json()
    assert "min_version" not in shown
    assert (shown["version"], shown["architecture"]) == ("2:1.0-1", "x86*")
    assert house.delete(f"{path}/{rule}").json()["id"] == rule
    refused(house.get(f"{path}/{rule}"), 404)


def test_rules_come_and_go_in_groups(house: House) -> None:
    view = house.world.view("Tools")
    filter_id = house.world.filter(view, "some")
    path = f"content_views/{view}/filters/{filter_id}"

    rules = [{"name": "reed"}, {"name": "rook", "version": "1.0"}]
    added = house.put(f"{path}/add_filter_rules", rules_params=rules).json()["rules"]
    both = refused(house.put(f"{path}/add_filter_rules", rules_params=[{"name": "owl"}, {}]), 422)
    left = house.put(f"{path}/remove_filter_rules", rule_ids=[added[0]["id"]]).json()["rules"]

    assert [each["name"] for each in added] == ["reed", "rook"]
    assert both == {"name": ["can't be blank"]}
    assert [each["name"] for each in left] == ["rook"]


def test_a_filter_changes_and_goes(house: House) -> None:
    reed = house.world.repository("reed")
    view = house.world.view("Tools", reed)
    filter_id = house.world.filter(view, "some", {"name": "x"})
    path = f"content_view_filters/{filter_id}"

    changed = house.put(path, name="more", inclusion=True, repository_ids=[reed])
    cleared = house.put(path, repository_ids=[])

    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["inclusion"]) == ("more", True)
    assert changed.json()["repository_ids"] == [reed]
    assert cleared.json()["repository_ids"] == []
    assert house.delete(path).json()["id"] == filter_id
    refused(house.get(path), 404)


def test_filters_are_found_by_plain_parameters_and_by_search(house: House) -> None:
    view = house.world.view("Tools")
    some = house.world.filter(view, "some")
    house.world.filter(house.world.view("Other"), "some")

    for parameters in (
        {"content_view_id": view},
        {"content_view_id": view, "name": "some"},
        {"content_view_id": view, "types[]": "rpm"},
        {"id": some},
        {"search": f"content_view_id = {view} and type = rpm"},
    ):
        results = house.get("content_view_filters", **parameters).json()["results"]
        assert [each["id"] for each in results] == [some], parameters


def test_several_filters_go_at_once(house: House) -> None:
    view = house.world.view("Tools")
    ids = [house.world.filter(view, name) for name in ("one", "two", "three")]
    other = house.world.filter(house.world.view("Other"), "four")

    refused(house.put(f"content_views/{view}/remove_filters", filter_ids=[ids[0], other]), 404)
    answer = house.put(f"content_views/{view}/remove_filters", filter_ids=ids[:2])

    assert answer.status_code == 200
    left = house.get(f"content_views/{view}/filters").json()["results"]
    assert [each["id"] for each in left] == ids[2:]


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": "some"}, "name", "has already been taken"),
        ({"name": ""}, "name", "can't be blank"),
        ({"type": "deb"}, "type", "must be one of"),
        ({"type": None}, "type", "can't be blank"),
    ],
)
def test_bad_filters_are_refused_by_field(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    view = house.world.view("Tools")
    house.world.filter(view, "some")

    errors = refused(
        house.post(f"content_views/{view}/filters", **({"name": "x", "type": "rpm"} | fields)), 422
    )

    assert words in errors[field][0]


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "name", "can't be blank"),
        ({"name": "a b"}, "name", "without spaces"),
        ({"name": "x", "architecture": "a/b"}, "architecture", "without spaces or slashes"),
        ({"name": "x", "version": "1:2:3"}, "version", "must be of the form"),
        ({"name": "x", "min_version": "!"}, "min_version", "must be of the form"),
        ({"name": "x", "version": "1", "max_version": "2"}, "base", "cannot be given together"),
        ({"name": "reed"}, "base", "equal rule already"),
    ],
)
def test_bad_rules_are_refused_by_field(
    house: House, fields: dict[str, str], field: str, words: str
) -> None:
    filter_id = house.world.filter(house.world.view("Tools"), "some", {"name": "reed"})

    errors = refused(house.post(f"content_view_filters/{filter_id}/rules", **fields), 422)

    assert words in errors[field][0]


@on_sqlite
def test_a_filter_keeps_to_its_views_repositories(house: House) -> None:
    view = house.world.view("Tools", house.world.repository("reed"))
    rook = house.world.repository("rook")
    wanted = {"name": "x", "type": "rpm", "repository_ids": [rook]}

    refused(house.post(f"content_views/{view}/filters", **wanted), 400, "of its content view")


@on_sqlite
def test_filters_and_rules_are_not_found_below_a_stranger(house: House) -> None:
    view, other = house.world.view("Tools"), house.world.view("Other")
    filter_id = house.world.filter(view, "some", {"name": "reed"})
    stranger = house.world.filter(other, "some")
    rule = house.get(f"content_view_filters/{filter_id}").json()["rules"][0]["id"]

    refused(house.get(f"content_views/{other}/filters/{filter_id}"), 404)
    refused(house.put(f"content_views/{other}/filters/{filter_id}", name="x"), 404)
    refused(house.delete(f"content_views/{other}/filters/{filter_id}"), 404)
    refused(house.get(f"content_view_filters/{stranger}/rules/{rule}"), 404)
    refused(house.put(f"content_view_filters/{stranger}/rules/{rule}", name="x"), 404)
    refused(house.delete(f"content_view_filters/{stranger}/rules/{rule}"), 404)
    refused(house.put(f"content_view_filters/{stranger}/remove_filter_rules", rule_ids=[rule]), 404)


@on_sqlite
def test_the_default_view_takes_no_filters(house: House) -> None:
    default = house.get(f"organizations/{house.organization}").json()["default_content_view_id"]

    answer = house.post(f"content_views/{default}/filters", name="x", type="rpm")

    refused(answer, 400, "default content view cannot be filtered")
