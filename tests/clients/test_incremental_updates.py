"""Incremental updates: what a host of an environment gets, in dnf's words."""

import pytest

from clients.conftest import Host
from support.aviary import CRANE, HERON_1, HERON_2, HERON_ADVISORY, OWL_1, REED_1, REED_2
from support.dnf import Dnf
from support.upstream import Upstream
from support.world import World


class Reserve:
    """A world whose Dev holds a version without the patched packages."""

    def __init__(self, world: World, repository: int, host: Host) -> None:
        self.world = world
        self.dev = world.environment("Dev")
        self.view = world.view("Birds", repository)
        newer = [{"name": "heron", "version": "2.0"}, {"name": "reed", "version": "1.1"}]
        world.filter(self.view, "old", *newer)
        self.base = world.publish(self.view)
        world.promote(self.base, self.dev)
        self._host = host

    def update(self, *, version: int | None = None, **chosen: object) -> dict[str, object]:
        """Update the version incrementally in Dev; return what was added to it."""
        named = {"content_view_version_id": version or self.base, "environment_ids": [self.dev]}
        task = self.world.done(
            self.world.post(
                "content_view_versions/incremental_update",
                content_view_version_environments=[named],
                **chosen,
            )
        )
        (changed,) = task["output"]["changed_content"]
        return dict(changed)

    def host(self, environment: str = "Dev") -> Dnf:
        """Return a host of an environment."""
        return self._host(self.world, "birds", environment=environment, view="Birds")


@pytest.fixture
def reserve(world: World, web: Upstream, host: Host) -> Reserve:
    return Reserve(world, world.mirror("birds", f"{web.url}aviary/"), host)


def test_dev_gets_the_advisory_with_its_package_and_library_does_not(reserve: Reserve) -> None:
    world = reserve.world
    before = reserve.host()
    before.install("heron", "reed")
    assert before.installed() == [HERON_1.nevra, REED_1.nevra]

    changed = reserve.update(
        add_content={"errata_ids": [HERON_ADVISORY.id]}, description="Herons see less"
    )

    version = int(changed["content_view_version"]["id"])  # type: ignore[index]
    assert changed["added_units"] == {"erratum": [HERON_ADVISORY.id], "rpm": [HERON_2.nvra]}
    assert before.advisories() == [HERON_ADVISORY.id]
    assert "nothing provides reed >= 1.1" in before.fail("install", HERON_2.nevra)
    assert HERON_2.nevra not in reserve.host("Library").repoquery()
    shown = world.show("content_view_versions", version)
    assert (shown["version"], shown["description"]) == ("1.1", "Herons see less")
    assert [each["name"] for each in shown["environments"]] == ["Dev"]
    assert shown["filters_applied"] is True

    # What heron requires comes along when asked, in another version on top of that one.
    package = next(each for each in world.list("packages", name="reed") if each["version"] == "1.1")
    again = reserve.update(
        version=version, add_content={"package_ids": [package["id"]]}, resolve_dependencies=True
    )
    assert again["added_units"] == {"rpm": [REED_2.nvra]}
    before.run("upgrade")
    assert before.installed() == [HERON_2.nevra, REED_2.nevra]
    assert {each["version"] for each in world.list("content_view_versions")} == {
        *("1.0", "1.1", "1.2"),
    }


def test_dependencies_are_resolved_when_asked(reserve: Reserve) -> None:
    changed = reserve.update(
        add_content={"errata_ids": [HERON_ADVISORY.id]}, resolve_dependencies=True
    )

    version = int(changed["content_view_version"]["id"])  # type: ignore[index]
    dnf = reserve.host()
    dnf.install("heron")
    assert dnf.installed() == [HERON_2.nevra, REED_2.nevra]
    assert {CRANE.nevra, OWL_1.nevra} <= set(dnf.repoquery("--disable-modular-filtering"))
    report = reserve.world.show("content_view_versions", f"{version}/dependencies")
    assert [each["package"] for each in report["added"]] == [REED_2.nevra]
    assert report["added"][0]["required_by"] == [
        {"package": HERON_2.nevra, "requirement": "reed >= 1.1"}
    ]
