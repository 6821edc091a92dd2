"""Retention of versions over the API: policy, pins, dry run, after a publish and by schedule."""

import pytest

from headgate.workflows.collect import collect
from headgate.workflows.retain import retain
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def numbers(house: House, view: int) -> list[str]:
    return [each["version"] for each in house.get(f"content_views/{view}").json()["versions"]]


def settle(house: House) -> None:
    """Wait for what policies have asked for."""
    for task in house.world.list_tasks("Actions::Katello::ContentView::Retain"):
        house.world.done(task)


def test_a_publish_lets_the_policy_delete_what_is_over(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    versions = [world.publish(view) for _ in range(4)]
    world.promote(versions[0], world.environment("Dev"), force=True)
    assert house.put(f"content_view_versions/{versions[1]}", pinned=True).json()["pinned"] is True

    policy = house.put(f"content_views/{view}/retention", keep_versions=2).json()
    world.publish(view)
    settle(house)

    assert policy == {"keep_versions": 2, "keep_days": None}
    shown = house.get(f"content_views/{view}").json()
    assert shown["retention"] == policy
    # 1.0 serves Dev, 2.0 is pinned, 4.0 and 5.0 are the newest two.
    assert numbers(house, view) == ["1.0", "2.0", "4.0", "5.0"]
    (line, *_) = house.get(f"content_views/{view}/history", search="action = deletion").json()[
        "results"
    ]
    assert (line["version"], line["user"]) == ("3.0", "retention policy")
    house.put(f"content_view_versions/{versions[1]}", pinned=False)
    world.done(house.post(f"content_views/{view}/retention").json())
    assert numbers(house, view) == ["1.0", "4.0", "5.0"]


def test_a_dry_run_tells_what_goes_and_what_it_frees(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", twig=b"t" * 5000)
    view = world.view("Tools", nests)
    world.publish(view)
    (twig,) = house.get("files", repository_id=nests).json()["results"]
    house.upload(nests, "leaf", b"l")
    world.remove(nests, twig["id"], kind="file")
    world.publish(view)

    dry = house.get(f"content_views/{view}/retention", keep_versions=1).json()

    assert [each["version"] for each in dry["versions"]] == ["1.0"]
    assert numbers(house, view) == ["1.0", "2.0"]
    assert house.get(f"content_views/{view}/retention").json()["versions"] == []
    collect(house.workshop())  # what earlier changes left is not of this one
    before = sum(size for _, size in house.control.blobs.digests())
    house.put(f"content_views/{view}/retention", keep_versions=1)
    world.done(house.post(f"content_views/{view}/retention").json())
    collect(house.workshop())
    after = sum(size for _, size in house.control.blobs.digests())
    assert dry["freed_bytes"] == before - after >= 5000


def test_what_grows_too_old_goes_by_schedule(house: House) -> None:
    world = house.start_worker()
    tools, base = world.view("Tools"), world.view("Base")
    for view in (tools, base):
        world.publish(view)
        world.publish(view)
    both = world.view("Both", composite=True)
    first = house.get(f"content_views/{base}").json()["versions"][0]["id"]
    world.put(f"content_views/{both}", component_ids=[first])
    for view in (tools, base):
        world.put(f"content_views/{view}/retention", keep_days=30)

    house.control.clock.wait(days=29)
    assert retain(house.workshop()) == 0
    house.control.clock.wait(days=1)
    house.stop_worker()
    assert retain(house.workshop()) == 1
    assert retain(house.workshop()) == 0  # it waits its turn already
    house.start_worker()
    settle(house)

    assert numbers(house, tools) == ["2.0"]
    assert numbers(house, base) == ["1.0", "2.0"]  # a composite view uses the first


def test_a_version_that_is_used_meanwhile_stays(house: House) -> None:
    world = house.start_worker()
    view = world.view("Tools")
    first, _ = world.publish(view), world.publish(view)
    dev = world.environment("Dev")
    house.put(f"content_views/{view}/retention", keep_versions=1)
    house.stop_worker()

    promotion = house.post(
        f"content_view_versions/{first}/promote", environment_ids=[dev], force=True
    ).json()
    task = house.post(f"content_views/{view}/retention").json()
    house.start_worker()
    world.done(promotion)
    world.done(task)

    assert numbers(house, view) == ["1.0", "2.0"]


@on_sqlite
def test_policies_that_make_no_sense_are_refused(house: House) -> None:
    view = house.world.view("Tools")
    default = house.get(f"organizations/{house.organization}").json()["default_content_view_id"]
    path = f"content_views/{view}/retention"

    assert refused(house.put(path, keep_versions=-1), 422)["keep_versions"]
    assert refused(house.put(path, keep_days=-1), 422)["keep_days"]
    assert refused(house.get(path, keep_versions=0), 422)["keep_versions"]
    refused(house.put(f"content_views/{default}/retention", keep_versions=1), 400, "default")
    house.put(path, keep_versions=3, keep_days=7)
    assert house.put(path, keep_days=None).json() == {"keep_versions": 3, "keep_days": None}
    assert house.put(path, keep_versions=0).json() == {"keep_versions": None, "keep_days": None}
