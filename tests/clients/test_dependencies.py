"""Dependencies solved while publishing: dnf's verdict on what is published."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from clients.conftest import Host
from support.dnf import Dnf
from support.repositories import Advisory, Group, Module, YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

# The view keeps `nest` and what it names; each needs something of another kind.
LOG_1 = Rpm("log", "1.0", provides=["wood"])
LOG_2 = Rpm("log", "2.0", provides=["wood"])
MOSS = Rpm("moss", "1.0")
TWIG = Rpm("twig", "1.0", requires=["wood", "bark >= 2"])
BARK_1, BARK_2 = Rpm("bark", "1.0"), Rpm("bark", "2.0", requires=["twig"])  # a cycle
LINING = Rpm("lining", "1.0", files={"/usr/share/lining/soft": "soft\n"})
NEST = Rpm(
    "nest",
    "1.0",
    requires=["twig", "/usr/share/lining/soft", "(moss if log)", "(gold or silver)", "sun"],
)
SPARE = Rpm("spare", "1.0")
STALE = Rpm("stale", "1.0", requires=["log < 2", "log >= 2"])
# owl:1 is the default; its package outside modules is hidden from who uses the module.
OWL_1 = Rpm("owl", "1.0", release="1.module", module="owl:1:20260101:c0ffee01", requires=["vole"])
OWL_2 = Rpm("owl", "2.0", release="1.module", module="owl:2:20260101:c0ffee02", requires=["mole"])
OWL_0 = Rpm("owl", "0.5", requires=["spare"])
VOLE, MOLE = Rpm("vole", "1.0"), Rpm("mole", "1.0")
PELLET = Rpm("pellet", "1.0", requires=["owl"])
STREAM_1 = Module("owl", "1", [OWL_1], context="c0ffee01", default=True)
STREAM_2 = Module("owl", "2", [OWL_2], context="c0ffee02")

TWIG_ADVISORY = Advisory("WOOD-2026:0001", [TWIG, BARK_2], title="Twigs break")
WOODLAND = Group("woodland", "Woodland", mandatory=["twig", "log"])

TREES = YumRepository(
    rpms=[LOG_1, LOG_2, MOSS, TWIG, BARK_1, BARK_2, SPARE, VOLE, MOLE],
    advisories=[TWIG_ADVISORY],
    groups=[WOODLAND],
)
NESTS = YumRepository(
    rpms=[NEST, LINING, STALE, PELLET, OWL_0, OWL_1, OWL_2], modules=[STREAM_1, STREAM_2]
)

Json = Mapping[str, Any]
_numbers = count(1)


class Woods:
    """A world with both repositories mirrored, and hosts that know both."""

    def __init__(self, world: World, web: Upstream, host: Host, server: Server) -> None:
        self.world = world
        self._host, self._server = host, server
        self.repositories = {
            name: world.mirror(name, f"{web.url}{name}/") for name in ("trees", "nests")
        }

    def view(self, *names: str, solve: bool = True, **fields: Any) -> tuple[str, int]:
        """Make a view of both that keeps packages of these names outside modules."""
        name = f"view{next(_numbers)}"
        view = self.world.view(
            name, *self.repositories.values(), solve_dependencies=solve, **fields
        )
        self.world.filter(view, "some", *({"name": each} for each in names), inclusion=True)
        return name, view

    def without_modules(self, view: int) -> None:
        """Leave all streams out."""
        self.world.filter(view, "no streams", type="modulemd", inclusion=True)

    def host(self, view: str, environment: str = "Library") -> Dnf:
        """Return a host that knows both repositories of the view."""
        dnf = self._host(self.world, "trees", environment=environment, view=view)
        path = self.world.content_path("nests", environment=environment, view=view)
        dnf.add_repository("nests", self._server.url + path, ca=self._server.ca)
        return dnf

    def report(self, version: int) -> Json:
        """Return what was found of dependencies."""
        return self.world.show("content_view_versions", f"{version}/dependencies")


@pytest.fixture(scope="module", autouse=True)
def upstreams(web: Upstream, rpm_store: RpmStore) -> None:
    TREES.write(web.root / "trees", rpm_store)
    NESTS.write(web.root / "nests", rpm_store)


@pytest.fixture
def woods(world: World, web: Upstream, host: Host, server: Server) -> Woods:
    return Woods(world, web, host, server)


def test_what_kept_packages_require_is_added_and_dnf_installs_everything(woods: Woods) -> None:
    name, view = woods.view("nest")
    woods.without_modules(view)

    version = woods.world.publish(view)

    dnf = woods.host(name)
    added = [TWIG, BARK_2, LOG_2, LINING, MOSS]
    assert dnf.repoquery() == sorted(each.nevra for each in [NEST, *added])
    broken = dnf.fail("repoclosure", "--nobest")
    assert "sun" in broken
    assert "(gold or silver)" in broken
    assert broken.count("package: ") == 1
    dnf.install(*(each.nevra for each in added))
    assert set(dnf.installed()) == {each.nevra for each in added}
    assert dnf.advisories("--installed") == ["WOOD-2026:0001"]
    assert "Woodland" in dnf.run("group", "list").output

    report = woods.report(version)
    assert report["solved"] is True
    reasons = {
        each["package"]: {(by["package"], by["requirement"]) for by in each["required_by"]}
        for each in report["added"]
    }
    assert reasons == {
        TWIG.nevra: {(NEST.nevra, "twig"), (BARK_2.nevra, "twig")},
        BARK_2.nevra: {(TWIG.nevra, "bark >= 2")},
        LOG_2.nevra: {(TWIG.nevra, "wood")},
        LINING.nevra: {(NEST.nevra, "/usr/share/lining/soft")},
        MOSS.nevra: {(NEST.nevra, "(moss if log)")},
    }
    open_ends = {(each["kind"], each["requirement"]) for each in report["unresolved"]}
    assert open_ends == {("missing", "sun"), ("missing", "(gold or silver)")}
    assert report["unresolved_total"] == 2


def test_without_the_wish_nothing_is_added_and_a_check_tells_what_would_be(woods: Woods) -> None:
    name, view = woods.view("nest", "log", solve=False)
    woods.without_modules(view)

    checked = woods.world.done(woods.world.post(f"content_views/{view}/check_dependencies"))
    version = woods.world.publish(view)

    assert woods.host(name).repoquery() == sorted(e.nevra for e in [NEST, LOG_1, LOG_2])
    assert woods.report(version)["solved"] is False
    found = {each["package"] for each in checked["output"]["added"]}
    assert found == {each.nevra for each in [TWIG, BARK_2, LINING, MOSS]}
    assert checked["output"]["packages_checked"] == 7


def preview(woods: Woods, view: int, **fields: Any) -> Json:
    """A preview with dependencies: the output of its task."""
    return woods.world.done(woods.world.post(f"content_views/{view}/preview", **fields))["output"]


def numbers(plan: Json) -> Mapping[str, tuple[int, int]]:
    return {
        each["unit_type"]: (each["added"], each["bytes_added"]) for each in plan["content_types"]
    }


def test_a_preview_with_dependencies_shows_what_the_publish_then_gives(woods: Woods) -> None:
    name, view = woods.view("nest")
    woods.without_modules(view)

    plan = preview(woods, view)
    version = woods.world.publish(view, plan_digest=plan["plan_digest"])

    added = [TWIG, BARK_2, LOG_2, LINING, MOSS]
    assert woods.host(name).repoquery() == sorted(each.nevra for each in [NEST, *added])
    held = woods.world.list("packages", content_view_version_id=version)
    (packages,) = (each for each in plan["content_types"] if each["unit_type"] == "rpm")
    shown = [title for item in packages["items"] for title in item["after"]]
    assert sorted(shown) == sorted(each["nvra"] for each in held)
    assert numbers(plan)["rpm"] == (6, sum(each["size"] for each in held))
    assert numbers(plan)["erratum"][0] == 1
    (groups,) = (each for each in plan["content_types"] if each["unit_type"] == "package_group")
    assert "Woodland" in {title for item in groups["items"] for title in item["after"]}
    report = woods.report(version)
    assert plan["dependencies"] == {key: report[key] for key in plan["dependencies"]}
    assert {each["requirement"] for each in plan["dependencies"]["unresolved"]} == {
        "sun",
        "(gold or silver)",
    }
    assert plan["solve_dependencies"]
    assert plan["estimated_seconds"] > 0


def test_a_preview_tells_what_a_view_that_solves_nothing_leaves_unresolved(woods: Woods) -> None:
    _, view = woods.view("nest", "log", solve=False)
    woods.without_modules(view)

    plan, plain = preview(woods, view), woods.world.show("content_views", f"{view}/preview")

    assert {each["package"] for each in plan["dependencies"]["added"]} == {
        each.nevra for each in [TWIG, BARK_2, LINING, MOSS]
    }
    assert plan["dependencies"]["unresolved_total"] == 2
    assert plain["dependencies"] is None
    assert {**plan, "dependencies": None} == plain

    fewer = preview(woods, view, limit=1)["content_types"]
    assert {len(each["items"]) for each in fewer if each["added"]} == {1}


def test_a_preview_of_a_composite_view_tells_what_its_components_lack(woods: Woods) -> None:
    _, nest = woods.view("nest", solve=False)
    woods.without_modules(nest)
    version = woods.world.publish(nest)
    forest = woods.world.view(f"Forest{nest}", composite=True, component_ids=[version])

    plan = preview(woods, forest)

    assert plan["dependencies"]["added"] == []
    open_ends = {each["requirement"] for each in plan["dependencies"]["unresolved"]}
    assert {"twig", "/usr/share/lining/soft", "sun"} <= open_ends
    assert numbers(plan)["rpm"][0] == 1


def test_a_default_stream_that_is_required_comes_whole_and_a_host_uses_it(woods: Woods) -> None:
    name, view = woods.view("pellet")
    woods.without_modules(view)

    report = woods.report(woods.world.publish(view))

    dnf = woods.host(name)
    dnf.install("pellet")
    assert dnf.installed() == sorted(each.nevra for each in [PELLET, OWL_1, VOLE])
    assert report["module_streams_added"] == ["owl:1"]
    assert MOLE.nevra not in dnf.repoquery()


def test_streams_kept_get_what_they_require_with_the_stream_enabled(woods: Woods) -> None:
    name, view = woods.view("pellet")

    woods.world.publish(view)

    usual, modular = woods.host(name), woods.host(name)
    usual.install("pellet")
    assert usual.installed() == sorted(each.nevra for each in [PELLET, OWL_1, VOLE])
    modular.module("enable", "owl:2")
    modular.install("owl")
    assert modular.installed() == sorted(each.nevra for each in [OWL_2, MOLE])


def test_what_can_never_be_installed_is_told_and_its_requirements_are_met(woods: Woods) -> None:
    name, view = woods.view("stale")
    woods.without_modules(view)

    report = woods.report(woods.world.publish(view))

    dnf = woods.host(name)
    assert "Error" not in dnf.run("repoclosure", "--nobest").output
    assert [(each["kind"], each["package"]) for each in report["unresolved"]] == [
        ("conflict", STALE.nevra)
    ]
    assert "log" in report["unresolved"][0]["requirement"]


def test_publishing_again_with_the_wish_is_needed(woods: Woods) -> None:
    _, view = woods.view("nest", solve=False)
    woods.without_modules(view)
    woods.world.publish(view)

    woods.world.put(f"content_views/{view}", solve_dependencies=True)

    assert woods.world.show("content_views", view)["needs_publish"] is True
    version = woods.world.publish(view, publish_only_if_needed=True)
    held = woods.world.list("packages", content_view_version_id=version)
    assert TWIG.filename in {each["filename"] for each in held}
    assert woods.world.show("content_views", view)["needs_publish"] is False
