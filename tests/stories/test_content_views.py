"""Content views over the API: what they take, publishing, removal (katello.md 1.5)."""

from typing import Any

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_a_view_takes_repositories_and_lets_go_of_them(house: House) -> None:
    reed, rook = house.world.repository("reed"), house.world.repository("rook")
    view = house.world.view("Tools", reed)

    answer = house.put(f"content_views/{view}", repository_ids=[rook], description="new", name="T")

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["label"], shown["description"]) == ("T", "Tools", "new")
    assert shown["repository_ids"] == [rook]
    assert shown["repositories"] == [
        {"id": rook, "name": "rook", "label": "rook", "content_type": "yum"}
    ]
    assert (shown["next_version"], shown["latest_version"]) == ("1.0", None)
    assert shown["needs_publish"] is True


def test_a_published_version_is_in_library_at_once(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x")
    view = world.view("Tools", nests)

    answer = house.post(f"content_views/{view}/publish", description="first")

    assert answer.status_code == 202
    task = world.done(answer.json())
    assert task["label"] == "Actions::Katello::ContentView::Publish"
    version = task["output"]["content_view_version_id"]
    shown = house.get(f"content_views/{view}").json()
    assert (shown["latest_version"], shown["latest_version_id"]) == ("1.0", version)
    assert (shown["next_version"], shown["version_count"]) == ("2.0", 1)
    assert [each["name"] for each in shown["environments"]] == ["Library"]
    library = world.environment("Library")
    (listed,) = shown["versions"]
    assert (listed["id"], listed["version"]) == (version, "1.0")
    assert (listed["environment_ids"], listed["filters_applied"]) == ([library], False)
    assert shown["last_published"] is not None
    assert shown["last_task"]["id"] == task["id"]
    assert shown["needs_publish"] is False


def test_a_view_needs_publishing_once_something_has_changed(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x")
    view = world.view("Tools", nests)
    world.publish(view)

    refused(
        house.post(f"content_views/{view}/publish", publish_only_if_needed=True),
        400,
        "does not need a publish",
    )
    house.upload(nests, "chick", b"y")

    assert house.get(f"content_views/{view}").json()["needs_publish"] is True
    assert world.publish(view, publish_only_if_needed=True)


def test_a_filter_makes_a_view_need_publishing(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools", world.repository("reed"))
    world.publish(view)
    assert house.get(f"content_views/{view}").json()["needs_publish"] is False

    world.filter(view, "no reed", {"name": "reed"})

    shown = house.get(f"content_views/{view}").json()
    assert (shown["needs_publish"], shown["filtered"]) == (True, True)


def test_publishing_may_go_on_to_environments_in_order(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    dev = world.environment("Dev")
    prod = world.environment("Prod", after=dev)

    refused(house.post(f"content_views/{view}/publish", environment_ids=[prod]), 400, "skips")
    version = world.publish(view, environment_ids=[dev, prod])
    forced = world.publish(view, environment_ids=[prod], is_force_promote=True)

    names = {each["id"]: each for each in house.get(f"content_views/{view}").json()["versions"]}
    assert names[version]["environment_ids"] == [dev]
    assert names[forced]["environment_ids"] == [world.environment("Library"), prod]


def test_a_version_number_may_be_chosen_once(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")

    world.publish(view, major=3, minor=1)

    shown = house.get(f"content_views/{view}").json()
    assert (shown["latest_version"], shown["next_version"]) == ("3.1", "4.0")
    again = house.post(f"content_views/{view}/publish", major=3, minor=1)
    assert refused(again, 422) == {"major": ["version 3.1 exists already"]}
    refused(house.post(f"content_views/{view}/publish", major=5), 400, "Both major and minor")


def test_history_tells_what_was_done_and_by_whom(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    version = world.publish(view)
    dev = world.environment("Dev")
    world.done(
        house.post(
            f"content_view_versions/{version}/promote", environment_ids=[dev], description="go"
        ).json()
    )

    results = house.get(f"content_views/{view}/history").json()["results"]

    dev_line, library_line, publish_line = results
    assert (dev_line["action"], dev_line["environment"]["name"]) == ("promotion", "Dev")
    assert (library_line["action"], library_line["environment"]["name"]) == ("promotion", "Library")
    assert (publish_line["action"], publish_line["environment"]) == ("publish", None)
    assert {each["user"] for each in results} == {"admin"}
    assert dev_line["description"] == "go"
    assert {each["version"] for each in results} == {"1.0"}


def test_views_are_found_by_plain_parameters_and_by_search(house: House) -> None:
    world = house.start_worker()
    tools = world.view("Tools")
    world.publish(tools)
    world.view("Other")
    library = world.environment("Library")

    for parameters in (
        {"name": "Tools"},
        {"label": "Tools"},
        {"id": tools},
        {"search": 'name="Tools"'},
        {"search": "composite = false and rolling = false and generated = false and label = Tools"},
        {"environment_id": library, "nondefault": True},
    ):
        results = house.get("content_views", **parameters).json()["results"]
        assert [each["id"] for each in results] == [tools], parameters
    without = house.get("content_views", **{"without[]": tools}, nondefault=True).json()["results"]
    assert [each["name"] for each in without] == ["Other"]
    assert house.get("content_views", composite=True).json()["total"] == 0


def test_a_view_leaves_environments_and_loses_versions_in_one_task(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    first, second = world.publish(view), world.publish(view)
    library = world.environment("Library")

    wanted = {"environment_ids": [library], "content_view_version_ids": [second]}
    world.done(world.put(f"content_views/{view}/remove", **wanted))

    shown = house.get(f"content_views/{view}").json()
    assert [each["id"] for each in shown["versions"]] == [first]
    assert shown["environments"] == []
    world.delete(f"content_views/{view}")
    refused(house.get(f"content_views/{view}"), 404)
    refused(house.get(f"content_view_versions/{first}"), 404)


def test_a_view_is_taken_out_of_one_environment(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    world.publish(view)
    library = world.environment("Library")

    world.delete(f"content_views/{view}/environments/{library}")

    assert house.get(f"content_views/{view}").json()["environments"] == []
    path = f"content_views/{view}/environments/{library}"
    refused(house.delete(path), 400, "is not in 'Library'")


def test_many_versions_go_at_once(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    versions = [world.publish(view) for _ in range(4)]

    wanted = {"included": {"search": "version != 4.0"}, "excluded": {"ids": [versions[1]]}}
    world.done(world.put(f"content_views/{view}/bulk_delete_versions", **wanted))

    left = house.get(f"content_views/{view}").json()["versions"]
    assert [each["id"] for each in left] == [versions[1], versions[3]]
    path = f"content_views/{view}/bulk_delete_versions"
    refused(house.put(path, included={"ids": [versions[3]]}), 400, "in the environments Library")
    refused(house.put(path, included={}), 422)
    refused(house.put(path, included={"search": "nest = 1"}), 400, "not recognized")


def test_a_copy_has_the_same_repositories_and_filters(house: House) -> None:
    reed = house.world.repository("reed")
    view = house.world.view("Tools", reed)
    rule = {"name": "reed", "min_version": "1.0"}
    wanted = {"name": "some", "type": "rpm", "inclusion": True, "repository_ids": [reed]}
    made = house.post(f"content_views/{view}/filters", **wanted).json()
    house.post(f"content_view_filters/{made['id']}/rules", **rule)

    copy = house.post(f"content_views/{view}/copy", name="More tools")

    assert copy.status_code == 200
    shown = copy.json()
    assert (shown["label"], shown["repository_ids"]) == ("More_tools", [reed])
    (filter_,) = house.get(f"content_views/{shown['id']}/filters").json()["results"]
    assert (filter_["name"], filter_["inclusion"]) == ("some", True)
    assert filter_["repository_ids"] == [reed]
    assert {key: filter_["rules"][0][key] for key in rule} == rule
    refused(house.post(f"content_views/{view}/copy", name="Tools"), 422, "already been taken")


def test_pairs_of_view_and_environment_have_labels(house: House) -> None:
    world = house.start_worker()
    world.publish(world.view("Tools"))

    results = house.get("content_view_environments").json()["results"]

    organization = world.organization_label
    assert [(each["label"], each["default"]) for each in results] == [
        ("Library", True),
        ("Library/Tools", False),
    ]
    assert results[1]["content_view_version"]["version"] == "1.0"
    url = f"https://headgate.test/pulp/content/{organization}/Library/Tools/"
    assert results[1]["published_at"] == url


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": "Tools", "label": "x"}, "name", "has already been taken"),
        ({"name": "x", "label": "Tools"}, "label", "has already been taken"),
        ({"name": "x", "label": "a/b"}, "label", "ascii alpha numerals"),
        ({"name": ""}, "name", "can't be blank"),
        ({"name": None}, "name", "can't be blank"),
        ({"name": "x", "auto_publish": True}, "auto_publish", "only be set for a composite"),
        ({"name": "x", "composite": True, "rolling": True}, "rolling", "for a composite"),
        ({"name": "x", "composite": True, "import_only": True}, "import_only", "for a composite"),
        (
            {"name": "x", "composite": True, "solve_dependencies": True},
            "solve_dependencies",
            "for a composite",
        ),
        (
            {"name": "x", "rolling": True, "solve_dependencies": True},
            "solve_dependencies",
            "for a rolling",
        ),
        ({"name": "x", "rolling": True, "import_only": True}, "import_only", "for a rolling"),
    ],
)
def test_bad_views_are_refused_by_field(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    house.world.view("Tools")

    answer = house.post("content_views", **({"organization_id": house.organization} | fields))

    assert words in refused(answer, 422)[field][0]


@on_sqlite
def test_the_default_view_is_left_alone(house: House) -> None:
    default = house.get(f"organizations/{house.organization}").json()["default_content_view_id"]

    for answer in (
        house.post(f"content_views/{default}/publish"),
        house.put(f"content_views/{default}", name="x"),
        house.delete(f"content_views/{default}"),
        house.post(f"content_views/{default}/copy", name="x"),
        house.put(f"content_views/{default}/remove", environment_ids=[1]),
    ):
        refused(answer, 400, "default content view cannot be")


@on_sqlite
def test_a_view_in_an_environment_stays(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    world.publish(view)

    refused(house.delete(f"content_views/{view}"), 400, "in the lifecycle environments Library")
    refused(house.put(f"content_views/{view}/remove"), 400, "no environments nor versions")


@on_sqlite
def test_a_view_that_is_being_published_stays(house: House) -> None:
    view = house.world.view("Tools")
    task = house.post(f"content_views/{view}/publish").json()

    refused(house.delete(f"content_views/{view}"), 409, task["id"])


@on_sqlite
def test_a_view_takes_repositories_of_its_own_organization_only(house: House) -> None:
    theirs = house.world.another().repository("reed")
    view = house.world.view("Tools")

    errors = refused(house.put(f"content_views/{view}", repository_ids=[theirs]), 422)

    assert errors == {"repository_ids": ["belong to another organization: reed"]}
    refused(house.put(f"content_views/{view}", repository_ids=[999]), 404)


@on_sqlite
def test_what_would_publish_something_else_than_asked_is_refused(house: House) -> None:
    view = house.world.view("Tools")
    units = [{"label": "reed", "rpm_filenames": ["reed.rpm"]}]

    refused(
        house.post(f"content_views/{view}/publish", repos_units=units), 422, "no yum repository"
    )
