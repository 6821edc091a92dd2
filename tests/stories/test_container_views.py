"""Container repositories in content views: filtered, published, promoted, explained."""

import pytest

from support import oci
from support.house import House, refused
from support.push_scene import PushScene, picture, pictures
from support.world import Json

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def scene(house: House) -> PushScene:
    house.start_worker()
    return PushScene(house)


def filtered(scene: PushScene, view: int, *globs: str, inclusion: bool, name: str = "tags") -> int:
    rules = [{"name": glob} for glob in globs]
    return scene.world.filter(view, name, *rules, type="docker", inclusion=inclusion)


def held(scene: PushScene, version: int) -> tuple[dict[str, str], set[str]]:
    """Return tags and digests of a version."""
    where = {"content_view_version_id": version}
    tags = scene.world.list("docker_tags", **where)
    resources = ("docker_manifests", "docker_manifest_lists")
    manifests = [each for name in resources for each in scene.world.list(name, **where)]
    return {each["name"]: each["digest"] for each in tags}, {each["digest"] for each in manifests}


def changes_of_tags(compared: Json) -> dict[str, str]:
    """Return what becomes of each tag between two points of a view."""
    types = {each["unit_type"]: each for each in compared["content_types"]}
    return {each["family"]: each["change"] for each in types["docker_tag"]["items"]}


def signed(image: oci.Manifest) -> tuple[oci.Manifest, str]:
    """Return a signature of an image, and the tag that cosign gives it."""
    return picture(f"signature of {image.digest}"), image.digest.replace(":", "-") + ".sig"


def test_everything_stays_without_filters(scene: PushScene) -> None:
    sloop = scene.repository()
    scene.push(sloop, picture("one"), "1.0")
    untagged = scene.push(sloop, picture("untagged"))

    version = scene.world.publish(scene.world.view("Fleet", sloop))

    tags, manifests = held(scene, version)
    assert set(tags) == {"1.0"}
    assert untagged.digest in manifests


def test_included_tags_stay_with_all_that_they_lead_to(scene: PushScene) -> None:
    sloop = scene.repository()
    many = scene.push(sloop, pictures("amd64", "arm64"), "1.0")
    scene.push(sloop, picture("two"), "2.0", "1x0")
    scene.push(sloop, picture("untagged"))
    signature, tag = signed(many.children[0])
    scene.push(sloop, signature, tag)
    other, other_tag = signed(picture("two"))
    scene.push(sloop, other, other_tag)
    sbom = oci.artifact(oci.layer({"sbom": b"1"}), subject=oci.subject(many))
    scene.push(sloop, sbom)
    view = scene.world.view("Fleet", sloop)
    filtered(scene, view, "1.*", inclusion=True)

    tags, manifests = held(scene, scene.world.publish(view))

    assert tags == {"1.0": many.digest, tag: signature.digest}
    expected = {each.digest for each in many.family()} | {signature.digest, sbom.digest}
    assert manifests == expected


def test_excluded_tags_go_and_what_others_need_stays(scene: PushScene) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "stable")
    two = scene.push(sloop, picture("two"), "2.0-rc1")
    signature, tag = signed(one)
    scene.push(sloop, signature, tag)
    view = scene.world.view("Fleet", sloop)
    filtered(scene, view, "*-rc*", "1.0", "*.sig", inclusion=False)

    tags, manifests = held(scene, scene.world.publish(view))

    assert tags == {"stable": one.digest}
    assert manifests == {one.digest}
    assert two.digest not in manifests


@pytest.mark.parametrize("globs", [(), ("nothing*",), ("1_0", "LATEST", "lates%")])
def test_an_include_filter_that_matches_nothing_keeps_nothing(
    scene: PushScene, globs: tuple[str, ...]
) -> None:
    sloop = scene.repository()
    scene.push(sloop, picture("one"), "1.0", "latest")
    view = scene.world.view("Fleet", sloop)
    filter_id = scene.world.filter(view, "tags", type="docker", inclusion=True)
    for glob in globs:
        if "%" in glob:  # no tag has it, so no rule can
            answer = scene.house.post(f"content_view_filters/{filter_id}/rules", name=[glob])
            refused(answer, 422, "name of a tag")
        else:
            scene.world.post(f"content_view_filters/{filter_id}/rules", name=glob)

    assert held(scene, scene.world.publish(view)) == ({}, set())


