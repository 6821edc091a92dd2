"""Tags, manifests and lists of manifests as the API lists them: what, where, of whom."""

from typing import Any

import pytest

from support import oci
from support.house import House, refused
from support.push_scene import PushScene, picture, pictures

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

LABELS = {"org.example.team": "birds"}


@pytest.fixture
def scene(house: House) -> PushScene:
    house.start_worker()
    return PushScene(house)


def labelled(name: str, labels: dict[str, str], **fields: Any) -> oci.Manifest:
    layers = [oci.layer({"name": name.encode()})]
    return oci.image(*layers, about=oci.config(layers, labels=labels), **fields)


def test_a_tag_tells_its_manifest_and_the_other_tags_of_it(scene: PushScene) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "latest")
    many = scene.push(sloop, pictures("amd64", "arm64"), "many")

    listed = {each["name"]: each for each in scene.world.list("docker_tags", repository_id=sloop)}

    assert set(listed) == {"1.0", "latest", "many"}
    latest = listed["latest"]
    assert latest["digest"] == latest["manifest"]["digest"] == one.digest
    assert latest["manifest"]["manifest_type"] == "image"
    assert latest["manifest_schema2"] == latest["manifest"]
    assert latest["manifest_schema1"] is None
    assert [each["name"] for each in latest["related_tags"]] == ["1.0"]
    assert listed["many"]["manifest"]["manifest_type"] == "list"
    assert listed["many"]["digest"] == many.digest
    assert scene.world.show("docker_tags", latest["id"]) == latest
    (found,) = scene.world.list("docker_tags", search=f"digest = {one.digest} and name = 1.0")
    assert found["id"] == listed["1.0"]["id"]


def test_a_manifest_tells_what_it_is(scene: PushScene) -> None:
    sloop = scene.repository()
    image = labelled("one", LABELS, annotations={"containers.bootc": "1"})
    scene.push(sloop, image, "1.0")
    flatpak = scene.push(sloop, labelled("app", {"org.flatpak.ref": "app/a/b/c"}), "app")

    (shown,) = scene.world.list("docker_manifests", search="bootable = true")

    assert shown["digest"] == image.digest
    assert (shown["schema_version"], shown["manifest_type"], shown["type"]) == (2, "image", "image")
    assert shown["labels"] == LABELS
    assert shown["annotations"] == {"containers.bootc": "1"}
    assert (shown["is_bootable"], shown["is_flatpak"]) == (True, False)
    assert (shown["platforms"], shown["architecture"]) == (["linux/amd64"], "amd64")
    assert shown["compressed_size"] == image.blobs[1].size
    assert [each["name"] for each in shown["tags"]] == ["1.0"]
    assert scene.world.show("docker_manifests", image.digest) == shown
    (found,) = scene.world.list("docker_manifests", search="tag = app")
    assert (found["digest"], found["is_flatpak"]) == (flatpak.digest, True)


def test_a_list_tells_its_manifests_and_which_of_them_are_here(scene: PushScene) -> None:
    sloop = scene.repository()
    here = picture("here")
    absent = labelled("absent", LABELS)
    many = oci.index(here, absent)
    scene.push(sloop, oci.manifest(many.media_type, many.document, children=[here]), "many")

    (shown,) = scene.world.list("docker_manifest_lists", repository_id=sloop)

    assert (shown["manifest_type"], shown["type"]) == ("list", "index")
    assert [each["digest"] for each in shown["manifests"]] == [here.digest, absent.digest]
    (image,) = scene.world.list("docker_manifests", repository_id=sloop)
    assert [each["id"] for each in shown["manifests"]] == [image["id"], None]
    assert shown["platforms"] == ["linux/amd64"]
    search = f"manifest_list_digest = {shown['digest']}"
    (found,) = scene.world.list("docker_manifests", search=search)
    assert found["id"] == image["id"]
    assert (
        scene.world.list("docker_manifests", search=f"manifest_list_digest = {here.digest}") == []
    )


