"""What a publish would change, and what two points of a view differ in."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from headgate.domain.errors import ConflictError
from headgate.server.content_types import content_types
from headgate.services.views import previews
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_views
from headgate.upstream import AddressRules, DownloadRules
from support.house import House, refused
from support.upstream import Upstream, upstream

DOWNLOADS = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]))
KINDS = {"rpm": "packages", "erratum": "errata", "module_stream": "module_streams"}

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture(scope="module")
def web(aviary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(aviary.parent, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


def held(house: House, version: int) -> dict[str, set[int]]:
    """What the lists of the API say that a version holds."""
    return {
        kind: {each["id"] for each in house.world.list(resource, content_view_version_id=version)}
        for kind, resource in KINDS.items()
    }


def numbers(shown: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """Added, removed and kept units, by type."""
    return {
        each["unit_type"]: (each["added"], each["removed"], each["kept"])
        for each in shown["content_types"]
        if each["unit_type"] in KINDS
    }


def difference(before: dict[str, set[int]], after: dict[str, set[int]]) -> dict[str, Any]:
    """The same, counted from lists."""
    return {
        kind: (
            len(after[kind] - before[kind]),
            len(before[kind] - after[kind]),
            len(before[kind] & after[kind]),
        )
        for kind in KINDS
    }


NOTHING: dict[str, set[int]] = {kind: set() for kind in KINDS}


def test_a_publish_gives_what_its_preview_showed(house: House, web: Upstream) -> None:
    world = house.start_worker(DOWNLOADS)
    birds = world.mirror("birds", f"{web.url}aviary/", download_policy="on_demand")
    notes = house.files("notes", one=b"1")
    view = world.view("Base", birds, notes)
    before = NOTHING
    versions: list[int] = []

    def publish_as_previewed(**fields: Any) -> dict[str, Any]:
        nonlocal before
        plan = house.get(f"content_views/{view}/preview").json()
        versions.append(world.publish(view, plan_digest=plan["plan_digest"], **fields))
        after = held(house, versions[-1])
        assert numbers(plan) == difference(before, after)
        before = after
        return plan

    first = publish_as_previewed()
    assert (first["before"], first["needed"]) == (None, True)
    again = house.get(f"content_views/{view}/preview").json()
    assert not again["needed"]
    assert set(chain(*(each[:2] for each in numbers(again).values()))) == {0}

    world.filter(view, "no herons", {"name": "heron*"})
    second = publish_as_previewed()
    [gone] = [each for each in second["content_types"] if each["unit_type"] == "rpm"]
    assert {item["change"] for item in gone["items"]} == {"removed"}
    assert {item["family"].split(".")[0] for item in gone["items"]} == {"heron"}
    assert gone["bytes_removed"] > 0
    assert second["estimated_seconds"] > 0

    house.upload(notes, "two", b"22")
    files = house.get(f"content_views/{view}/preview").json()["content_types"]
    [added] = [each for each in files if each["unit_type"] == "file"]
    assert added["items"] == [{"change": "added", "family": "two", "before": [], "after": ["two"]}]
    assert (added["bytes_added"], added["bytes_to_fetch"]) == (2, 0)

    packages = {version: held(house, version)["rpm"] for version in versions}
    for restriction, expected in (
        ("same", packages[versions[0]] & packages[versions[1]]),
        ("different", packages[versions[0]] ^ packages[versions[1]]),
        ("all", packages[versions[0]] | packages[versions[1]]),
    ):
        compared = house.get(
            "packages/compare",
            content_view_version_ids=versions,
            restrict_comparison=restriction,
            per_page=1000,
        ).json()["results"]
        assert {each["id"]: each["comparison"] for each in compared} == {
            unit: [version for version in versions if unit in packages[version]]
            for unit in expected
        }

    there = f"content_views/{view}/compare"
    back = house.get(there, before="2.0", after="1.0").json()
    assert numbers(back) == difference(held(house, versions[1]), held(house, versions[0]))
    assert back["before"] == {"name": "2.0", "content_view_version_id": versions[1]}
    same = house.get(there, before="2.0", after="Library").json()
    assert set(chain(*(each[:2] for each in numbers(same).values()))) == {0}
    house.control.clock.wait(days=1)
    world.publish(view)
    day = house.get(there, before="Library@2026-01-31", after="2.0", limit=0).json()
    assert day["before"]["content_view_version_id"] == versions[1]
    planned = house.get(there, before="planned", after="3.0").json()
    assert all(each["added"] == each["removed"] == 0 for each in planned["content_types"])


@on_sqlite
def test_a_plan_that_is_no_longer_true_is_refused(house: House) -> None:
    world = house.start_worker()
    notes = house.files("notes", one=b"1")
    view = world.view("Base", notes)
    stale = house.get(f"content_views/{view}/preview").json()["plan_digest"]
    house.upload(notes, "two", b"2")

    refused(house.post(f"content_views/{view}/publish", plan_digest=stale), 409, "Preview it again")

    assert world.list("content_view_versions", content_view_id=view) == []
    fresh = house.get(f"content_views/{view}/preview").json()["plan_digest"]
    world.publish(view, plan_digest=fresh)


@on_sqlite
def test_a_preview_with_dependencies_is_of_one_moment(house: House) -> None:
    world = house.start_worker()
    notes = house.files("notes", one=b"1")
    view = world.view("Base", notes)
    kinds, database = content_types(), house.control.database

    def row(tx: Transaction) -> Row[Any]:
        return tx.execute(select(content_views).where(content_views.c.id == view)).one()

    with database.read() as tx:
        plan = previews.planned(tx, kinds, row(tx))
        previews.require_unchanged(tx, row(tx), plan)
    house.upload(notes, "two", b"2")

    with database.read() as tx, pytest.raises(ConflictError, match="Preview it again"):
        previews.require_unchanged(tx, row(tx), plan)


@on_sqlite
def test_who_may_look_may_preview_with_dependencies(house: House) -> None:
    world = house.start_worker()
    view = world.view("Base", house.files("notes", one=b"1"))
    path = f"/katello/api/content_views/{view}/preview"
    mine = [house.organization]
    viewer = house.control.user("viewer", permissions=["view_content_views"], organizations=mine)
    editor = house.control.user("editor", permissions=["edit_content_views"], organizations=mine)
    stranger = house.control.user("stranger", permissions=["view_content_views"])

    shown = world.done(viewer.post(path, json={"limit": 0}).json())["output"]

    assert shown["plan_digest"] == viewer.get(path).json()["plan_digest"]
    assert shown["dependencies"]["packages_checked"] == 0
    assert [client.post(path).status_code for client in (editor, stranger)] == [404, 404]
    refused(
        house.post(f"content_views/{view}/preview", limit=1001), 422, "less than or equal to 1000"
    )
    rolling = world.view("Rolling", rolling=True)
    refused(house.post(f"content_views/{rolling}/preview"), 400, "has no versions")


@on_sqlite
def test_points_that_are_none_are_named(house: House) -> None:
    view = house.world.view("Base")
    there = f"content_views/{view}/compare"
    house.world.environment("Dev")

    for point, status, words in (
        ("1.0", 404, "no version 1.0"),
        ("Dev", 404, "not in the environment Dev"),
        ("Dev@2026-01-01", 404, "not known or no longer kept"),
        ("Dev@yesterday", 400, "no day"),
        ("Mars", 400, "no point to compare"),
        ("99999999999.0", 400, "no point to compare"),
    ):
        refused(house.get(there, before=point, after="planned"), status, words)
        refused(house.get(there, before="planned", after=point), status, words)
    stranger = house.control.user("stranger", permissions=["view_content_views"])
    for action in ("preview", "compare?before=planned&after=planned"):
        assert stranger.get(f"/katello/api/content_views/{view}/{action}").status_code == 404
    [library] = house.world.list("content_views", name="Default Organization View")
    refused(house.get(f"content_views/{library['id']}/preview"), 400, "default content view")
