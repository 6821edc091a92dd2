"""Repository sets: of custom content there is one for each repository."""

from typing import Any

import pytest

from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_every_custom_repository_is_a_set_of_its_own(house: House) -> None:
    world = house.world
    birds, files = world.repository("birds"), world.repository("files", content_type="file")
    product = world.product()
    label = f"{world.organization_label}_Birds_birds"

    everything = world.list("repository_sets")
    assert [each["name"] for each in everything] == ["birds", "files"]
    (found,) = world.list("repository_sets", search=f'label="{label}"')
    (by_path,) = world.list("repository_sets", search="path = /custom/Birds/birds")
    (by_name,) = world.list(f"products/{product}/repository_sets", name="birds")
    assert found == by_path == by_name == world.show("repository_sets", found["id"])
    assert found["id"] == world.show("repositories", birds)["content_id"]
    assert (found["contentUrl"], found["vendor"], found["enabled"]) == (
        "/custom/Birds/birds",
        "Custom",
        False,
    )
    assert [each["id"] for each in found["repositories"]] == [birds]
    assert found["product"] == {"id": product, "name": "Birds", "label": "Birds"}
    narrowings: list[tuple[dict[str, Any], list[str]]] = [
        ({"repository_type": "redhat"}, []),
        ({"repository_type": "custom", "search": "content_type = file"}, ["files"]),
        ({"with_custom": False}, []),
        ({"status[]": "enabled"}, []),
        ({"status[]": "disabled"}, ["birds", "files"]),
        ({"search": "enabled = true"}, []),
        ({"search": "nothing = 1"}, []),
    ]
    for narrowed, names in narrowings:
        assert [each["name"] for each in world.list("repository_sets", **narrowed)] == names

    house.delete(f"repositories/{files}")
    assert [each["name"] for each in world.list("repository_sets")] == ["birds"]


@on_sqlite
def test_sets_are_listed_as_an_activation_key_overrides_them(house: House) -> None:
    world = house.start_worker()
    birds, other = world.repository("birds"), world.repository("other")
    world.repository("files", content_type="file")
    world.publish(world.view("Tools", birds))
    body = {"name": "Key", "content_view_environments": ["Library/Tools"]}
    key = house.post("activation_keys", organization_id=house.organization, **body).json()["id"]
    label = f"{world.organization_label}_Birds_birds"
    chosen = [{"content_label": label, "name": "enabled", "value": "1"}]
    house.put(f"activation_keys/{key}/content_override", content_overrides=chosen)

    def listed(**parameters: Any) -> dict[str, bool]:
        found = world.list("repository_sets", activation_key_id=key, **parameters)
        return {each["name"]: each["enabled"] for each in found}

    assert listed() == {"birds": True, "other": False}
    assert listed(content_access_mode_env=True) == {"birds": True}
    assert listed(**{"status[]": "enabled"}) == {"birds": True}
    assert listed(**{"status[]": "disabled"}) == {"other": False}
    assert listed(**{"status[]": "overridden"}) == {"birds": True}
    refused(house.get("repository_sets", activation_key_id=999), 404)
    assert house.delete(f"repositories/{other}").status_code == 200
    assert listed() == {"birds": True}


@on_sqlite
def test_nothing_is_enabled_from_custom_content(house: House) -> None:
    world = house.world
    repository = world.repository("birds")
    (found,) = world.list("repository_sets")
    path = f"repository_sets/{found['id']}"

    refused(house.get(f"{path}/available_repositories"), 400, "is custom content")
    refused(house.put(f"{path}/enable", basearch="x86_64"), 400, "is custom content")
    refused(house.put(f"{path}/disable", repository_id=repository), 400, "is custom content")
    refused(house.get("repository_sets/1"), 404, "Could not find")
    elsewhere = house.world.product("Elsewhere")
    refused(house.get(f"products/{elsewhere}/{path}"), 404, "Could not find repository set")


@on_sqlite
def test_sets_of_another_organization_do_not_exist(house: House) -> None:
    house.world.repository("birds")
    (found,) = house.world.list("repository_sets")
    other = house.world.another()
    rights = ["view_products"]
    stranger = house.control.user(
        "stranger", organizations=[other.organization_id], permissions=rights
    )
    viewer = house.control.user("viewer", organizations=[house.organization], permissions=rights)
    path = f"/katello/api/repository_sets/{found['id']}"

    assert stranger.get(path).status_code == 404
    assert stranger.get("/katello/api/repository_sets").json()["total"] == 0
    assert stranger.put(f"{path}/enable").status_code == 404
    assert viewer.get(path).json()["name"] == "birds"
    assert viewer.put(f"{path}/enable").status_code == 403
