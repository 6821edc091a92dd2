"""What filters of every kind leave to a host: dnf's verdict on what is published.

The golden cases are Katello's wrong results (needs.md, rank 9).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import pytest

from clients.conftest import Host
from support.aviary import (
    AVIARY,
    CRANE,
    HERON_1,
    HERON_2,
    HERON_ADVISORY,
    OWL_1,
    OWL_2,
    OWL_ADVISORY,
    REED_1,
    REED_2,
    REED_ADVISORY,
    ROOK,
    SWIFT,
)
from support.dnf import Dnf
from support.repositories import Advisory, Environment, Group, Module, YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server, headgate
from support.upstream import Upstream
from support.world import World

# One package that two streams of a module list, and one stream in a second context.
HOOT = Rpm("hoot", "1.0", release="1.module", module="owl:1:20260101:c0ffee01")
OWL_3 = Rpm("owl", "3.0", release="1.module", module="owl:3:20260101:c0ffee03")
STREAM_1 = Module("owl", "1", [OWL_1, HOOT], context="c0ffee01", default=True)
STREAM_2 = Module("owl", "2", [OWL_2, HOOT], context="c0ffee02")
STREAM_3 = Module("owl", "3", [OWL_3], context="c0ffee03")
FINCH = Rpm("finch", "1.0", release="1.module", module="finch:1:20260101:c0ffee04")
FINCH_STREAM = Module("finch", "1", [FINCH], context="c0ffee04", default=True)

# heron-2.0 again, later, with another package: two advisories bring it.
LATER = Advisory(
    "BIRD-2026:0004", [HERON_2, CRANE], issued="2026-03-01 23:30:00", type="enhancement"
)
# It says nothing of the module that its package belongs to, as some distributions do.
LOOSE = Advisory("BIRD-2026:0005", [FINCH], issued="2026-04-01 00:00:00", type="newpackage")
ODD = Advisory("BIRD-2026:0006", [SWIFT], issued="2026-05-01 00:00:00", type="unspecified")
NIGHT = Group("night", "Night birds", mandatory=["owl"], optional=["rook"])
BIRDS = Environment("birds", "All birds", groups=["wetland", "forest", "night"])

PLAIN = [REED_1, REED_2, HERON_1, HERON_2, CRANE, ROOK, SWIFT]
MODULAR = [OWL_1, OWL_2, OWL_3, HOOT, FINCH]
MEADOW = YumRepository(
    rpms=[*PLAIN, *MODULAR],
    advisories=[HERON_ADVISORY, REED_ADVISORY, OWL_ADVISORY, LATER, LOOSE, ODD],
    groups=[*AVIARY.groups, NIGHT],
    environments=[BIRDS],
    modules=[STREAM_1, STREAM_2, STREAM_3, FINCH_STREAM],
)
# Another repository of the view; nothing of it may ever enter the first one.
POND = YumRepository(rpms=[Rpm("frog", "1.0"), REED_1], advisories=[REED_ADVISORY])


_numbers = count(1)
Json = Mapping[str, Any]


class Meadow:
    """A world with both repositories mirrored."""

    def __init__(self, world: World, web: Upstream) -> None:
        self.world = world
        self.errata: list[str] = []  # of what was published last, the ends of their ids
        self.repositories = {
            name: world.mirror(name, f"{web.url}{name}/", download_policy="on_demand")
            for name in ("meadow", "pond")
        }

    def published(self, *filters: Json) -> str:
        """Publish a new view of both repositories with these filters; return its name."""
        name = f"view{next(_numbers)}"
        view = self.world.view(name, *self.repositories.values())
        for number, each in enumerate(filters):
            fields = dict(each)
            rules = fields.pop("rules", ())
            self.world.filter(view, f"filter {number}", *rules, **fields)
        found = self.world.list(
            "errata",
            content_view_version_id=self.world.publish(view),
            repository_id=self.repositories["meadow"],
        )
        self.errata = sorted(each["errata_id"].rpartition(":")[2] for each in found)
        return name

    def stream(self, name: str, stream: str) -> int:
        """Return the id of a module stream as the API has it."""
        found = self.world.list("module_streams", name=name)
        return next(int(each["id"]) for each in found if each["stream"] == stream)


@pytest.fixture(scope="module")
def meadow(server: Server, web: Upstream, rpm_store: RpmStore) -> Iterator[Meadow]:
    MEADOW.write(web.root / "meadow", rpm_store)
    POND.write(web.root / "pond", rpm_store)
    with server.client() as client:
        yield Meadow(World(client), web)


def erratum(*rules: Json, inclusion: bool) -> Json:
    return {"type": "erratum", "inclusion": inclusion, "rules": rules}


def nevras(*packages: Rpm) -> list[str]:
    return sorted(each.nevra for each in packages)


def modules_of(host: Any) -> list[tuple[str, str]]:
    """Return name and stream of what `dnf module list` offers, with [d] for a default."""
    lines = [line.split() for line in host.module("list").lines]
    return [
        (words[0], " ".join(words[1:3]) if words[2] == "[d]" else words[1])
        for words in lines
        if words[0] in ("owl", "finch")
    ]


CASES: list[tuple[str, Sequence[Json], Sequence[Rpm], Sequence[str]]] = [
    (
        "rpm filters do not speak of modular packages",
        [{"rules": [{"name": "*"}]}],
        MODULAR,
        ["0003", "0005"],
    ),
    (
        "packages without errata",
        [{"inclusion": True, "original_packages": True}],
        [REED_1, HERON_1, ROOK, *MODULAR],
        ["0003", "0005"],
    ),
    (
        "a group names packages, not those of modules",
        [{"type": "package_group", "inclusion": True, "rules": [{"name": "Night birds"}]}],
        [ROOK, *MODULAR],
        ["0003", "0005"],
    ),
    (
        "an included advisory brings its packages and the stream that it names, whole",
        [erratum({"errata_ids": ["BIRD-2026:0002", "BIRD-2026:0003"]}, inclusion=True)],
        [REED_2, OWL_2, HOOT],
        ["0002", "0003"],
    ),
    (
        "an advisory that names no module brings the stream of its packages",
        [erratum({"errata_id": "BIRD-2026:0005"}, inclusion=True)],
        [FINCH],
        ["0005"],
    ),
    (
        "what another advisory brings stays when one is excluded",
        [erratum({"errata_id": "BIRD-2026:0001"}, inclusion=False)],
        [*PLAIN, *MODULAR],
        ["0002", "0003", "0004", "0005", "0006"],
    ),
    (
        "what only excluded advisories bring goes",
        [erratum({"errata_ids": ["BIRD-2026:0003", "BIRD-2026:0004"]}, inclusion=False)],
        [REED_1, REED_2, HERON_1, HERON_2, ROOK, SWIFT, OWL_1, OWL_3, HOOT, FINCH],
        ["0001", "0002", "0005", "0006"],
    ),
    (
        "both days of a range are within it, by the day of issue in UTC",
        [
            erratum(
                {"start_date": "2026-03-01", "end_date": "2026-03-01", "date_type": "issued"},
                inclusion=True,
            )
        ],
        [HERON_2, CRANE],
        ["0001", "0004"],
    ),
    (
        "types that nobody knows are left out unless asked for",
        [erratum({"types": ["security", "bugfix"]}, inclusion=True)],
        [HERON_2, REED_2],
        ["0001", "0002"],
    ),
    (
        "and come in when asked for",
        [erratum({"types": ["bugfix"], "allow_other_types": True}, inclusion=True)],
        [REED_2, SWIFT],
        ["0002", "0006"],
    ),
    (
        "excludes take away from includes",
        [
            {"inclusion": True, "rules": [{"name": "*r*"}]},
            {"rules": [{"name": "heron", "min_version": "1.0"}]},
        ],
        [REED_1, REED_2, HERON_1, CRANE, ROOK, *MODULAR],
        ["0002", "0003", "0005"],
    ),
]


@pytest.fixture(scope="module")
def verdicts(
    meadow: Meadow, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[list[str], list[str]]]:
    """For each case what dnf finds, by one dnf that knows all views, and the version's errata."""
    dnf = Dnf(tmp_path_factory.mktemp("verdicts"))
    views: dict[str, str] = {}
    errata: dict[str, list[str]] = {}
    for case, filters, *_ in CASES:
        views[case] = meadow.published(*filters)
        errata[case] = meadow.errata
        path = meadow.world.content_path("meadow", view=views[case])
        dnf.add_repository(views[case], server.url + path, ca=server.ca)
    form = "--queryformat=%{repoid} %{name}-%{epoch}:%{version}-%{release}.%{arch}"
    lines = dnf.run("repoquery", "--quiet", "--disable-modular-filtering", form).lines
    found = [line.split() for line in lines]
    return {
        case: (sorted(nevra for view, nevra in found if view == views[case]), errata[case])
        for case, *_ in CASES
    }


