"""Flatpak remotes of others: kept, scanned, mirrored; and indexes that lie."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aiohttp import web

from support.feigned_registry import (
    PASSWORD,
    USERNAME,
    answering,
    feigned_registry,
)
from support.flatpak_remote import SECRET, Remote
from support.house import House, refused
from support.mirror_scene import DOWNLOADS
from support.rights import Rights
from support.world import World

HELLO = "app/org.example.Hello/x86_64/stable"
PLATFORM = "runtime/org.example.Platform/x86_64/1"
RUNTIME = "org.example.Platform/x86_64/1"

# What is asked there does not depend on the database.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def remote() -> Iterator[Remote]:
    with feigned_registry() as running:
        yield Remote(running)


@pytest.fixture
def world(house: House) -> World:
    return house.start_worker(DOWNLOADS)


def added(world: World, remote: Remote, **fields: Any) -> int:
    """Make a flatpak remote and return its id."""
    given = {"name": "far", "url": remote.url, "organization_id": world.organization_id} | fields
    return int(world.post("flatpak_remotes", **given)["id"])


def scanned(world: World, remote_id: int) -> Mapping[str, Any]:
    """Scan it and return the task, however it ended."""
    return world.ended(world.post(f"flatpak_remotes/{remote_id}/scan"))


def offers(world: World, remote_id: int, **query: Any) -> dict[str, int]:
    """Return ids by the names of what was found."""
    listed = world.list("flatpak_remote_repositories", flatpak_remote_id=remote_id, **query)
    return {each["name"]: int(each["id"]) for each in listed}


def mirrored(world: World, offer: int, **fields: Any) -> Mapping[str, Any]:
    """Mirror it into the product Birds and return the task."""
    given = {"product_id": world.product()} | fields
    return world.ended(world.post(f"flatpak_remote_repositories/{offer}/mirror", **given))


def test_a_remote_is_kept_and_its_token_shown_to_nobody(house: House) -> None:
    world = house.world
    made = world.post(
        "flatpak_remotes",
        organization_id=world.organization_id,
        name="far",
        url="https://flatpaks.example.org/rhel/",
        username="robin",
        token="correct horse",  # noqa: S106
        description="of somebody else",
    )

    shown = world.show("flatpak_remotes", made["id"])
    listed = world.list("flatpak_remotes", search="url ~ example.org")

    assert made == shown
    assert [each["id"] for each in listed] == [made["id"]]
    assert shown["token_exists"] is True
    assert shown["registry_url"] is None
    assert "correct horse" not in str([made, shown, listed])
    renamed = world.put(f"flatpak_remotes/{made['id']}", name="near", token=None, username=None)
    assert (renamed["name"], renamed["token_exists"], renamed["username"]) == ("near", False, None)
    world.delete(f"flatpak_remotes/{made['id']}")
    assert world.list("flatpak_remotes") == []


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"url": "ftp://example.org"}, "url", "must begin with one of: http, https"),
        ({"url": "https://me:secret@example.org"}, "url", "credentials"),
        ({"url": "https://example.org/?a=b"}, "url", "query"),
        ({"registry_url": "file:///etc"}, "registry_url", "must begin with"),
        ({"token": "secret"}, "username", "must be given with a token"),
        ({"name": " "}, "name", "blank"),
    ],
)
@on_sqlite
def test_a_remote_that_cannot_be_is_refused(
    house: House, fields: Mapping[str, str], field: str, words: str
) -> None:
    given = {"name": "far", "url": "https://example.org", **fields}

    answer = house.post("flatpak_remotes", organization_id=house.organization, **given)

    assert words in refused(answer, 422)[field][0]


@on_sqlite
def test_a_name_is_taken_once_in_an_organization(house: House) -> None:
    given = {"name": "far", "url": "https://example.org"}
    house.world.post("flatpak_remotes", organization_id=house.organization, **given)

    again = house.post("flatpak_remotes", organization_id=house.organization, **given)
    elsewhere = house.world.another().organization_id

    refused(again, 422, "has already been taken")
    assert house.post("flatpak_remotes", organization_id=elsewhere, **given).status_code == 201


@on_sqlite
def test_a_stored_token_is_never_sent_to_another_server(house: House) -> None:
    made = house.world.post(
        "flatpak_remotes",
        organization_id=house.organization,
        name="far",
        url="https://example.org",
        username="robin",
        token="secret",  # noqa: S106
    )
    path = f"flatpak_remotes/{made['id']}"

    for moved in ({"url": "https://evil.org"}, {"registry_url": "https://evil.org"}):
        refused(house.put(path, **moved), 422, "must be given again")
    within = house.put(path, url="https://example.org/further")
    known = house.put(path, url="https://evil.org", token="another")  # noqa: S106

    assert within.json()["token_exists"] is True
    assert known.json()["url"] == "https://evil.org"


@on_sqlite
def test_each_action_takes_its_permission(house: House) -> None:
    world = house.world
    made = world.post(
        "flatpak_remotes",
        organization_id=world.organization_id,
        name="far",
        url="https://example.org",
    )
    one = f"/katello/api/flatpak_remotes/{made['id']}"
    create = {"organization_id": world.organization_id, "name": "x", "url": "https://example.org"}
    cases: list[tuple[str, str, str, dict[str, Any] | None]] = [
        ("GET", one, "view_flatpak_remotes", None),
        ("GET", "/katello/api/flatpak_remote_repositories", "view_flatpak_remotes", None),
        ("POST", "/katello/api/flatpak_remotes", "create_flatpak_remotes", create),
        ("PUT", one, "edit_flatpak_remotes", {"description": "x"}),
        ("POST", f"{one}/scan", "edit_flatpak_remotes", None),
        ("DELETE", one, "destroy_flatpak_remotes", None),
    ]
    every = sorted({permission for _, _, permission, _ in cases})

    for number, (method, path, permission, body) in enumerate(cases):
        others = [each for each in every if each != permission]
        client = house.control.user(
            f"user{number}", organizations=[world.organization_id], permissions=others
        )
        answer = client.request(method, path, json=body)

        assert answer.status_code == 403, (method, path)
        assert permission in answer.text


def test_a_scan_finds_what_the_remote_offers(world: World, remote: Remote) -> None:
    digest = remote.offer("apps/hello", HELLO, runtime=RUNTIME)
    remote.offer("platform", PLATFORM, runtime=RUNTIME)
    remote_id = added(world, remote)

    task = scanned(world, remote_id)

    assert task["result"] == "success"
    assert task["label"] == "Actions::Katello::Flatpak::ScanRemote"
    assert task["output"] == {
        "found": 2,
        "added": 2,
        "removed": 0,
        "left_out": 0,
        "registry_url": remote.registry_url,
    }
    (asked,) = remote.registry.requests("/index/static")
    assert asked.query == {"label:org.flatpak.ref:exists": "1", "tag": "latest"}
    shown = world.show("flatpak_remotes", remote_id)
    assert (shown["registry_url"], shown["scanned_at"] is not None) == (remote.registry_url, True)
    found = offers(world, remote_id)
    assert list(found) == ["apps/hello", "platform"]
    one = world.show("flatpak_remote_repositories", found["apps/hello"])
    assert one["flatpak_refs"] == [HELLO]
    assert one["runtimes"] == [RUNTIME]
    assert [each["name"] for each in one["repository_dependencies"]] == ["platform"]
    (manifest,) = one["manifests"]
    assert (manifest["digest"], manifest["tags"], manifest["application"]) == (
        digest,
        ["latest"],
        "org.example.Hello",
    )
    runtime = world.show("flatpak_remote_repositories", found["platform"])
    assert (runtime["runtimes"], runtime["repository_dependencies"]) == ([], [])
    for search in (f'ref = "{HELLO}"', f'runtime = "{RUNTIME}"', "name ~ hello"):
        assert list(offers(world, remote_id, search=search)) == ["apps/hello"]


def test_what_vanished_is_dropped_and_what_stayed_keeps_its_id(
    world: World, remote: Remote
) -> None:
    remote.offer("hello", HELLO)
    remote.offer("old", "app/org.example.Old/x86_64/stable")
    remote_id = added(world, remote)
    scanned(world, remote_id)
    before = offers(world, remote_id)
    remote.withdraw("old")
    newer = remote.offer("hello", "app/org.example.Hello/x86_64/beta")
    remote.offer("fresh", "app/org.example.Fresh/x86_64/stable")

    task = scanned(world, remote_id)

    assert [task["output"][key] for key in ("found", "added", "removed")] == [2, 1, 1]
    after = offers(world, remote_id)
    assert set(after) == {"hello", "fresh"}
    assert after["hello"] == before["hello"]
    shown = world.show("flatpak_remote_repositories", after["hello"])
    assert [each["digest"] for each in shown["manifests"]] == [newer]


@on_sqlite
def test_credentials_are_shown_to_the_remote_and_to_nobody_else(
    world: World, remote: Remote
) -> None:
    remote.guarded = True
    remote.offer("hello", HELLO)
    without = added(world, remote, name="without")
    remote_id = added(world, remote, username=USERNAME, token=PASSWORD)

    refused_task = scanned(world, without)
    task = scanned(world, remote_id)

    assert refused_task["result"] == "error"
    assert "asks for credentials" in refused_task["humanized"]["errors"][0]
    assert task["result"] == "success"
    assert PASSWORD not in str(task)
    assert {each.authorization for each in remote.registry.asked} == {None, SECRET}


@on_sqlite
def test_an_index_elsewhere_after_a_redirect_sees_no_credentials(
    world: World, remote: Remote
) -> None:
    there = f"{remote.registry.other_url}/moved"
    remote.registry.always("/index/static", answering(302, {"Location": there}))
    remote.registry.always("/moved", answering(200, body=b'{"Registry": "/", "Results": []}'))
    remote_id = added(world, remote, username=USERNAME, token=PASSWORD)

    task = scanned(world, remote_id)

    assert task["result"] == "success"
    (asked,) = remote.registry.requests("/moved")
    assert asked.authorization is None
    assert task["output"]["registry_url"] == f"{remote.registry.other_url}/"


BROKEN = [
    (b"<html>no such page</html>", "no index of flatpaks"),
    (b"[]", "no index of flatpaks"),
    (b'{"Registry": "/", "Results": {}}', "no index of flatpaks"),
    (b'{"Registry": 7, "Results": []}', "no index of flatpaks"),
    (b'{"Registry": "/"}', "no index of flatpaks"),
    (b'{"Registry": "file:///etc/passwd", "Results": []}', "its Registry"),
    (b'{"Registry": "https://me:secret@example.org/", "Results": []}', "its Registry"),
    (b'{"Registry": "http://[::1", "Results": []}', "its Registry"),
    (b'{"Registry": "/", "Results": ' + b"[" * 100_000, "no index of flatpaks"),
    (
        b'{"Registry": "/", "Results": [' + b"{}," * 20_001 + b"{}]}",
        "more than 20000 repositories",
    ),
    (b"\xff\xfe{", "no index of flatpaks"),
]


@pytest.mark.parametrize(("body", "words"), BROKEN)
@on_sqlite
def test_what_is_no_index_changes_nothing(
    world: World, remote: Remote, body: bytes, words: str
) -> None:
    remote.offer("hello", HELLO)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    remote.registry.always("/index/static", answering(200, body=body))

    task = scanned(world, remote_id)

    assert task["result"] == "error"
    (said,) = task["humanized"]["errors"]
    assert words in said
    assert "check the URL of the flatpak remote 'far'" in said
    assert list(offers(world, remote_id)) == ["hello"]


@on_sqlite
def test_an_endless_index_is_not_taken(world: World, remote: Remote) -> None:
    huge = {"Content-Length": str((64 << 20) + 1)}

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=huge)
        await response.prepare(request)
        return response

    remote.registry.always("/index/static", answer)

    task = scanned(world, added(world, remote))

    assert task["result"] == "error"
    assert "larger than the 67108864 bytes allowed" in task["humanized"]["errors"][0]


@on_sqlite
def test_entries_that_cannot_be_used_are_left_out_and_told(world: World, remote: Remote) -> None:
    remote.offer("hello", HELLO)
    (good,) = remote.results[0]["Images"]
    remote.results += [
        {"Name": "../../etc", "Images": [good]},
        {"Name": "UPPER", "Images": [good]},
        {"Images": [good]},
        "no object",
        {"Name": "digest", "Images": [good | {"Digest": "sha256:abc"}]},
        {"Name": "ref", "Images": [good | {"Labels": {"org.flatpak.ref": "app/../../x"}}]},
        {"Name": "tags", "Images": [good | {"Tags": ["no tag!"]}]},
        {"Name": "labels", "Images": [good | {"Labels": {"org.flatpak.ref": 7}}]},
        {"Name": "plain", "Images": [good | {"Labels": {"a": "b"}}]},
        {"Name": "nothing", "Images": None},
        {"Name": "listed", "Images": [], "Lists": [{"Images": [good | {"Architecture": None}]}]},
    ]
    remote_id = added(world, remote)

    task = scanned(world, remote_id)

    assert task["result"] == "warning"
    assert task["output"]["left_out"] == 8
    (said,) = task["humanized"]["errors"]
    assert "8 entries of the index cannot be used" in said
    assert list(offers(world, remote_id)) == ["hello", "listed"]


@on_sqlite
def test_refs_say_which_architecture_needs_which_runtime(world: World, remote: Remote) -> None:
    remote.offer("hello", HELLO, runtime="org.example.Other/x86_64/1")
    metadata = ["runtime=no/good", "runtime=", "Runtime=a/b/c", "x" * 70_000]
    for number, text in enumerate(metadata):
        remote.offer(f"odd-{number}", f"app/org.example.Odd{number}/x86_64/stable")
        labels = remote.results[-1]["Images"][0]["Labels"]
        labels["org.flatpak.metadata"] = f"[Application]\n{text}\n"
    remote_id = added(world, remote)

    scanned(world, remote_id)

    found = world.list("flatpak_remote_repositories", flatpak_remote_id=remote_id)
    assert {each["name"]: each["runtimes"] for each in found} == {
        "hello": ["org.example.Other/x86_64/1"],
        **{f"odd-{number}": [] for number in range(len(metadata))},
    }


def test_a_mirror_brings_the_runtime_and_is_filled_by_a_sync(world: World, remote: Remote) -> None:
    remote.guarded = True
    remote.registry.challenge = "bearer"
    remote.offer("apps/hello", HELLO, runtime=RUNTIME)
    remote.offer("platform", PLATFORM)
    remote.registry.repository("apps/hello").image("old", layers=[b"not wanted"])
    remote_id = added(world, remote, username=USERNAME, token=PASSWORD)
    scanned(world, remote_id)
    offer = offers(world, remote_id)["apps/hello"]

    task = mirrored(world, offer)

    assert task["result"] == "success", task
    assert task["label"] == "Actions::Katello::Flatpak::MirrorRemoteRepository"
    output = task["output"]
    assert output["repository"]["name"] == "apps/hello"
    assert [each["name"] for each in output["dependencies"]] == ["platform"]
    assert (output["missing_runtimes"], output["credentials_copied"]) == ([], True)
    made = world.show("repositories", output["repository"]["id"])
    assert made["url"] == remote.registry_url
    assert made["docker_upstream_name"] == "apps/hello"
    assert made["include_tags"] == ["latest"]
    assert made["upstream_username"] == USERNAME
    shown = world.show("flatpak_remote_repositories", offer)
    assert shown["last_mirrored"]["repository"]["id"] == made["id"]
    for each in (output["repository"], *output["dependencies"]):
        world.sync(each["id"])
    counts = world.show("repositories", made["id"])["content_counts"]
    assert (counts["docker_tag"], counts["docker_manifest"]) == (1, 1)
    assert list(offers(world, remote_id, search="mirrored = true")) == ["apps/hello", "platform"]


@on_sqlite
def test_a_runtime_that_is_here_already_is_not_mirrored_again(world: World, remote: Remote) -> None:
    remote.offer("platform", PLATFORM)
    remote.offer("hello", HELLO, runtime=RUNTIME)
    remote.offer("bye", "app/org.example.Bye/x86_64/stable", runtime=RUNTIME)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    found = offers(world, remote_id)
    mirrored(world, found["hello"])

    again = mirrored(world, found["bye"], product_id=world.product("Others"))

    assert again["result"] == "success"
    assert again["output"]["dependencies"] == []
    assert again["output"]["missing_runtimes"] == []


@on_sqlite
def test_a_runtime_that_nobody_brings_is_named(world: World, remote: Remote) -> None:
    remote.offer("hello", HELLO, runtime=RUNTIME)
    remote.offer("lonely", "app/org.example.Lonely/x86_64/stable", runtime="org.x.Gone/x86_64/9")
    remote.offer("platform", PLATFORM)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    found = offers(world, remote_id)

    unwanted = mirrored(world, found["hello"], dependency_ids=[])
    absent = mirrored(world, found["lonely"])

    assert unwanted["output"]["missing_runtimes"] == [RUNTIME]
    assert unwanted["result"] == "warning"
    assert RUNTIME in unwanted["humanized"]["errors"][0]
    assert absent["output"]["missing_runtimes"] == ["org.x.Gone/x86_64/9"]


@on_sqlite
def test_credentials_go_to_another_registry_only_if_a_user_named_it(
    world: World, remote: Remote
) -> None:
    remote.registry_url = f"{remote.registry.other_url}/"
    remote.offer("hello", HELLO)
    remote.offer("bye", "app/org.example.Bye/x86_64/stable")
    remote_id = added(world, remote, username=USERNAME, token=PASSWORD)
    scanned(world, remote_id)
    found = offers(world, remote_id)

    led = mirrored(world, found["hello"])
    named = {"registry_url": remote.registry_url, "token": PASSWORD}
    world.put(f"flatpak_remotes/{remote_id}", **named)
    remote.registry_url = "https://elsewhere.example.org/"
    scanned(world, remote_id)
    chosen = mirrored(world, found["bye"])

    assert led["result"] == "warning"
    assert led["output"]["credentials_copied"] is False
    assert "set it as the remote's registry_url" in led["humanized"]["errors"][0]
    made = world.show("repositories", led["output"]["repository"]["id"])
    assert (made["upstream_username"], made["upstream_password_exists"]) == (None, False)
    assert chosen["output"]["credentials_copied"] is True
    made = world.show("repositories", chosen["output"]["repository"]["id"])
    assert made["url"] == f"{remote.registry.other_url}/"
    assert made["upstream_password_exists"] is True


@on_sqlite
def test_a_mirror_goes_into_a_product_of_its_organization(
    house: House, world: World, remote: Remote
) -> None:
    remote.offer("hello", HELLO)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    path = f"flatpak_remote_repositories/{offers(world, remote_id)['hello']}/mirror"
    elsewhere = world.another().product("Birds")
    world.product("Birds")
    here = {"product_name": "Birds", "organization_id": world.organization_id}

    refused(house.post(path, product_id=elsewhere), 422, "must be of the remote's organization")
    refused(house.post(path), 422, "must be given, or product_name")
    nowhere = here | {"product_name": "Nowhere"}
    refused(house.post(path, **nowhere), 404, "Could not find product with name Nowhere")
    by_name = world.done(world.post(path, **here))
    refused(house.post(path, **here), 422, "has already been taken")

    assert by_name["output"]["repository"]["name"] == "hello"


@on_sqlite
def test_who_may_no_longer_make_repositories_mirrors_nothing(
    house: House, world: World, remote: Remote
) -> None:
    remote.offer("hello", HELLO)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    path = f"/katello/api/flatpak_remote_repositories/{offers(world, remote_id)['hello']}/mirror"
    organizations = [world.organization_id]
    viewer = house.control.user(
        "viewer",
        organizations=organizations,
        permissions=["view_flatpak_remotes", "view_products"],
    )
    maker = house.control.user(
        "maker",
        organizations=organizations,
        permissions=["view_flatpak_remotes", "view_products", "create_products"],
    )
    product = {"product_id": world.product()}
    house.stop_worker()

    assert viewer.post(path, json=product).status_code == 403
    task = maker.post(path, json=product).json()
    (user,) = house.admin.get("/api/users", params={"search": "login=maker"}).json()["results"]
    rights = Rights(house.admin)
    rights.give(user["id"], rights.role("Viewer only", "view_flatpak_remotes", "view_products"))
    house.start_worker(DOWNLOADS)
    ended = world.ended(task)

    assert ended["result"] == "error"
    assert "create_products" in ended["humanized"]["errors"][0]
    assert world.list("repositories") == []


@on_sqlite
def test_a_remote_goes_with_what_was_found_and_leaves_its_mirrors(
    house: House, world: World, remote: Remote
) -> None:
    remote.offer("hello", HELLO)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    made = mirrored(world, offers(world, remote_id)["hello"])["output"]["repository"]

    house.stop_worker()
    waiting = world.post(f"flatpak_remotes/{remote_id}/scan")
    refused(house.delete(f"flatpak_remotes/{remote_id}"), 409, "in use by the task")
    house.start_worker(DOWNLOADS)
    world.ended(waiting)
    world.delete(f"flatpak_remotes/{remote_id}")

    assert world.list("flatpak_remote_repositories") == []
    assert world.show("repositories", made["id"])["name"] == "hello"


@on_sqlite
def test_a_remote_that_moved_is_scanned_before_it_is_mirrored(world: World, remote: Remote) -> None:
    remote.offer("hello", HELLO)
    remote_id = added(world, remote)
    scanned(world, remote_id)
    offer = offers(world, remote_id)["hello"]
    world.put(f"flatpak_remotes/{remote_id}", url=remote.registry.other_url)

    task = mirrored(world, offer)

    assert task["result"] == "error"
    assert "scan it" in task["humanized"]["errors"][0]
    assert json.dumps(world.list("repositories")) == "[]"
