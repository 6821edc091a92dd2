"""Lists that say little about much: packages by name, repositories by version."""

from dataclasses import replace
from pathlib import Path

import pytest

from headgate.domain.ids import UserId
from headgate.services.access import Actor
from headgate.services.work.tasks import count_tasks
from headgate.upstream import DownloadRules
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@on_sqlite
def test_packages_are_listed_by_name_alone(house: House, aviary: Path) -> None:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    world.mirror("birds", f"file://{aviary}/")

    listed = house.get("packages/thindex", search="name = heron", order="nvra ASC").json()

    assert [sorted(each) for each in listed["results"]] == [["id", "name", "nvra"]] * 2
    assert [each["nvra"] for each in listed["results"]] == [
        "heron-1.0-1.noarch",
        "heron-2.0-1.noarch",
    ]
    stranger = world.another()
    nobody = house.control.user(
        "stranger", organizations=[stranger.organization_id], permissions=["view_products"]
    )
    assert nobody.get("/katello/api/packages/thindex").json()["results"] == []


@on_sqlite
def test_versions_are_compared_by_their_repositories(house: House) -> None:
    world = house.start_worker()
    nests, eggs = house.files("nests", one=b"1"), house.files("eggs", two=b"2")
    view = world.view("Base", nests)
    first = world.publish(view)
    world.put(f"content_views/{view}", repository_ids=[nests, eggs])
    second = world.publish(view)

    def compared(**chosen: object) -> dict[str, list[int]]:
        answer = house.get(
            "repositories/compare", content_view_version_ids=[first, second], **chosen
        )
        return {each["name"]: each["comparison"] for each in answer.json()["results"]}

    assert compared() == {"eggs": [second], "nests": [first, second]}
    assert compared(restrict_comparison="same") == {"nests": [first, second]}
    assert compared(restrict_comparison="different") == {"eggs": [second]}
    assert compared(repository_id=nests) == {"nests": [first, second]}
    refused(house.get("repositories/compare", content_view_version_ids=[999]), 404, "Could not")


@on_sqlite
def test_lists_that_are_empty_say_what_is_wrong_with_a_search(house: House) -> None:
    for path in ("content_exports", "debs", "alternate_content_sources", "subscriptions"):
        well = house.get(path, search="name = x").json()
        assert (well["results"], well["error"], well["per_page"]) == ([], None, 20)
        wrong = house.get(path, search="(name = x").json()
        assert wrong["results"] == []
        assert wrong["error"]
    refused(house.admin.get("/api/domains", params={"search": "(name = x"}), 400)
    assert house.admin.get("/api/domains", params={"search": "name = x"}).json()["total"] == 0


@on_sqlite
def test_who_may_not_view_tasks_counts_their_own(house: House) -> None:
    assert house.delete(f"products/{house.world.product()}").status_code == 202
    with house.control.database.read() as tx:
        login = Actor(UserId(0), "blind", organization_ids=frozenset({house.organization}))
        assert count_tasks(tx, actor=login, clock=house.control.clock) == []
        viewer = replace(login, permissions=frozenset({"view_foreman_tasks"}))
        (count,) = count_tasks(tx, actor=viewer, clock=house.control.clock)
    assert count.total == 1