@pytest.mark.parametrize(
    ("case", "packages", "advisories"),
    [(case, packages, advisories) for case, _, packages, advisories in CASES],
    ids=[case for case, *_ in CASES],
)
def test_dnf_finds_what_the_filters_keep(
    verdicts: Mapping[str, tuple[list[str], list[str]]],
    case: str,
    packages: Sequence[Rpm],
    advisories: Sequence[str],
) -> None:
    assert verdicts[case] == (nevras(*packages), list(advisories))


def test_packages_and_defaults_follow_the_streams_that_stay(meadow: Meadow, host: Host) -> None:
    """hoot is of streams 1 and 2: excluding one leaves it to the other."""
    streams = [meadow.stream("owl", "2"), meadow.stream("owl", "3")]
    rules = [{"module_stream_ids": streams}]

    view = meadow.published({"type": "modulemd", "rules": rules})

    dnf = host(meadow.world, "meadow", view=view)
    left = [*PLAIN, OWL_1, HOOT, FINCH]
    assert dnf.repoquery("--disable-modular-filtering") == nevras(*left)
    assert modules_of(dnf) == [("finch", "1 [d]"), ("owl", "1 [d]")]
    dnf.install("owl")  # of the default stream: its defaults are there
    assert OWL_1.nevra in dnf.installed()


