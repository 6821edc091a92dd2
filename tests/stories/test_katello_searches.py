"""Every field by which Katello's clients search, against what the lists here offer.

`katello_search_fields.tsv` holds a resource, its list and its fields a line: what hammer, playbooks
and people search by. `katello_search_absent.txt` holds what is not there yet: it may only become
shorter.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from headgate.upstream import DownloadRules
from support.house import House
from support.push_scene import PushScene, picture
from support.rights import Rights

_DATA: Final = Path(__file__).parents[1] / "data"

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@on_sqlite
def test_what_katello_is_searched_by_is_offered_or_known_to_be_absent(house: House) -> None:
    known = (_DATA / "katello_search_absent.txt").read_text()

    assert "".join(f"{each}\n" for each in sorted(_absent(house))) == known


def test_content_is_found_by_what_stands_beside_it(house: House, aviary: Path) -> None:
    world = house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
    birds = world.mirror("birds", aviary.as_uri())
    plain = house.files("plain", egg=b"1")
    house.stop_worker()
    _tell(house, "web1", "owl", "1", "c0ffee01")
    _tell(house, "web2", "owl", "2", "c0ffee02")
    keeper = house.control.user(
        "keeper", organizations=[house.organization], permissions=["view_products"]
    )
    stranger = house.control.user("stranger", permissions=["view_products"])

    def found(path: str, search: str, by: str = "name", client: TestClient = house.admin) -> Any:
        answer = client.get(f"/katello/api/{path}", params={"search": search, "full_result": True})
        body = answer.json()
        assert (answer.status_code, body["error"]) == (200, None), answer.text
        return sorted(each[by] for each in body["results"])

    assert found("packages", "modular", "nvra") == [
        "owl-1.0-1.module.noarch",
        "owl-2.0-1.module.noarch",
    ]
    assert found("packages", "modular = false and name ~ w") == ["swift"]
    assert found("packages", "modular != true and name ^ (owl, heron)") == ["heron", "heron"]
    assert found("packages", "not modular and not has modular") == []
    assert found("packages", "modular", client=keeper) == ["owl", "owl"]
    assert found("packages", "modular or not modular", client=stranger) == []
    assert found("packages/thindex", "modular and version = 2.0") == ["owl"]
    assert found("srpms", "modular = no") == ["rook"]
    assert found("errata", "modular", "errata_id") == ["BIRD-2026:0003"]
    assert found("errata", "modular = 0", "errata_id") == ["BIRD-2026:0001", "BIRD-2026:0002"]
    assert found("module_streams", "host = web1", "stream") == ["1"]
    assert found("module_streams", "host ~ web", "stream") == ["1", "2"]
    assert found("module_streams", "host !~ 1 and has host", "stream") == ["2"]
    assert found("module_streams", "host ~ web", client=keeper) == []
    for search in (
        *("distribution_version = 1", "distribution_arch ~ x86", "distribution_family = Tests"),
        *("distribution_variant = Nests", "distribution_bootable", "has distribution_uuid"),
        *("distribution_version ^ (0, 1)", "distribution_bootable = yes and id > 0"),
    ):
        assert found("repositories", search, "id") == [birds], search
    shown = world.show("repositories", birds)
    told = {name: value for name, value in shown.items() if name.startswith("distribution_")}
    assert told == {
        "distribution_version": "1",
        "distribution_arch": "x86_64",
        "distribution_family": "Tests",
        "distribution_variant": "Nests",
        "distribution_bootable": True,
    }
    assert "distribution_version" not in world.show("repositories", plain)
    for search in (
        *("null? distribution_version", "distribution_version != 1", "not distribution_bootable"),
        *("distribution_variant !~ nest", "distribution_uuid != 12", "name = plain"),
    ):
        assert plain in found("repositories", search, "id"), search
    assert found("repositories", "distribution_uuid = nonsense", "id") == []
    assert found("repositories", "distribution_version = 1", client=keeper) == ["birds"]
    assert found("repositories", "distribution_version = 1", client=stranger) == []


def test_tags_are_found_by_repository_and_image(house: House) -> None:
    house.start_worker()
    scene = PushScene(house)
    sloop, brig = scene.repository("sloop"), scene.repository("brig")
    scene.push(sloop, picture("one"), "1.0", "latest")
    view = house.world.view("Fleet", sloop)
    house.world.publish(view)
    scene.push(brig, picture("two"), "2.0")
    scene.untag(sloop, "1.0")
    house.stop_worker()
    label = house.world.organization_label.lower()
    own = [house.organization]
    keeper = house.control.user("keeper", organizations=own, permissions=["view_products"])

    def found(search: str, client: TestClient = house.admin, **scope: Any) -> list[str]:
        params = {"search": search, **scope}
        body = client.get("/katello/api/docker_tags", params=params).json()
        assert body["error"] is None, body
        return sorted(each["name"] for each in body["results"])

    assert found("repository = sloop") == ["1.0", "latest"]
    assert found("repository ~ s*p and tag = latest") == ["latest"]
    assert found("repository != sloop") == ["2.0"]
    assert found("repository ^ (sloop, brig)") == ["1.0", "2.0", "latest"]
    assert found("repository = sloop", repository_id=sloop) == ["latest"]
    assert found("repository > a") == []
    assert found(f"image = {label}/ships/brig") == ["2.0"]
    rights, lookout = Rights(house.admin), house.control.user("lookout", organizations=own)
    role = rights.role("Lookouts", "view_content_views")
    rights.filter(role, "view_products", search="name = Birds")
    (user,) = house.admin.get("/api/users", params={"search": "login = lookout"}).json()["results"]
    rights.give(user["id"], role)

    def offered(client: TestClient, search: str) -> list[str]:
        path = "/katello/api/docker_tags/auto_complete_search"
        return [each["label"] for each in client.get(path, params={"search": search}).json()]

    assert found("id > 0", lookout) == ["1.0", "latest"]
    assert found("repository = sloop", lookout) == []
    assert offered(lookout, "repository = ") == offered(lookout, "image = ") == []
    assert offered(keeper, "repository = s") == ["repository = sloop"]
    assert offered(keeper, "image = ") == []
    assert offered(house.admin, "repository = ") == ["repository = brig", "repository = sloop"]
    assert f"image = {label}/ships/brig" in offered(house.admin, "image = ")
    assert found("image ~ fleet") == ["1.0", "latest"]
    assert found("image ~ fleet", keeper) == []
    assert found("repository = sloop", keeper) == ["latest"]


def test_tasks_are_found_by_what_they_are_about(house: House) -> None:
    repository = house.start_worker().repository("nests", content_type="file")
    house.upload(repository, "egg", b"1")
    view = house.world.view("View", repository)
    house.world.publish(view)
    house.stop_worker()

    def found(search: str) -> set[str]:
        answer = house.admin.get("/foreman_tasks/api/tasks", params={"search": search})
        assert answer.status_code == 200, answer.text
        return {each["label"].rpartition("::")[2] for each in answer.json()["results"]}

    everything = found("")
    publish = found("resource_type = Katello::ContentView")
    assert len(publish) == 1
    assert publish < everything
    assert found(f"resource_type = Katello::ContentView and resource_id = {view}") == publish
    assert found(f"locked_resource_id = {view} and locked_resource_type ~ contentview") == publish
    assert found("resource_type = Katello::Nest") == set()
    assert found("resource_id = nest") == set()
    assert found("duration < 3600") == everything
    assert found("duration > 3600") == set()
    assert found("has duration and has resource_type") <= everything


def _tell(house: House, name: str, module: str, stream: str, context: str) -> None:
    """Make a host that tells of a module stream."""
    body = {"host": {"name": name, "organization_id": house.organization}}
    host = house.admin.post("/api/hosts", json=body).json()["id"]
    told = {"name": module, "stream": stream, "version": "20260101", "context": context}
    streams = [{**told, "arch": "noarch", "status": "enabled"}]
    answer = house.admin.put(f"/api/hosts/{host}/profile", json={"module_streams": streams})
    assert answer.status_code == 200, answer.text


def _absent(house: House) -> Iterator[str]:
    """Name every field of Katello's that a list does not let itself be searched by."""
    for line in (_DATA / "katello_search_fields.tsv").read_text().splitlines():
        resource, path, fields = line.split("\t")
        asked = {"organization_id": house.organization}
        answer = house.admin.get(f"{path}/auto_complete_search", params=asked)
        offered: list[Any] = answer.json() if answer.status_code == 200 else []
        names = {each["label"] for each in offered}
        for field in fields.split():
            if field not in names:
                yield f"{resource} {field}"
