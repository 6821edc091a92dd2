"""Composite content views over the API: components, publishing, auto publish (katello.md 1.5)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from headgate.content.file.content import FileType
from headgate.domain.content import Content
from headgate.domain.errors import StorageFullError
from headgate.engine.port import Run
from headgate.plugin import Ports, PublishedFile, PublishOptions
from headgate.workflows.definitions import workflows
from support.control import control
from support.house import House, refused
from support.tasks import Workbench

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
AUTO = "Actions::Katello::ContentView::AutoPublish"


class FullDisk(FileType):
    """A content type that can write nothing."""

    def publish(
        self, ports: Ports, run: Run, content: Content, options: PublishOptions
    ) -> Sequence[PublishedFile]:
        del ports, run, content, options
        raise StorageFullError("no room")


def composite(house: House, name: str, *choices: dict[str, Any], **fields: Any) -> int:
    """Make a composite view of these components."""
    view = house.world.view(name, composite=True, **fields)
    if choices:
        house.world.put(f"content_views/{view}/content_view_components/add", components=choices)
    return view


def latest(view: int) -> dict[str, Any]:
    return {"content_view_id": view, "latest": True}


def fixed(version: int) -> dict[str, Any]:
    return {"content_view_version_id": version}


def held(house: House, version: int) -> dict[str, int]:
    """Return the number of files of each repository of a version."""
    shown = house.get(f"content_view_versions/{version}").json()
    return {each["name"]: each["content_counts"]["file"] for each in shown["repositories"]}


def test_components_are_added_shown_changed_and_removed(house: House) -> None:
    world = house.start_worker()
    tools, base = world.view("Tools"), world.view("Base")
    first, second = world.publish(tools), world.publish(tools)
    view = world.view("All", composite=True)
    path = f"content_views/{view}/content_view_components"

    added = house.put(f"{path}/add", components=[fixed(first), latest(base)])

    assert added.status_code == 200
    one, other = added.json()["results"]
    assert (one["latest"], one["content_view_version"]["version"]) == (False, "1.0")
    assert one["content_view"] == {
        "id": tools,
        "name": "Tools",
        "label": "Tools",
        "description": None,
        "next_version": "3.0",
    }
    assert one["composite_content_view"] == {"id": view, "name": "All", "label": "All"}
    assert (other["latest"], other["content_view_version"]) == (True, None)
    assert house.get(path).json()["results"] == added.json()["results"]
    assert house.get(f"{path}/{one['id']}").json() == one

    changed = house.put(f"{path}/{one['id']}", latest=True).json()
    assert (changed["latest"], changed["content_view_version"]["id"]) == (True, second)
    assert [each["name"] for each in changed["content_view_version"]["environments"]] == ["Library"]
    changed = house.put(f"{path}/{one['id']}", content_view_version_id=first).json()
    assert (changed["latest"], changed["content_view_version"]["id"]) == (False, first)
    shown = house.get(f"content_views/{view}").json()
    assert shown["component_ids"] == [first]
    assert [each["name"] for each in shown["components"]] == ["Tools 1.0"]
    assert [each["id"] for each in shown["content_view_components"]] == [one["id"], other["id"]]

    left = house.put(f"{path}/remove", component_ids=[one["id"]]).json()["results"]
    assert [each["id"] for each in left] == [other["id"]]


def test_component_ids_replace_the_components_and_keep_those_that_follow(house: House) -> None:
    world = house.start_worker()
    tools, base = world.view("Tools"), world.view("Base")
    one, two = world.publish(tools), world.publish(base)
    view = composite(house, "All", latest(tools))

    shown = house.put(f"content_views/{view}", component_ids=[one, two]).json()

    components = {each["content_view"]["id"]: each for each in shown["content_view_components"]}
    assert {view: each["latest"] for view, each in components.items()} == {tools: True, base: False}
    assert house.put(f"content_views/{view}", component_ids=[two]).json()["component_ids"] == [two]
    made = world.view("Made", composite=True, component_ids=[one])
    assert house.get(f"content_views/{made}").json()["component_ids"] == [one]


def test_a_composite_version_holds_what_its_components_hold(house: House) -> None:
    world = house.start_worker()
    nests, eggs = house.files("nests", twig=b"t"), house.files("eggs", egg=b"e", yolk=b"y")
    tools, base = world.view("Tools", nests), world.view("Base", eggs)
    one, two = world.publish(tools), world.publish(base)
    view = composite(house, "All", fixed(one), latest(base))

    version = world.publish(view)

    assert held(house, version) == {"nests": 1, "eggs": 2}
    shown = house.get(f"content_view_versions/{version}").json()
    assert {each["id"] for each in shown["components"]} == {one, two}
    parts = house.get("content_view_versions", composite_version_id=version).json()["results"]
    assert {each["id"] for each in parts} == {one, two}
    listed = house.get(f"content_views/{view}").json()
    assert {each["id"] for each in listed["repositories"]} == {nests, eggs}
    component = house.get(f"content_view_versions/{one}").json()
    assert component["composite_content_views"] == [{"id": view, "name": "All"}]
    assert component["published_in_composite_content_views"] == [{"id": view, "name": "All"}]
    (made,) = component["composite_content_view_versions"]
    assert (made["id"], made["version"], made["content_view"]["name"]) == (version, "1.0", "All")


def test_a_repository_in_two_components_has_the_units_of_both(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", twig=b"old", leaf=b"l")
    tools, base = world.view("Tools", nests), world.view("Base", nests)
    world.publish(tools)
    leaf = house.get("files", repository_id=nests, search="path = leaf").json()["results"][0]["id"]
    world.remove(nests, leaf, kind="file")
    house.upload(nests, "twig", b"new twig")
    house.upload(nests, "moss", b"m")
    world.publish(base)
    view = composite(house, "All", latest(base), latest(tools))

    version = world.publish(view)

    # Every path once; where both have one, that of the version made last.
    files = house.get("files", content_view_version_id=version).json()["results"]
    sizes = {each["path"]: each["size"] for each in map(dict, files) if "size" in each}
    assert {each["path"] for each in files} == {"twig", "leaf", "moss"}
    new = house.get("files", repository_id=nests, search="path = twig").json()["results"][0]
    assert new["id"] in {each["id"] for each in files}
    assert sizes.get("twig", len(b"new twig")) == len(b"new twig")


def test_a_composite_needs_publishing_when_a_component_it_follows_moves_on(house: House) -> None:
    world = house.start_worker()
    tools = world.view("Tools")
    first = world.publish(tools)
    following, resting = composite(house, "F", latest(tools)), composite(house, "R", fixed(first))
    for view in (following, resting):
        world.publish(view)
        assert house.get(f"content_views/{view}").json()["needs_publish"] is False

    world.publish(tools)

    assert house.get(f"content_views/{following}").json()["needs_publish"] is True
    assert house.get(f"content_views/{resting}").json()["needs_publish"] is False


def test_a_composite_publishes_itself_once_for_components_published_together(house: House) -> None:
    world = house.world
    tools, base = world.view("Tools"), world.view("Base")
    view = composite(house, "All", latest(tools), latest(base), auto_publish=True)
    tasks = [house.post(f"content_views/{each}/publish").json() for each in (tools, base)]

    house.start_worker()
    one, two = (world.done(task)["output"]["content_view_version_id"] for task in tasks)
    auto = world.list_tasks(AUTO)
    world.done(auto[0])

    assert len(auto) == 1
    shown = house.get(f"content_views/{view}").json()
    (made,) = shown["versions"]
    version = house.get(f"content_view_versions/{made['id']}").json()
    assert {each["id"] for each in version["components"]} == {one, two}
    assert version["description"].startswith("Auto Publish - Triggered by '")
    assert version["triggered_by_id"] in (one, two)
    triggered = house.get("content_view_versions", triggered_by_id=version["triggered_by_id"])
    assert [each["id"] for each in triggered.json()["results"]] == [made["id"]]
    assert [each["name"] for each in version["environments"]] == ["Library"]


def test_a_composite_with_fixed_components_or_without_the_flag_stays_as_it_is(house: House) -> None:
    world = house.start_worker()
    tools = world.view("Tools")
    first = world.publish(tools)
    composite(house, "Fixed", fixed(first), auto_publish=True)
    composite(house, "Quiet", latest(tools))

    world.publish(tools)

    assert world.list_tasks(AUTO) == []


def test_a_composite_waits_for_its_components_and_for_itself(house: House) -> None:
    world = house.start_worker()
    tools = world.view("Tools")
    view = composite(house, "All", latest(tools), auto_publish=True)
    house.stop_worker()
    task = house.post(f"content_views/{tools}/publish").json()

    refused(house.post(f"content_views/{view}/publish"), 409, "'Publish content view 'Tools'")
    house.start_worker()
    world.done(task)
    (auto,) = world.list_tasks(AUTO)
    world.done(auto)
    assert world.publish(view)


def test_an_auto_publish_that_fails_is_in_the_history_and_is_made_up_for(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", twig=b"t")
    tools, base = world.view("Tools", nests), world.view("Base", nests)
    world.publish(tools)
    (twig,) = house.get("files", repository_id=nests).json()["results"]
    world.remove(nests, twig["id"], kind="file")
    house.upload(nests, "leaf", b"l")
    view = composite(house, "All", latest(tools), latest(base), auto_publish=True)
    house.stop_worker()
    task = house.post(f"content_views/{base}/publish").json()

    full = replace(house.workshop(), content_types={"file": FullDisk()})
    bench = Workbench(house.control.database)
    bench.start(workflows(full))
    world.done(task)
    (auto,) = world.list_tasks(AUTO)
    ended = world.ended(auto)
    bench.close()

    assert ended["result"] == "error"
    (line,) = house.get(f"content_views/{view}/history").json()["results"]
    assert (line["action"], line["status"], line["version"]) == ("publish", "failed", "1.0")
    assert (line["description"], line["task"]["id"]) == ("no room", auto["id"])
    house.start_worker()
    world.publish(base)
    world.done(world.list_tasks(AUTO)[0])
    shown = house.get(f"content_views/{view}").json()
    assert [each["version"] for each in shown["versions"]] == ["1.0"]


def test_a_repository_leaves_every_version_that_it_is_deleted_from(house: House) -> None:
    world = house.start_worker()
    nests, eggs = house.files("nests", twig=b"t"), house.files("eggs", egg=b"e")
    tools = world.view("Tools", nests, eggs)
    view = composite(house, "All", latest(tools))
    rolling = world.view("Now", nests, eggs, rolling=True)
    parts = world.publish(tools)
    version = world.publish(view)

    house.stop_worker()
    waiting = house.post(f"content_views/{tools}/publish").json()
    refused(house.delete(f"repositories/{nests}"), 409, "being published (Tools 2.0)")
    house.start_worker()
    world.done(waiting)
    answer = house.delete(f"repositories/{nests}")

    assert answer.status_code == 200
    assert held(house, parts) == held(house, version) == {"eggs": 1}
    for each in (tools, view, rolling):
        assert house.get(f"content_views/{each}").json()["repositories"][0]["id"] == eggs
    assert held(house, world.publish(view)) == {"eggs": 1}


def test_what_a_composite_uses_is_not_deleted(house: House) -> None:
    world = house.start_worker()
    tools = world.view("Tools")
    first, second = world.publish(tools), world.publish(tools)
    view = composite(house, "All", fixed(first))
    made = world.publish(view)
    world.put(f"content_views/{view}", component_ids=[second])
    library = world.environment("Library")
    world.delete(f"content_views/{tools}/environments/{library}")

    words = "while it is in use by composite content views: All"
    refused(house.delete(f"content_view_versions/{first}"), 400, "version 1.0", f"{words} Version")
    refused(house.delete(f"content_view_versions/{second}"), 400, "version 2.0", words)
    bulk = {"content_view_version_ids": [first]}
    refused(house.put(f"content_views/{tools}/remove", **bulk), 400, words)
    refused(house.delete(f"content_views/{tools}"), 400, words)
    refused(house.put(f"content_views/{tools}/remove", destroy_content_view=True), 400, words)

    world.delete(f"content_views/{view}/environments/{library}")
    world.delete(f"content_view_versions/{made}")
    world.delete(f"content_view_versions/{first}")
    world.put(f"content_views/{view}", component_ids=[])
    world.done(house.put(f"content_views/{tools}/remove", destroy_content_view=True).json())


def test_a_copy_has_components_flags_and_filters(house: House) -> None:
    world = house.start_worker()
    reed, rook = world.repository("reed"), world.repository("rook")
    tools = world.view("Tools", reed, rook, solve_dependencies=True, description="d")
    world.filter(tools, "some", {"name": "a", "version": "1"}, {"name": "b"}, repository_ids=[rook])
    version = world.publish(tools)
    both = composite(house, "All", fixed(version), auto_publish=True)

    copy = world.post(f"content_views/{tools}/copy", name="Copy")
    other = world.post(f"content_views/{both}/copy", name="Other")

    assert (copy["description"], copy["solve_dependencies"]) == ("d", True)
    assert copy["repository_ids"] == house.get(f"content_views/{tools}").json()["repository_ids"]
    (made,) = world.list("content_view_filters", content_view_id=copy["id"])
    (original,) = world.list("content_view_filters", content_view_id=tools)
    own = ("id", "content_view", "content_view_id", "created_at", "updated_at", "rules")
    assert {k: v for k, v in made.items() if k not in own} == {
        k: v for k, v in original.items() if k not in own
    }
    assert [each["name"] for each in made["rules"]] == ["a", "b"]
    assert (other["composite"], other["auto_publish"]) == (True, True)
    assert other["component_ids"] == [version]


@on_sqlite
def test_bad_components_are_refused(house: House) -> None:
    world = house.start_worker()
    tools, rolling = world.view("Tools"), world.view("Rolling", rolling=True)
    version = world.publish(tools)
    view, nested = composite(house, "All", fixed(version)), composite(house, "Nested")
    inner = world.publish(nested)
    theirs = world.another().view("Theirs")
    default = house.get(f"organizations/{house.organization}").json()["default_content_view_id"]

    for choice, words in (
        ({"content_view_version_id": version, "latest": True}, "Cannot set both"),
        ({"content_view_id": tools}, "Either select the latest"),
        ({"latest": True}, "Either select the latest"),
        (latest(tools), "Another component already includes content view with ID"),
        (fixed(inner), "Cannot add composite versions to a composite content view"),
        (latest(rolling), "Cannot add rolling content view"),
        (latest(default), "Cannot add default content view"),
        (latest(theirs), "belongs to another organization"),
        ({"content_view_id": nested, "content_view_version_id": version}, "is not of content view"),
    ):
        answer = house.put(f"content_views/{view}/content_view_components/add", components=[choice])
        refused(answer, 422, words)
    answer = house.put(f"content_views/{tools}/content_view_components/add", components=[])
    refused(answer, 422, "Cannot add component versions to a non-composite content view")
    refused(house.put(f"content_views/{view}", repository_ids=[world.repository("r")]), 422)
    refused(house.get(f"content_views/{view}/content_view_components/99"), 404)
    (component,) = house.get(f"content_views/{view}").json()["content_view_components"]
    path = f"content_views/{nested}/content_view_components"
    refused(house.put(f"{path}/{component['id']}", latest=True), 404)
    refused(house.put(f"{path}/remove", component_ids=[component["id"]]), 404)


@on_sqlite
def test_kinds_that_are_not_published_or_filtered_say_so(house: House) -> None:
    world = house.world
    imported = world.view("Imported", import_only=True)
    both = composite(house, "All")

    refused(house.post(f"content_views/{imported}/publish"), 400, "cannot be directly published")
    for view, kind in ((imported, "import-only"), (both, "composite")):
        body = {"content_view_id": view, "name": "f", "type": "rpm"}
        refused(house.post("content_view_filters", **body), 422, f"filters if {kind} view")
    for field in ("import_only", "composite", "rolling"):
        now = house.get(f"content_views/{imported}").json()[field]
        answer = house.put(f"content_views/{imported}", **{field: not now})
        assert refused(answer, 422)[field] == ["can not be changed after creation"]
        assert house.put(f"content_views/{imported}", **{field: now}).status_code == 200


@on_sqlite
def test_a_composite_version_may_have_to_follow_its_components(house: House) -> None:
    world = house.start_worker()
    dev = world.environment("Dev")
    tools, base = world.view("Tools"), world.view("Base")
    versions = [world.publish(tools), world.publish(base)]
    whole = world.publish(composite(house, "All", latest(tools), latest(base)))
    world.promote(versions[0], dev)
    strict = control(
        house.control.database, fixed_settings={"restrict_composite_view": True}
    ).client()
    path = f"/katello/api/content_view_versions/{whole}/promote"

    answer = strict.post(path, json={"environment_ids": [dev]})

    refused(answer, 400, "are not in environment 'Dev': Base 1.0")
    world.promote(versions[1], dev)
    assert strict.post(path, json={"environment_ids": [dev]}).status_code == 202