def test_streams_that_are_included_bring_nothing_else_of_modules(
    meadow: Meadow, host: Host
) -> None:
    rules = [{"module_stream_ids": [meadow.stream("owl", "2")]}]

    view = meadow.published({"type": "modulemd", "inclusion": True, "rules": rules})

    dnf = host(meadow.world, "meadow", view=view)
    left = [*PLAIN, OWL_2, HOOT]
    assert dnf.repoquery("--disable-modular-filtering") == nevras(*left)
    assert modules_of(dnf) == [("owl", "2")]  # the default stream is gone, and finch's defaults
    dnf.module("install", "owl:2/default")
    assert OWL_2.nevra in dnf.installed()


def test_streams_without_errata(meadow: Meadow, host: Host) -> None:
    filters = {"type": "modulemd", "inclusion": True, "original_module_streams": True}

    dnf = host(meadow.world, "meadow", view=meadow.published(filters))

    assert modules_of(dnf) == [("owl", "1 [d]"), ("owl", "3")]


def test_groups_go_with_their_last_package(meadow: Meadow, host: Host) -> None:
    (wetland,) = meadow.world.list("package_groups", name="Wetland birds")
    excluded = {"type": "package_group", "rules": [{"uuid": wetland["uuid"]}]}

    dnf = host(meadow.world, "meadow", view=meadow.published(excluded))

    assert dnf.repoquery("--disable-modular-filtering") == nevras(ROOK, SWIFT, *MODULAR)
    listed = dnf.run("group", "list", "--hidden").output
    assert "Wetland birds" not in listed
    assert all(name in listed for name in ("Forest birds", "Night birds", "All birds"))


