"""Tags of container repositories: set by digest, taken away, kept where they are, remembered."""

from typing import Any

import pytest

from headgate.content.container.content import ContainerType
from headgate.domain.content import Content
from support.house import House, refused
from support.push_scene import PushScene, picture, pictures
from support.world import Json

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def scene(house: House) -> PushScene:
    house.start_worker()
    return PushScene(house)


def tag_by_digest(scene: PushScene, repository: int, *wanted: tuple[str, str]) -> Json:
    """Set tags as Katello's clients do, and return the task however it ended."""
    uploads: list[dict[str, Any]] = []
    for name, digest in wanted:
        path = f"repositories/{repository}/content_uploads"
        made = scene.world.post(path, size=0, content_type="docker_tag")
        uploads.append({"id": made["upload_id"], "name": name, "digest": digest})
    path = f"repositories/{repository}/import_uploads"
    task = scene.world.put(path, uploads=uploads, content_type="docker_tag")
    return scene.world.ended(task)


def remove(scene: PushScene, repository: int, *ids: int, **more: Any) -> Json:
    """Take manifests or tags away, and return the task however it ended."""
    path = f"repositories/{repository}/remove_docker_manifests"
    return scene.world.ended(scene.world.put(path, ids=list(ids), **more))


def id_of(scene: PushScene, resource: str, repository: int, **wanted: str) -> int:
    (found,) = [
        each
        for each in scene.world.list(resource, repository_id=repository)
        if wanted.items() <= each.items()
    ]
    return int(found["id"])


def history(scene: PushScene, repository: int, **where: Any) -> list[tuple[Any, ...]]:
    path = f"repositories/{repository}/tag_history"
    return [
        (each["name"], each["digest"], each["cause"], each["user"])
        for each in scene.world.list(path, **where)
    ]


def test_a_tag_is_set_by_digest(scene: PushScene) -> None:
    sloop = scene.repository()
    old = scene.push(sloop, picture("old"), "latest")
    new = scene.push(sloop, pictures("amd64"), "1.0")

    task = tag_by_digest(scene, sloop, ("latest", new.digest), ("v1", old.digest))

    assert task["result"] == "success"
    expected = {"latest": new.digest, "v1": old.digest, "1.0": new.digest}
    assert scene.tags(sloop) == expected
    (first, _) = task["output"]["upload_results"]
    assert first["type"] == "docker_tag"


def test_a_tag_points_to_what_the_repository_holds(scene: PushScene) -> None:
    sloop, brig = scene.repository(), scene.repository("brig")
    scene.push(sloop, picture("one"), "1.0")
    other = scene.push(brig, picture("other"), "1.0")

    task = tag_by_digest(scene, sloop, ("latest", other.digest))

    assert task["result"] == "error"
    assert f"holds no manifest {other.digest}" in task["humanized"]["errors"][0]
    assert set(scene.tags(sloop)) == {"1.0"}


@on_sqlite
def test_what_is_no_tag_is_refused_at_once(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0")
    path = f"repositories/{sloop}"
    made = house.post(f"{path}/content_uploads", size=0, content_type="docker_tag").json()

    def wanted(*tags: tuple[Any, Any]) -> Any:
        uploads = [{"id": made["upload_id"], "name": name, "digest": to} for name, to in tags]
        return house.put(f"{path}/import_uploads", uploads=uploads)

    assert set(refused(wanted(("a b", "sha256:x")), 422)) == {"name", "digest"}
    assert "twice" in refused(wanted(("a", one.digest), ("a", one.digest)), 422)["uploads"][0]
    for kind in (None, "docker_manifest"):
        answer = house.post(f"{path}/content_uploads", size=7, content_type=kind)
        refused(answer, 400, "Images are not uploaded but pushed")
    answer = house.admin.post(
        f"/katello/api/{path}/upload_content",
        files={"content": ("image.tar", b"x")},
        data={"content_type": "docker_tag"},
    )
    refused(answer, 400, "A tag has no file")


def test_with_a_manifest_go_its_tags(scene: PushScene) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "latest")
    many = scene.push(sloop, pictures("amd64", "arm64"), "many")
    two = scene.push(sloop, picture("two"), "2.0")
    ids = (
        id_of(scene, "docker_manifests", sloop, digest=one.digest),
        id_of(scene, "docker_manifest_lists", sloop, digest=many.digest),
    )

    task = remove(scene, sloop, *ids)

    assert task["output"]["removed"] == {
        "docker_manifest": 1,
        "docker_manifest_list": 1,
        "docker_tag": 3,
    }
    assert scene.tags(sloop) == {"2.0": two.digest}
    left = scene.world.list("docker_manifests", repository_id=sloop)
    assert {each["digest"] for each in left} == {
        two.digest,
        *(each.digest for each in many.children),
    }


