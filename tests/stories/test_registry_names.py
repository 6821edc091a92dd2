"""Under which names the registry serves container repositories, over the API."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from headgate.services.containers.names import Named, find_named
from headgate.stores.db.tables import registry_names
from support.house import House, refused
from support.world import RefusedError, World

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def names(house: House, organization: int | None = None) -> list[str]:
    """Return all the names of an organization, in order."""
    with house.control.database.read() as tx:
        query = select(registry_names.c.name).where(
            registry_names.c.organization_id == (organization or house.organization)
        )
        return sorted(tx.scalars(query))


def named(house: House, name: str) -> Named | None:
    with house.control.database.read() as tx:
        return find_named(tx, name)


def image(world: World, name: str, *, product: str = "Ships", **fields: Any) -> int:
    """Make a container repository."""
    return world.repository(
        name, product_id=world.product(product), content_type="docker", **fields
    )


def organization_of(house: House) -> str:
    return house.world.organization_label.lower()


def test_names_follow_what_is_served(house: House) -> None:
    world, org = house.start_worker(), organization_of(house)
    sloop, brig = image(world, "sloop"), image(world, "Brig")
    nests = house.files("nests", egg=b"e")
    own = [f"{org}/ships/brig", f"{org}/ships/sloop"]
    assert names(house) == own
    dev = world.environment("Dev")

    view = world.view("Fleet", sloop, brig, nests)
    first = world.publish(view)
    library = [f"{org}/library/fleet/ships/{name}" for name in ("brig", "sloop")]
    assert names(house) == sorted(own + library)

    world.promote(first, dev)
    in_dev = [f"{org}/dev/fleet/ships/{name}" for name in ("brig", "sloop")]
    assert names(house) == sorted(own + library + in_dev)

    world.put(f"content_views/{view}", repository_ids=[sloop])
    second = world.publish(view)
    assert names(house) == sorted([*own, library[1], *in_dev])
    world.promote(second, dev)
    assert names(house) == sorted([*own, library[1], in_dev[1]])
    world.promote(first, dev, force=True)  # rolled back
    assert names(house) == sorted([*own, library[1], *in_dev])

    world.delete(f"content_views/{view}/environments/{dev}")
    assert names(house) == sorted([*own, library[1]])
    world.delete(f"repositories/{sloop}")
    assert names(house) == [own[0]]


def test_a_name_tells_what_it_serves(house: House) -> None:
    world, org = house.start_worker(), organization_of(house)
    sloop = image(world, "sloop")
    dev = world.environment("Dev")
    version = world.publish(world.view("Fleet", sloop))
    world.promote(version, dev)
    house.put(f"environments/{dev}", registry_unauthenticated_pull=True)
    label = world.organization_label

    own = named(house, f"{org}/ships/sloop")
    assert own is not None
    assert (own.repository_id, own.latest, own.of_view, own.anonymous) == (
        sloop,
        True,
        False,
        False,
    )
    assert own.path == f"/{label}/Library/custom/Ships/sloop"
    served = named(house, f"{org}/dev/fleet/ships/sloop")
    assert served is not None
    assert (served.latest, served.of_view, served.anonymous) == (False, True, True)
    assert served.path == f"/{label}/Dev/Fleet/custom/Ships/sloop"
    archived = named(house, f"{org}/fleet/1_0/ships/sloop")
    assert archived is not None
    assert (archived.environment_id, archived.anonymous) == (None, False)
    assert archived.path == f"/{label}/content_views/Fleet/1.0/custom/Ships/sloop"
    for nothing in (
        f"{org}/fleet/2_0/ships/sloop",
        f"{org}/fleet/1.0/ships/sloop",
        f"{org}/fle-et/1_0/ships/sloop",
        f"{org}/ships/brig",
        "x" * 300,
    ):
        assert named(house, nothing) is None


def test_names_may_be_made_of_what_upstream_calls_a_repository(house: House) -> None:
    world = house.world
    library = world.environment("Library")
    house.put(
        f"environments/{library}",
        registry_name_pattern="<%= organization.label %>/up/<%= repository.docker_upstream_name %>",
    )
    org, upstream = organization_of(house), "https://registry.example.org"

    mirror = image(world, "sloop", url=upstream, docker_upstream_name="fleet/sloop")
    assert names(house) == [f"{org}/up/fleet/sloop"]
    world.put(f"repositories/{mirror}", docker_upstream_name="fleet/brig")
    assert names(house) == [f"{org}/up/fleet/brig"]
    with pytest.raises(RefusedError, match="is taken by repository 'sloop'"):
        image(world, "brig", url=upstream, docker_upstream_name="fleet/brig")
    assert names(house) == [f"{org}/up/fleet/brig"]


def test_what_goes_takes_its_names_with_it(house: House) -> None:
    world = house.start_worker()
    sloop = image(world, "sloop")
    view = world.view("Fleet", sloop)
    world.publish(view)
    assert len(names(house)) == 2

    world.delete(f"organizations/{house.organization}")

    assert names(house) == []


def test_rolling_views_name_what_they_take(house: House) -> None:
    world, org = house.world, organization_of(house)
    sloop, brig = image(world, "sloop"), image(world, "brig")
    dev = world.environment("Dev")
    view = world.view("Now", sloop, rolling=True, environment_ids=[dev])

    def in_dev() -> list[str]:
        return [name for name in names(house) if name.startswith(f"{org}/dev/")]

    assert in_dev() == [f"{org}/dev/now/ships/sloop"]
    world.put(f"content_views/{view}", repository_ids=[brig])
    assert in_dev() == [f"{org}/dev/now/ships/brig"]
    world.put(f"content_views/{view}", environment_ids=[])
    assert in_dev() == []


def test_an_environment_may_have_a_pattern_of_its_own(house: House) -> None:
    world = house.start_worker()
    sloop, brig = image(world, "sloop"), image(world, "brig")
    dev = world.environment("Dev")
    version = world.publish(world.view("Fleet", sloop, brig))
    world.promote(version, dev)

    pattern = "fleet/<%= lifecycle_environment.name %>/<%= repository.name %>"
    shown = house.put(f"environments/{dev}", registry_name_pattern=pattern).json()

    assert shown["registry_name_pattern"] == pattern
    assert [each for each in names(house) if "dev" in each] == ["fleet/dev/brig", "fleet/dev/sloop"]
    world.put(f"environments/{dev}", new_name="Pre Dev")
    world.put(f"repositories/{brig}", name="Big Brig")
    assert [each for each in names(house) if each.startswith("fleet/")] == [
        "fleet/pre_dev/big_brig",
        "fleet/pre_dev/sloop",
    ]
    shown = house.put(f"environments/{dev}", registry_name_pattern="").json()
    assert shown["registry_name_pattern"] is None
    org = organization_of(house)
    assert f"{org}/dev/fleet/ships/brig" in names(house)


def test_names_may_change_places(house: House) -> None:
    world = house.world
    first, second = image(world, "first"), image(world, "second")
    library = world.environment("Library")
    house.put(
        f"environments/{library}",
        registry_name_pattern="ships-<%= organization.label %>/<%= repository.name %>",
    )
    org = organization_of(house)

    world.put(f"repositories/{first}", name="third")
    world.put(f"repositories/{second}", name="first")

    assert names(house) == [f"ships-{org}/first", f"ships-{org}/third"]
    found = named(house, f"ships-{org}/first")
    assert found is not None
    assert found.repository_id == second


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("<%= organization.id %>", "does not know 'organization.id'. Allowed are"),
        ("<%= `id` %>", "cannot contain"),
        ("/<%= repository.name %>", "gives names such as"),
    ],
)
@on_sqlite
def test_patterns_are_checked_when_they_are_saved(house: House, pattern: str, words: str) -> None:
    library = house.world.environment("Library")

    changed = house.put(f"environments/{library}", registry_name_pattern=pattern)
    errors = refused(changed, 422, words)
    made = house.post(
        "environments",
        organization_id=house.organization,
        name="Dev",
        prior_id=library,
        registry_name_pattern=pattern,
    )

    assert list(errors) == ["registry_name_pattern"]
    refused(made, 422, words)


def test_a_pattern_that_names_two_alike_is_refused_with_all_of_them(house: House) -> None:
    world = house.start_worker()
    taken = image(world, "sloop")
    world.publish(world.view("Fleet", taken, image(world, "brig"), image(world, "yacht")))
    library = world.environment("Library")

    answer = house.put(
        f"environments/{library}",
        registry_name_pattern="<%= organization.label %>/<%= repository.name %>",
    )

    errors = refused(answer, 422)
    (words,) = errors["registry_name_pattern"]
    for name in ("sloop", "brig", "yacht"):
        assert f"{organization_of(house)}/{name}' would be repository '{name}'" in words
    assert "content view 'Fleet', environment 'Library'" in words
    assert house.get(f"environments/{library}").json()["registry_name_pattern"] is None


def test_promotion_and_publishing_are_refused_before_any_task_begins(house: House) -> None:
    world = house.start_worker()
    sloop, brig = image(world, "sloop"), image(world, "brig")
    dev = world.environment("Dev")
    shared = "shared/<%= organization.label %>/<%= repository.label %>"
    house.put(f"environments/{dev}", registry_name_pattern=shared)
    fleet = world.view("Fleet", sloop, brig)
    world.promote(world.publish(fleet), dev)
    other = world.view("Other", sloop, brig)
    version = world.publish(other)
    tasks = len(world.list_tasks("Actions::Katello::ContentView::Promote"))

    promoted = house.post(f"content_view_versions/{version}/promote", environment_ids=[dev])
    published = house.post(
        f"content_views/{other}/publish", environment_ids=[dev], is_force_promote=True
    )

    org = organization_of(house)
    for answer in (promoted, published):
        refused(
            answer,
            422,
            f"'shared/{org}/brig' of repository 'brig' (content view 'Other', environment 'Dev')"
            " is taken by repository 'brig' (content view 'Fleet', environment 'Dev')",
            f"'shared/{org}/sloop'",
        )
    assert len(world.list_tasks("Actions::Katello::ContentView::Promote")) == tasks
    assert len(house.get(f"content_views/{other}").json()["versions"]) == 1


def test_names_are_checked_again_when_the_task_serves_them(house: House) -> None:
    world = house.world
    sloop = image(world, "sloop")
    dev = world.environment("Dev")
    house.put(
        f"environments/{dev}",
        registry_name_pattern="one/<%= organization.label %>/<%= repository.label %>",
    )
    fleet, other = (world.view(name, sloop) for name in ("Fleet", "Other"))
    tasks = [
        house.post(f"content_views/{view}/publish", environment_ids=[dev]).json()
        for view in (fleet, other)
    ]

    house.start_worker()
    ended = [world.ended(task) for task in tasks]

    assert sorted(each["result"] for each in ended) == ["error", "success"]
    (failed,) = (each for each in ended if each["result"] == "error")
    assert "registry names" in str(failed["humanized"]["errors"])
    assert [each for each in names(house) if each.startswith("one/")] == [
        f"one/{organization_of(house)}/sloop"
    ]
    made = [house.get(f"content_views/{view}").json()["versions"] for view in (fleet, other)]
    assert sorted(map(len, made)) == [0, 1]


def test_another_organizations_name_is_taken_but_not_told(house: House) -> None:
    world, stranger = house.world, house.world.another()
    image(world, "sloop")
    library = stranger.environment("Library")
    image(stranger, "sloop")

    answer = house.put(
        f"environments/{library}",
        registry_name_pattern=f"{world.organization_label}/ships/<%= repository.label %>",
    )

    refused(answer, 422, "is taken by another organization's repository")
    assert names(house, stranger.organization_id) == [
        f"{stranger.organization_label.lower()}/ships/sloop"
    ]


def test_a_repository_that_can_have_no_name_is_not_made(house: House) -> None:
    world = house.world
    image(world, "sloop")

    with pytest.raises(RefusedError, match="is taken by repository 'sloop'"):
        image(world, "Another", label="SLOOP")
    with pytest.raises(RefusedError, match="no valid name of an image"):
        image(world, "Odd", product="odd_")

    assert len(names(house)) == 1


def test_renaming_is_refused_where_a_pattern_would_name_two_alike(house: House) -> None:
    world = house.world
    image(world, "sloop")
    brig = image(world, "brig", product="Boats")
    library = world.environment("Library")
    pattern = "<%= organization.name %>/<%= repository.name %>"
    house.put(f"environments/{library}", registry_name_pattern=pattern)

    refused(house.put(f"repositories/{brig}", name="sloop"), 422, "would be repository 'sloop'")
    house.put(f"organizations/{house.organization}", organization={"name": "New Name"})

    assert names(house) == ["new_name/brig", "new_name/sloop"]


def test_repositories_show_their_names(house: House) -> None:
    world, org = house.start_worker(), organization_of(house)
    sloop = image(world, "sloop")
    nests = house.files("nests")
    dev = world.environment("Dev")
    view = world.view("Fleet", sloop)
    world.promote(world.publish(view), dev)

    def shown(answer: httpx2.Response) -> list[Any]:
        return [each["container_repository_name"] for each in answer.json()["results"]]

    assert house.get(f"repositories/{sloop}").json()["container_repository_name"] == (
        f"{org}/ships/sloop"
    )
    assert house.get(f"repositories/{nests}").json()["container_repository_name"] is None
    assert shown(house.get("repositories", environment_id=dev, content_view_id=view)) == [
        f"{org}/dev/fleet/ships/sloop"
    ]
    search = f'container_repository_name = "{org}/dev/fleet/ships/sloop"'
    assert shown(house.get("repositories", search=search)) == [f"{org}/ships/sloop"]


@on_sqlite
def test_environments_and_organizations_keep_what_they_are_told(house: House) -> None:
    library = house.world.environment("Library")
    made = house.post(
        "environments",
        organization_id=house.organization,
        name="Dev",
        prior_id=library,
        registry_name_pattern="<%= repository.label %>",
        registry_unauthenticated_pull=True,
    ).json()
    assert made["registry_name_pattern"] == "<%= repository.label %>"
    assert made["registry_unauthenticated_pull"] is True

    changed = house.put(f"environments/{made['id']}", registry_unauthenticated_pull=False).json()
    assert changed["registry_unauthenticated_pull"] is False
    assert changed["registry_name_pattern"] == "<%= repository.label %>"

    one = f"organizations/{house.organization}"
    assert house.get(one).json()["container_push_creates_products"] is False
    house.put(one, organization={"container_push_creates_products": True})
    assert house.get(one).json()["container_push_creates_products"] is True


@on_sqlite
def test_who_may_not_edit_environments_opens_none(house: House) -> None:
    viewer = house.control.user(
        "viewer", organizations=[house.organization], permissions=["view_lifecycle_environments"]
    )
    library = house.world.environment("Library")

    answer = viewer.put(
        f"/katello/api/environments/{library}", json={"registry_unauthenticated_pull": True}
    )

    assert answer.status_code == 403