def test_a_filter_for_one_repository_leaves_the_others_alone(meadow: Meadow, host: Host) -> None:
    limited = {
        "rules": [{"name": "reed"}],
        "repository_ids": [meadow.repositories["meadow"]],
    }

    view = meadow.published(limited)

    without_reed = [each for each in PLAIN if each.name != "reed"]
    here = host(meadow.world, "meadow", view=view)
    assert here.repoquery("--disable-modular-filtering") == nevras(*without_reed, *MODULAR)
    there = host(meadow.world, "pond", view=view)
    assert there.repoquery() == nevras(REED_1, Rpm("frog", "1.0"))


def test_a_filter_does_not_spread_when_its_repository_leaves_the_view(
    meadow: Meadow, host: Host
) -> None:
    """Katello let it apply to all of the view then."""
    world = meadow.world
    view = world.view("shrinking", *meadow.repositories.values())
    only = world.filter(view, "only", {"name": "*"}, repository_ids=[meadow.repositories["meadow"]])
    world.put(f"content_views/{view}", repository_ids=[meadow.repositories["pond"]])

    world.publish(view)

    assert not world.show("content_view_filters", only)["all_repositories"]
    there = host(world, "pond", view="shrinking")
    assert there.repoquery() == nevras(REED_1, Rpm("frog", "1.0"))


def test_a_rule_goes_on_to_mean_what_upstream_writes_anew(
    meadow: Meadow, web: Upstream, rpm_store: RpmStore, host: Host
) -> None:
    """A group and a stream get other words; the rules made from the old ones still hold."""
    moor = YumRepository(rpms=[REED_1, OWL_1, OWL_2], groups=[Group("wet", "Wet", ["reed"])])
    moor.having(modules=[STREAM_1, STREAM_2]).write(web.root / "moor", rpm_store)
    world = World(meadow.world.client)
    repository = world.mirror("moor", f"{web.url}moor/", download_policy="on_demand")
    view = world.view("moor", repository)
    (group,) = world.list("package_groups")
    stream = next(each["id"] for each in world.list("module_streams") if each["stream"] == "1")
    world.filter(view, "wet", {"uuid": group["uuid"]}, type="package_group")
    world.filter(view, "owl", {"module_stream_ids": [stream]}, type="modulemd")
    changed = Module("owl", "1", [OWL_1], context="c0ffee01")
    moor.having(groups=[Group("wet", "Wetter", ["reed"])], modules=[changed, STREAM_2]).write(
        web.root / "moor", rpm_store
    )
    world.sync(repository)

    world.publish(view)

    dnf = host(world, "moor", view="moor")
    assert dnf.repoquery("--disable-modular-filtering") == nevras(OWL_2)


def test_the_command_line_explains_what_dnf_finds(meadow: Meadow, server: Server) -> None:
    """crane comes with an excluded advisory, heron also with another one."""
    view = meadow.published(erratum({"errata_id": "BIRD-2026:0004"}, inclusion=False))

    def told(package: str) -> str:
        return headgate(
            *("--server-url", server.url, "--ca-file", server.ca, "explain", package),
            *("--organization", meadow.world.organization_label, "--content-view", view),
            *("--version", "1.0", "--repository", "meadow", "--product", "Birds"),
            settings={"HEADGATE_USERNAME": "admin", "HEADGATE_PASSWORD": "changeme-in-tests"},
        ).stdout

    assert f"{CRANE.nevra} is not in version 1.0, repository 'meadow':" in told("crane")
    assert "it comes with BIRD-2026:0004" in told("crane")
    assert f"{HERON_2.nevra} is in version 1.0" in told("heron-2.0")
    assert "also comes with BIRD-2026:0001" in told("heron-2.0")