def test_filters_speak_of_repositories_of_their_kind(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    scene.push(sloop, picture("one"), "1.0")
    brig = scene.repository("brig")
    scene.push(brig, picture("two"), "2.0")
    nests = house.files("nests", egg=b"x")
    view = scene.world.view("Fleet", sloop, brig, nests)
    scene.world.filter(view, "packages", {"name": "bear"}, type="rpm", inclusion=True)
    only = {"type": "docker", "inclusion": True, "repository_ids": [brig]}
    scene.world.filter(view, "tags", {"name": "3.*"}, **only)

    version = scene.world.publish(view)

    tags, _ = held(scene, version)
    assert set(tags) == {"1.0"}
    files = scene.world.list("files", content_view_version_id=version)
    assert [each["name"] for each in files] == ["egg"]


@on_sqlite
def test_rules_of_tags_have_a_name_and_nothing_else(scene: PushScene, house: House) -> None:
    view = scene.world.view("Fleet", scene.repository())
    filter_id = filtered(scene, view, "1.*", inclusion=True)
    path = f"content_view_filters/{filter_id}/rules"

    assert house.get(f"content_view_filters/{filter_id}").json()["type"] == "docker"
    errors = refused(house.post(path, name=["2.*"], version="1"), 422)
    assert errors == {"version": ["is for filters of type rpm"]}
    refused(house.post(path, name=["1.*"]), 422, "equal rule")
    refused(house.post(path, name=["a/b"]), 422, "name of a tag")
    assert "name" in refused(house.post(path), 422)
    (rule,) = house.get(path).json()["results"]
    assert house.put(f"{path}/{rule['id']}", name="2.*").json()["name"] == "2.*"


def test_a_preview_tells_what_a_publish_gives(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    scene.push(sloop, picture("old"), "latest", "1.0")
    view = scene.world.view("Fleet", sloop)
    scene.world.publish(view)
    new = scene.push(sloop, picture("new"), "latest", "2.0")
    filtered(scene, view, "1.*", inclusion=False)

    preview = house.get(f"content_views/{view}/preview").json()
    version = scene.world.publish(view, plan_digest=preview["plan_digest"])

    assert changes_of_tags(preview) == {"1.0": "removed", "2.0": "added", "latest": "changed"}
    assert held(scene, version) == ({"latest": new.digest, "2.0": new.digest}, {new.digest})


def test_two_environments_serve_a_tag_with_different_digests(scene: PushScene) -> None:
    world, sloop = scene.world, scene.repository()
    old = scene.push(sloop, picture("old"), "latest")
    dev = world.environment("Dev")
    prod = world.environment("Prod", after=dev)
    view = world.view("Fleet", sloop)
    first = world.publish(view)
    world.promote(first, dev, prod)
    new = scene.push(sloop, picture("new"), "latest")
    second = world.publish(view)

    def latest(environment: int) -> str:
        where = {"environment_id": environment, "content_view_id": view}
        (tag,) = world.list("docker_tags", **where)
        return str(tag["digest"])

    world.promote(second, dev)
    assert (latest(dev), latest(prod)) == (new.digest, old.digest)

    world.promote(second, prod)
    world.promote(first, dev, force=True)  # rolled back
    assert (latest(dev), latest(prod)) == (old.digest, new.digest)


def test_a_composite_view_takes_a_tag_from_the_newest_component(scene: PushScene) -> None:
    world, sloop = scene.world, scene.repository()
    old = scene.push(sloop, picture("old"), "latest", "1.0")
    first = world.publish(world.view("Old", sloop))
    new = scene.push(sloop, picture("new"), "latest")
    second = world.publish(world.view("New", sloop))

    both = world.publish(world.view("Both", composite=True, component_ids=[first, second]))

    tags, manifests = held(scene, both)
    assert tags == {"latest": new.digest, "1.0": old.digest}
    assert manifests == {old.digest, new.digest}


def test_a_rolling_view_follows_pushes(scene: PushScene) -> None:
    world, sloop = scene.world, scene.repository()
    dev = world.environment("Dev")
    world.view("Now", sloop, rolling=True, environment_ids=[dev])
    scene.push(sloop, picture("one"), "latest")
    two = scene.push(sloop, picture("two"), "latest")

    (tag,) = world.list("docker_tags", environment_id=dev)

    assert tag["digest"] == two.digest
    assert [each["label"] for each in tag["environments"]] == ["Library", "Dev/Now"]


def test_it_is_explained_why_a_tag_is_there(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "latest")
    two = scene.push(sloop, picture("two"), "2.0")
    signature, tag = signed(one)
    scene.push(sloop, signature, tag)
    scene.push(sloop, picture("untagged"))
    view = scene.world.view("Fleet", sloop)
    plain = scene.world.publish(view)
    filtered(scene, view, "1.*", "2.*", inclusion=True, name="numbers")
    filtered(scene, view, "2.*", inclusion=False, name="not two")
    version = scene.world.publish(view)
    scene.push(sloop, picture("three"), "3.0")

    def told(text: str, of: int = version) -> tuple[bool, list[str]]:
        answer = house.get(f"content_view_versions/{of}/explain", package=text).json()
        found = [reason for result in answer["results"] for reason in result["reasons"]]
        return answer["present"], [each["message"] for each in [*found, *answer["reasons"]]]

    assert told("1.0") == (True, ["1.0 is included by tag filter 'numbers': rule `1.*`."])
    assert told("2.0") == (False, ["2.0 is excluded by tag filter 'not two': rule `2.*`."])
    assert told("latest") == (False, ["Tag filter 'numbers' includes others only."])
    assert told("latest", plain) == (True, ["No filter of tags applies to this repository."])
    assert told(tag) == (True, [f"{tag} is named after {one.digest}, which stays."])
    assert told(one.digest) == (True, ["Tags point to it: 1.0."])
    assert told(two.digest) == (False, ["Tags pointed to it: 2.0."])
    untagged = picture("untagged").digest
    words = "No tag leads to it: with filters, only what tags lead to stays."
    assert told(untagged) == (False, [words])
    present, messages = told("3.0")
    assert not present
    assert "did not hold it when this version was published" in messages[0]
    assert "holds 3.0 since then" in messages[1]
    assert told("nothing")[1][-1] == "No repository ever had anything of this name."


def test_points_of_a_view_are_compared(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    scene.push(sloop, picture("old"), "latest")
    view = scene.world.view("Fleet", sloop)
    scene.world.publish(view)
    scene.push(sloop, picture("new"), "latest", "2.0")
    scene.world.publish(view)

    answer = house.get(f"content_views/{view}/compare", before="1.0", after="2.0")

    assert changes_of_tags(answer.json()) == {"latest": "changed", "2.0": "added"}
