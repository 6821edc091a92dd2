"""Incremental updates and dependencies over the API, on each database (katello.md, appendix)."""

from pathlib import Path
from typing import Any

import pytest

from headgate.content.rpm.solving import confined
from headgate.upstream import DownloadRules
from support.aviary import HERON_2, HERON_ADVISORY, OWL_2, OWL_ADVISORY, REED_2, REED_ADVISORY
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

_PATH = "content_view_versions/incremental_update"


class Reserve:
    """A published view that lacks what is new, and a composite of it, both in Dev."""

    def __init__(self, house: House, aviary: Path) -> None:
        self.house = house
        self.world = world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
        self.dev = world.environment("Dev")
        self.birds = world.mirror("birds", f"file://{aviary}/")
        self.view = world.view("Birds", self.birds)
        self.rules = [{"name": "heron", "version": "2.0"}, {"name": "reed", "version": "1.1"}]
        world.filter(self.view, "old", *self.rules)
        world.filter(self.view, "no streams", type="modulemd", inclusion=True)
        self.base = world.publish(self.view)
        world.promote(self.base, self.dev)

    def ask(self, *named: dict[str, Any], **chosen: Any) -> Any:
        """Ask for an update; of the first version in Dev unless told otherwise."""
        default = {"content_view_version_id": self.base, "environment_ids": [self.dev]}
        return self.house.post(
            _PATH, content_view_version_environments=list(named) or [default], **chosen
        )

    def packages(self, version: int) -> set[str]:
        """Return file names of what a version holds."""
        found = self.world.list("packages", content_view_version_id=version)
        return {each["filename"] for each in found}


@pytest.fixture
def reserve(house: House, aviary: Path) -> Reserve:
    return Reserve(house, aviary)


def test_an_advisory_brings_packages_streams_and_what_they_require(reserve: Reserve) -> None:
    world = reserve.world
    errata = {each["errata_id"]: each["id"] for each in world.list("errata")}

    task = world.done(
        reserve.ask(
            add_content={"errata_ids": [str(errata[HERON_ADVISORY.id]), OWL_ADVISORY.id]},
            resolve_dependencies=True,
        ).json()
    )

    (changed,) = task["output"]["changed_content"]
    version = changed["content_view_version"]["id"]
    assert changed["added_units"] == {
        "erratum": [HERON_ADVISORY.id, REED_ADVISORY.id, OWL_ADVISORY.id],
        "modulemd": ["owl:2:20260101:c0ffee02:noarch"],
        "rpm": sorted(each.nvra for each in (HERON_2, OWL_2, REED_2)),
    }
    assert {HERON_2.filename, OWL_2.filename, REED_2.filename} <= reserve.packages(version)
    assert HERON_2.filename not in reserve.packages(reserve.base)
    shown = world.show("content_view_versions", version)
    assert [each["name"] for each in shown["environments"]] == ["Dev"]
    report = world.show("content_view_versions", f"{version}/dependencies")
    assert [each["package"] for each in report["added"]] == [REED_2.nevra]
    assert world.show("content_views", reserve.view)["next_version"] == "2.0"


def test_composites_in_use_get_the_update_of_their_component(reserve: Reserve) -> None:
    world = reserve.world
    composite = world.view("All", composite=True)
    world.put(
        f"content_views/{composite}/content_view_components/add",
        components=[{"content_view_version_id": reserve.base}],
    )
    whole = world.publish(composite)
    world.promote(whole, reserve.dev)

    task = world.done(
        reserve.ask(
            add_content={"errata_ids": [HERON_ADVISORY.id]}, propagate_all_composites=True
        ).json()
    )

    plain, other = (
        each["content_view_version"]["id"] for each in task["output"]["changed_content"]
    )
    shown = world.show("content_view_versions", other)
    assert (shown["content_view_id"], shown["version"]) == (composite, "1.1")
    assert sorted(each["name"] for each in shown["environments"]) == ["Dev", "Library"]
    assert HERON_2.filename in reserve.packages(other)
    assert reserve.packages(other) == reserve.packages(plain)
    assert HERON_2.filename not in reserve.packages(whole)


@on_sqlite
def test_what_cannot_be_updated_is_refused_in_words(reserve: Reserve) -> None:
    world = reserve.world
    content = {"add_content": {"errata_ids": [HERON_ADVISORY.id]}}
    composite = world.view("All", composite=True)
    world.put(
        f"content_views/{composite}/content_view_components/add",
        components=[{"content_view_version_id": reserve.base}],
    )
    whole = world.publish(composite)
    elsewhere = {
        "content_view_version_id": reserve.base,
        "environment_ids": [world.environment("QA")],
    }

    refused(reserve.ask(), 400, "Nothing to add")
    refused(reserve.ask(add_content={"deb_ids": [1]}), 404, "Could not find deb")
    refused(reserve.ask(add_content={"errata_ids": ["NO-2026:1"]}), 404, "Could not find erratum")
    refused(reserve.ask(add_content={"package_ids": [99999999]}), 404, "Could not find rpm")
    none = reserve.house.post(_PATH, content_view_version_environments=[], **content)
    refused(none, 400, "At least one Content View Version must be specified")
    refused(reserve.ask(elsewhere, **content), 400, "is not in all specified environments")
    alone: dict[str, Any] = {"content_view_version_id": whole, "environment_ids": []}
    refused(reserve.ask(alone, **content), 400, "Composite Content View Version (All version 1.0)")
    hosts = {"included": {"ids": ["1"]}}
    refused(reserve.ask(update_hosts=hosts, **content), 400, "Leave update_hosts out")
    refused(reserve.ask({"content_view_version_id": 9999}, **content), 404, "9999")
    assert len(world.list("content_view_versions")) == 2


@on_sqlite
def test_an_update_without_effect_fails_and_leaves_no_version(reserve: Reserve) -> None:
    world = reserve.world
    ends = world.ended(reserve.ask(add_content={"errata_ids": [HERON_ADVISORY.id]}).json())
    version = ends["output"]["changed_content"][0]["content_view_version"]["id"]

    again = world.ended(
        reserve.ask(
            {"content_view_version_id": version, "environment_ids": [reserve.dev]},
            add_content={"errata_ids": [HERON_ADVISORY.id]},
        ).json()
    )

    assert again["result"] == "error"
    assert "holds all of it already" in again["humanized"]["errors"][0]
    assert {each["version"] for each in world.list("content_view_versions")} == {"1.0", "1.1"}
    assert world.show("content_views", reserve.view)["next_version"] == "2.0"


@on_sqlite
def test_where_libsolv_is_missing_only_solving_is_refused(
    reserve: Reserve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "_LIBRARY", "no_such_library")
    content = {"add_content": {"errata_ids": [HERON_ADVISORY.id]}}

    checked = reserve.house.post(f"content_views/{reserve.view}/check_dependencies")
    refused(checked, 503, "pip install solv")
    previewed = reserve.house.post(f"content_views/{reserve.view}/preview")
    refused(previewed, 503, "pip install solv")
    assert reserve.house.get(f"content_views/{reserve.view}/preview").status_code == 200
    refused(reserve.ask(resolve_dependencies=True, **content), 503, "pip install solv")
    reserve.world.put(f"content_views/{reserve.view}", solve_dependencies=True)
    published = reserve.house.post(f"content_views/{reserve.view}/publish")
    refused(published, 503, "pip install solv")
    reserve.world.done(reserve.ask(**content).json())
