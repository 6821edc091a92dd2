"""Activation keys and host collections: what hosts will be given, set over the API."""

from typing import Any

from support.house import House, refused


def test_a_key_is_told_its_environments_in_every_form_that_clients_use(house: House) -> None:
    world = house.start_worker()
    repository = house.files("nests", egg=b"1")
    view = world.view("Base", repository)
    dev = world.environment("Dev")
    world.promote(world.publish(view), dev)
    library = world.environment("Library")
    made = world.post(
        "activation_keys",
        organization_id=house.organization,
        name="web",
        content_view_id=view,
        environment_id=dev,
    )
    path = f"activation_keys/{made['id']}"

    def changed(**changes: Any) -> Any:
        world.put(path, **changes)
        return world.show("activation_keys", made["id"])

    def labels(shown: Any) -> list[str]:
        each = [place["label"] for place in shown["content_view_environments"]]
        assert shown["content_view_environment_labels"] == ",".join(each)
        return each

    assert made["content_view"]["name"] == "Base"
    assert (made["content_view_id"], made["environment_id"]) == (view, dev)
    assert made["environment"]["name"] == "Dev"
    assert labels(made) == ["Dev/Base"]
    assert made["unlimited_hosts"] is True

    # Half of the old pair changes half of the only one.
    moved = changed(environment_id=library)
    assert (moved["content_view_id"], moved["environment_id"]) == (view, library)
    refused(house.put(path, content_view_id=None), 422, "go together")
    refused(house.put(path, content_view_id=1, environment_id=dev), 422, "is not in environment")

    both = changed(content_view_environments=["Dev/Base", "Library"])
    assert labels(both) == ["Dev/Base", "Library"]
    assert both["multi_content_view_environment"] is True
    assert (both["content_view_id"], both["environment"]) == (None, None)
    refused(house.put(path, environment_id=dev), 422, "Content view id")
    unknown = house.put(path, content_view_environments=["Prod/Base"])
    assert refused(unknown, 422) == {"content_view_environments": ["do not exist: Prod/Base"]}
    ids = list(reversed(both["content_view_environment_ids"]))
    assert labels(changed(content_view_environment_ids=ids)) == ["Library", "Dev/Base"]
    assert labels(changed(description="Web servers")) == ["Library", "Dev/Base"]
    assert labels(changed(content_view_id=None, environment_id=None)) == []
    assert labels(changed(environment={"id": dev}, content_view_id=view)) == ["Dev/Base"]

    for search in ("environment = Dev", f"content_view_id = {view}", "content_view = Base"):
        assert [each["name"] for each in world.list("activation_keys", search=search)] == ["web"]
    for narrowed in (
        {"environment_id": dev},
        {"content_view_id": view},
        {"name": "web"},
        {"content_view_environments": "Dev/Base"},
        {"content_view_environment_ids": [ids[1]]},
    ):
        assert [each["name"] for each in world.list("activation_keys", **narrowed)] == ["web"]
    for narrowed in (
        {"environment_id": library},
        {"name": "db"},
        {"content_view_environments": "Library"},
        {"search": "environment = Library"},
    ):
        assert world.list("activation_keys", **narrowed) == []


def test_a_key_takes_as_many_hosts_as_it_is_told(house: House) -> None:
    world, owner = house.world, {"organization_id": house.organization}
    key = world.post("activation_keys", **owner, name="web", max_hosts=3)
    path = f"activation_keys/{key['id']}"

    assert (key["max_hosts"], key["unlimited_hosts"]) == (3, False)
    taken = refused(house.post("activation_keys", **owner, name="web"), 422)
    assert taken == {"name": ["has already been taken"]}
    assert "name" in refused(house.post("activation_keys", **owner, name="a,b"), 422)
    assert "max_hosts" in refused(house.put(path, max_hosts=0), 422)
    assert "max_hosts" in refused(house.put(path, max_hosts=2, unlimited_hosts=True), 422)
    assert world.put(path, unlimited_hosts=True)["max_hosts"] is None
    assert "max_hosts" in refused(house.put(path, unlimited_hosts=False), 422)
    assert world.put(path, max_hosts=5, unlimited_hosts=False)["max_hosts"] == 5
    level = world.put(path, service_level="Premium", purpose_addons=["ELS"], release_version="9.4")
    assert (level["service_level"], level["release_version"]) == ("Premium", "9.4")
    assert level["max_hosts"] == 5
    refused(
        house.put(f"{path}/add_subscriptions", subscriptions=[{"id": 1}]), 400, "simple content"
    )
    assert house.get(f"{path}/releases").json()["results"] == []


def test_a_key_overrides_content(house: House) -> None:
    world = house.world
    world.repository("birds")
    key = world.post("activation_keys", organization_id=house.organization, name="web")
    path = f"activation_keys/{key['id']}"
    label = f"{world.organization_label}_Birds_birds"

    def contents(**parameters: Any) -> Any:
        return house.get(f"{path}/product_content", **parameters).json()["results"]

    def override(**said: Any) -> Any:
        return house.put(f"{path}/content_override", content_overrides=[said])

    for value, enabled, word in ((True, True, "enabled"), ("0", False, "disabled")):
        override(content_label=label, value=value)
        (content,) = contents()
        assert content["content"]["label"] == label
        assert (content["enabled"], content["enabled_content_override"]) == (enabled, enabled)
        assert content["override"] == word
    refused(override(content_label="nothing", value=True), 400, "Invalid content label: nothing")
    refused(override(content_label=label, value="perhaps"), 400, "true or false")
    refused(override(content_label=label), 400, "Missing value")
    assert override(content_label=label, remove=True).json()["content_overrides"] == []
    assert contents()[0]["override"] == "default"

    # Without a content view environment nothing is served to its hosts.
    assert contents(content_access_mode_env=True) == []
    assert world.list("products", activation_key_id=key["id"]) == []
    world.put(path, content_view_environments=["Library"])
    (served,) = contents(content_access_mode_env=True)
    assert served["content"]["name"] == "birds"
    (product,) = house.get(f"{path}/products").json()["results"]
    assert product["name"] == "Birds"
    assert house.get(f"{path}/subscriptions").json()["results"] == []


def test_a_key_has_collections_and_a_copy(house: House) -> None:
    world, owner = house.start_worker(), {"organization_id": house.organization}
    key = world.post("activation_keys", **owner, name="web", content_view_environments=["Library"])
    path = f"activation_keys/{key['id']}"
    collection = world.post("host_collections", **owner, name="Web", max_hosts=10)
    other = world.post("host_collections", **owner, name="Other")

    for _ in range(2):  # the second time changes nothing
        world.post(f"{path}/host_collections", host_collection_ids=[collection["id"]])
    available = house.get(f"{path}/host_collections/available").json()["results"]
    assert [each["name"] for each in available] == ["Other"]
    of_key = world.list("host_collections", activation_key_id=key["id"])
    assert [each["id"] for each in of_key] == [collection["id"]]
    assert world.list("activation_keys", search="host_collection = Web")

    copy = world.post(f"{path}/copy", new_name="web2")
    assert [each["name"] for each in copy["host_collections"]] == ["Web"]
    assert copy["content_view_environment_labels"] == "Library"
    world.put(f"{path}/host_collections", host_collection_ids=[collection["id"], other["id"]])
    assert world.show("activation_keys", key["id"])["host_collections"] == []

    task = world.delete(path)
    assert task["label"] == "Actions::Katello::ActivationKey::Destroy"
    assert [each["name"] for each in world.list("activation_keys")] == ["web2"]