def test_a_tag_goes_alone(scene: PushScene) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "latest")
    tag = id_of(scene, "docker_tags", sloop, name="latest")

    task = remove(scene, sloop, tag, content_type="docker_tag")

    assert task["output"]["removed"] == {"docker_tag": 1}
    assert scene.tags(sloop) == {"1.0": one.digest}


def test_immutable_tags_stay(scene: PushScene) -> None:
    sloop = scene.repository(immutable_tags=["v*"])
    one = scene.push(sloop, picture("one"), "v1", "latest")
    two = scene.push(sloop, picture("two"), "edge")
    manifest = id_of(scene, "docker_manifests", sloop, digest=one.digest)
    tag = id_of(scene, "docker_tags", sloop, name="v1")

    tasks = [
        remove(scene, sloop, manifest),
        remove(scene, sloop, tag, content_type="docker_tag"),
        tag_by_digest(scene, sloop, ("v1", two.digest)),
    ]
    again = tag_by_digest(scene, sloop, ("v1", one.digest), ("latest", two.digest))

    assert [each["result"] for each in tasks] == ["error"] * 3
    assert all("rule 'v*'" in each["humanized"]["errors"][0] for each in tasks)
    assert again["result"] == "success"
    assert scene.tags(sloop) == {"v1": one.digest, "latest": two.digest, "edge": two.digest}


@on_sqlite
def test_what_others_hold_is_not_removed(scene: PushScene, house: House) -> None:
    sloop, brig = scene.repository(), scene.repository("brig")
    scene.push(sloop, picture("one"), "1.0")
    other = scene.push(brig, picture("other"), "1.0")
    there = id_of(scene, "docker_manifests", brig, digest=other.digest)

    for ids in ([there], [-1], [2**40]):
        answer = house.put(f"repositories/{sloop}/remove_docker_manifests", ids=ids)
        refused(answer, 404, "Could not find docker manifest")
    answer = house.put(f"repositories/{sloop}/remove_content", ids=[1], content_type="rpm")
    refused(answer, 422, "docker_tag, docker_manifest, docker_manifest_list")


def test_where_tags_pointed_is_remembered(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0", "latest")
    house.control.clock.wait(hours=1)
    two = scene.push(sloop, picture("two"), "latest")
    house.control.clock.wait(hours=1)
    tag_by_digest(scene, sloop, ("latest", one.digest))
    scene.untag(sloop, "1.0")

    found = history(scene, sloop)

    assert found == [
        ("1.0", None, "remove", "robin"),
        ("latest", one.digest, "upload", "admin"),
        ("latest", two.digest, "push", "robin"),
        ("latest", one.digest, "push", "robin"),
        ("1.0", one.digest, "push", "robin"),
    ]
    assert [each[1] for each in history(scene, sloop, name="latest")] == [
        one.digest,
        two.digest,
        one.digest,
    ]
    search = f"digest = {two.digest} and user = robin"
    assert history(scene, sloop, search=search) == [("latest", two.digest, "push", "robin")]
    page = house.get(f"repositories/{sloop}/tag_history", per_page=2, page=2).json()
    assert (page["total"], len(page["results"])) == (5, 2)
    assert page["results"][0]["moved_at"] == "2026-01-31 13:00:00 UTC"


@on_sqlite
def test_the_history_is_for_who_sees_the_repository(scene: PushScene, house: House) -> None:
    sloop = scene.repository()
    scene.push(sloop, picture("one"), "1.0")
    path = f"/katello/api/repositories/{sloop}/tag_history"
    viewer = house.control.user(
        "viewer", organizations=[house.organization], permissions=["view_products"]
    )
    stranger = house.control.user(
        "stranger",
        organizations=[house.world.another().organization_id],
        permissions=["view_products"],
    )

    assert viewer.get(path).json()["total"] == 1
    refused(stranger.get(path), 404)
    nests = house.files("nests", egg=b"x")
    refused(house.get(f"repositories/{nests}/tag_history"), 400, "has no tags")


def test_a_push_while_a_task_is_at_work_is_not_lost(
    scene: PushScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sloop = scene.repository()
    one = scene.push(sloop, picture("one"), "1.0")
    two = scene.push(sloop, picture("two"), "2.0")
    pushed = picture("pushed")
    make_tags = ContainerType.upload

    def push_first(self: ContainerType, *arguments: Any) -> Content:
        made = make_tags(self, *arguments)
        scene.push(sloop, pushed, "meanwhile")
        return made

    monkeypatch.setattr(ContainerType, "upload", push_first)

    task = tag_by_digest(scene, sloop, ("1.0", two.digest))

    assert task["result"] == "success"
    assert scene.tags(sloop) == {
        "1.0": two.digest,
        "2.0": two.digest,
        "meanwhile": pushed.digest,
    }
    held = {each["digest"] for each in scene.world.list("docker_manifests", repository_id=sloop)}
    assert held == {one.digest, two.digest, pushed.digest}
