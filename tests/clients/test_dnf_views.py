"""Composite and rolling views as the real dnf sees them in Dev, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import postgres
from support.aviary import CRANE, HERON_1, HERON_2, REED_1, REED_2, ROOK, SWIFT
from support.dnf import Dnf
from support.repositories import YumRepository
from support.rpms import Rpm, RpmStore
from support.server import Server, serving
from support.upstream import Upstream
from support.world import World

GULL_1, GULL_2 = Rpm("gull", "1.0"), Rpm("gull", "2.0")
# The same file name with other content: rebuilt without a new release.
CRANE_AGAIN = Rpm("crane", "0.5", epoch=1, requires=["reed"], provides=["bird(crane) = 2"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A started server on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("server")
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create()
    settings = {"HEADGATE_STORAGE_DATABASE": cluster.url(name)}
    with serving(tmp_path_factory.mktemp("views") / "home", settings=settings) as running:
        yield running
    cluster.drop(name)


@pytest.fixture
def flock(place: Server) -> Iterator[World]:
    """A fresh organization with Dev."""
    with place.client() as client:
        world = World(client)
        world.environment("Dev")
        yield world


def host(place: Server, world: World, folder: Path, view: str, *repositories: str) -> Dnf:
    """Return a host that is given repositories of a view in Dev."""
    dnf = Dnf(folder / "-".join((view, *repositories)))
    for name in repositories:
        path = world.content_path(name, environment="Dev", view=view)
        dnf.add_repository(name, place.url + path, ca=place.ca)
    return dnf


def offered(*rpms: Rpm) -> list[str]:
    return sorted(rpm.nevra for rpm in rpms)


def write(web: Upstream, store: RpmStore, name: str, *rpms: Rpm) -> str:
    YumRepository(rpms=list(rpms)).write(web.root / name, store)
    return f"{web.url}{name}/"


def test_a_composite_offers_in_dev_what_its_components_hold(
    place: Server, flock: World, web: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    label = flock.organization_label
    reeds = write(web, rpm_store, f"reeds-{label}", REED_1, REED_2, CRANE, HERON_1, HERON_2)
    rooks = write(web, rpm_store, f"rooks-{label}", ROOK)
    shared = flock.mirror("reeds", reeds, mirroring_policy="mirror_content_only")
    other = flock.mirror("rooks", rooks)
    dev = flock.environment("Dev")
    few, many = flock.view("few", shared), flock.view("many", shared, other)
    flock.filter(few, "no herons", {"name": "heron"})
    flock.filter(many, "no cranes", {"name": "crane"})
    flock.filter(many, "old reeds", {"name": "reed", "min_version": "1.1"})
    flock.filter(many, "old herons", {"name": "heron", "version": "1.0"})
    first = flock.publish(few)
    flock.publish(many)
    both = flock.view("both", composite=True)
    chosen = [{"content_view_version_id": first}, {"content_view_id": many, "latest": True}]
    flock.put(f"content_views/{both}/content_view_components/add", components=chosen)
    flock.promote(flock.publish(both), dev)
    dnf = host(place, flock, tmp_path, "both", "reeds", "rooks")

    # `reeds` is in both: the units of either, each once.
    assert dnf.repoquery() == offered(REED_1, REED_2, CRANE, HERON_2, ROOK)
    dnf.install("heron", "crane")
    assert dnf.installed() == offered(CRANE, HERON_2, REED_2)


def test_of_packages_with_one_name_a_composite_offers_that_of_the_component_made_last(
    place: Server, flock: World, web: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    label = flock.organization_label
    cranes = write(web, rpm_store, f"cranes-{label}", REED_1, CRANE)
    repository = flock.mirror("cranes", cranes)
    before, after = flock.view("before", repository), flock.view("after", repository)
    flock.publish(before)
    write(web, rpm_store, f"cranes-{label}", REED_2, CRANE_AGAIN)
    flock.sync(repository)
    flock.publish(after)
    both = flock.view("both", composite=True)
    chosen = [{"content_view_id": view, "latest": True} for view in (after, before)]
    flock.put(f"content_views/{both}/content_view_components/add", components=chosen)
    flock.promote(flock.publish(both), flock.environment("Dev"))
    dnf = host(place, flock, tmp_path, "both", "cranes")

    assert dnf.repoquery() == offered(REED_1, REED_2, CRANE)
    assert dnf.repoquery("--whatprovides", "bird(crane)") == offered(CRANE_AGAIN)
    dnf.install("bird(crane)")  # what is downloaded is what the metadata says


def test_a_composite_that_publishes_itself_is_read_by_hosts_of_library(
    place: Server, flock: World, web: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    label = flock.organization_label
    gulls = write(web, rpm_store, f"gulls-{label}", GULL_1)
    repository = flock.mirror("gulls", gulls)
    view = flock.view("gulls", repository)
    both = flock.view("both", composite=True, auto_publish=True)
    chosen = [{"content_view_id": view, "latest": True}]
    flock.put(f"content_views/{both}/content_view_components/add", components=chosen)
    dnf = Dnf(tmp_path / "host")
    path = flock.content_path("gulls", environment="Library", view="both")
    dnf.add_repository("gulls", place.url + path, ca=place.ca)

    for rpms in ((GULL_1,), (GULL_1, GULL_2)):
        write(web, rpm_store, f"gulls-{label}", *rpms)
        flock.sync(repository)
        flock.publish(view)
        (task, *_) = flock.list_tasks("Actions::Katello::ContentView::AutoPublish")
        flock.done(task)

        assert dnf.repoquery() == offered(*rpms)


def test_a_rolling_view_offers_in_dev_what_was_just_synced(
    place: Server, flock: World, web: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    label = flock.organization_label
    gulls = write(web, rpm_store, f"rolling-{label}", GULL_1)
    swifts = write(web, rpm_store, f"swifts-{label}", SWIFT)
    repository, other = flock.mirror("gulls", gulls), flock.mirror("swifts", swifts)
    dev = flock.environment("Dev")
    now = flock.view("now", repository, rolling=True, environment_ids=[dev])
    dnf = host(place, flock, tmp_path, "now", "gulls")
    assert dnf.repoquery() == offered(GULL_1)
    elsewhere = host(place, flock, tmp_path, "now", "swifts")
    assert "404" in elsewhere.fail("makecache")

    write(web, rpm_store, f"rolling-{label}", GULL_1, GULL_2)
    flock.sync(repository)

    dnf.install("gull")
    assert dnf.installed() == offered(GULL_2)
    flock.put(f"content_views/{now}", repository_ids=[repository, other])
    both = host(place, flock, tmp_path, "now", "gulls", "swifts")
    assert both.repoquery() == offered(GULL_1, GULL_2, SWIFT)
    flock.delete(f"content_views/{now}/environments/{dev}")
    assert "404" in both.fail("makecache")