def test_it_is_told_which_environment_has_which_digest(scene: PushScene) -> None:
    world, sloop = scene.world, scene.repository()
    old = scene.push(sloop, picture("old"), "latest")
    dev = world.environment("Dev")
    view = world.view("Fleet", sloop)
    first = world.publish(view)
    world.promote(first, dev)
    new = scene.push(sloop, picture("new"), "latest")
    world.publish(view)

    manifests = {each["digest"]: each for each in world.list("docker_manifests")}

    def places(shown: Any) -> list[str]:
        return [each["label"] for each in shown["environments"]]

    assert places(manifests[old.digest]) == ["Library", "Library/Fleet", "Dev/Fleet"]
    assert places(manifests[new.digest]) == ["Library", "Library/Fleet"]
    tags = {each["digest"]: each for each in world.list("docker_tags")}
    assert places(tags[old.digest]) == ["Dev/Fleet"]
    assert places(tags[new.digest]) == ["Library", "Library/Fleet"]
    (in_dev,) = tags[old.digest]["environments"]
    assert in_dev["content_view_version"] == {"id": first, "version": "1.0"}
    assert in_dev["repository"] == {"id": sloop, "name": "sloop"}
    (only,) = world.list("docker_tags", environment_id=dev)
    assert only["digest"] == old.digest
    (frozen,) = world.list("docker_tags", content_view_version_id=first)
    assert frozen["digest"] == old.digest


def test_versions_are_compared_by_where_their_tags_point(scene: PushScene) -> None:
    world, sloop = scene.world, scene.repository()
    scene.push(sloop, picture("same"), "same")
    old = scene.push(sloop, picture("old"), "latest")
    view = world.view("Fleet", sloop)
    first = world.publish(view)
    new = scene.push(sloop, picture("new"), "latest")
    second = world.publish(view)

    where: dict[str, Any] = {"content_view_version_ids[]": [first, second]}
    compared = world.list("docker_tags/compare", **where)

    assert {(each["name"], each["digest"]): each["comparison"] for each in compared} == {
        ("same", picture("same").digest): [first, second],
        ("latest", old.digest): [first],
        ("latest", new.digest): [second],
    }
    different = world.list("docker_manifests/compare", restrict_comparison="different", **where)
    assert [each["digest"] for each in different] == [new.digest]


def test_repositories_are_found_by_their_tags(scene: PushScene) -> None:
    sloop, brig = scene.repository(), scene.repository("brig")
    scene.push(sloop, picture("one"), "1.0")
    scene.push(brig, picture("one"), "1.0")
    scene.push(brig, picture("two"), "2.0")
    tags = {each["name"]: each["id"] for each in scene.world.list("docker_tags")}

    def holding(tag: str) -> set[str]:
        path = f"docker_tags/{tags[tag]}/repositories"
        return {each["name"] for each in scene.world.list(path)}

    assert holding("1.0") == {"sloop", "brig"}
    assert holding("2.0") == {"brig"}
    with_tags = scene.world.list("repositories", with_content="docker_tag")
    assert {each["name"] for each in with_tags} == {"sloop", "brig"}


def test_what_others_hold_and_how_they_call_it_is_not_told(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    image = scene.push(sloop, picture("one"), "mine")
    there = house.world.another()
    other = PushScene(house)
    other.world = there
    brig = other.repository("brig")
    many = other.push(brig, oci.index(picture("one")), "theirs")
    other.push(brig, picture("one"), "also-theirs")

    mine = {"organization_id": house.organization}
    (listed,) = scene.world.list("docker_manifests", **mine)

    assert [each["name"] for each in listed["tags"]] == ["mine"]
    assert {each["repository"]["name"] for each in listed["environments"]} == {"sloop"}
    assert scene.world.list("docker_manifests", search="tag = also-theirs", **mine) == []
    search = f"manifest_list_digest = {many.digest}"
    assert scene.world.list("docker_manifests", search=search, **mine) == []
    viewer = house.control.user(
        "viewer",
        organizations=[house.organization],
        permissions=["view_products", "view_content_views"],
    )
    (seen,) = viewer.get("/katello/api/docker_manifests").json()["results"]
    assert seen == listed
    refused(viewer.get(f"/katello/api/docker_manifest_lists/{many.digest}"), 404)
    assert viewer.get(f"/katello/api/docker_manifests/{image.digest}").json() == listed
    (tag,) = viewer.get("/katello/api/docker_tags").json()["results"]
    assert (tag["name"], tag["related_tags"]) == ("mine", [])
