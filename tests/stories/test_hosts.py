"""Hosts as records: made, found, changed and deleted over Foreman's API."""

from typing import Any

import httpx2

from support.house import House, refused

_FACTS = {
    "uname.machine": "x86_64",
    "net": {"mtu": 1500},
    "bootc.booted.image": "quay.io/birds/os:9",
    "bootc.booted.digest": f"sha256:{'a' * 64}",
}


def make(house: House, name: str, **fields: Any) -> Any:
    """Make the record of a host, in the organization of the house unless another is given."""
    body = {"host": {"name": name, "organization_id": house.organization} | fields}
    answer = house.admin.post("/api/hosts", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def change(house: House, host: Any, **fields: Any) -> httpx2.Response:
    """Change a host."""
    return house.admin.put(f"/api/hosts/{host['id']}", json={"host": fields})


def names(house: House, **parameters: Any) -> list[str]:
    """Return the names of the hosts that are found."""
    answer = house.admin.get("/api/hosts", params=parameters)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["results"]]


def test_a_host_has_content_in_both_forms(house: House) -> None:
    world = house.start_worker()
    view = world.view("Base", house.files("nests", egg=b"1"))
    dev, library = world.environment("Dev"), world.environment("Library")
    world.promote(world.publish(view), dev)
    pair = {"content_view_id": view, "lifecycle_environment_id": dev}

    host = make(house, "Web1.Example.org", content_facet_attributes=pair)
    assert host["name"] == "web1.example.org"
    assert (host["content_view_id"], host["lifecycle_environment_id"]) == (view, dev)
    facet = host["content_facet_attributes"]
    assert (facet["content_view"]["name"], facet["lifecycle_environment"]["name"]) == (
        "Base",
        "Dev",
    )
    assert facet["content_view_environment_labels"] == "Dev/Base"
    assert facet["errata_counts"] is None

    half = change(house, host, content_facet_attributes={"lifecycle_environment_id": library})
    assert half.json()["lifecycle_environment_id"] == library
    both = {"content_view_environments": ["Dev/Base", "Library"]}
    several = change(house, host, content_facet_attributes=both).json()
    facet = several["content_facet_attributes"]
    assert [each["label"] for each in facet["content_view_environments"]] == ["Dev/Base", "Library"]
    assert (several["content_view_id"], facet["content_view"]) == (None, None)
    assert names(house, search="lifecycle_environment = Dev") == ["web1.example.org"]
    assert names(house, search=f"content_view_id = {view}") == ["web1.example.org"]
    assert names(house, search="content_view = Other") == []
    shown = house.get("content_view_environments", host_id=host["id"]).json()["results"]
    assert sorted(each["label"] for each in shown) == ["Dev/Base", "Library"]


def test_a_host_is_found_by_its_name_and_keeps_what_it_is_told(house: House) -> None:
    proxy = house.admin.get("/api/smart_proxies").json()["results"][0]["id"]
    place = house.admin.get("/api/locations").json()["results"][0]["id"]
    products = [{"product_id": "69", "product_name": "Red Hat Enterprise Linux", "version": "9.4"}]
    host = make(
        house,
        "web1",
        location_id=place,
        comment="in the hall",
        content_facet_attributes={"content_source_id": proxy},
        subscription_facet_attributes={
            "release_version": "9.4",
            "purpose_addons": ["ELS"],
            "installed_products_attributes": products,
        },
        host_parameters_attributes=[
            {"name": "role", "value": "web"},
            {"name": "ports", "value": [80, 443], "parameter_type": "array"},
            {"name": "secret", "value": "pssst", "hidden_value": True},
        ],
    )
    path = "/api/hosts/web1"

    shown = house.admin.get(path).json()
    assert shown["id"] == host["id"]
    assert (shown["location_id"], shown["comment"]) == (place, "in the hall")
    assert shown["owner_name"] == "admin"
    assert shown["content_facet_attributes"]["content_source"]["id"] == proxy
    facet = shown["subscription_facet_attributes"]
    assert (facet["release_version"], facet["purpose_addons"]) == ("9.4", ["ELS"])
    assert facet["installed_products"][0]["productId"] == "69"
    values = {each["name"]: each["value"] for each in shown["parameters"]}
    assert values == {"role": "web", "ports": [80, 443], "secret": "*****"}
    revealed = house.admin.get(path, params={"show_hidden_parameters": True}).json()
    assert "pssst" in [each["value"] for each in revealed["parameters"]]

    changed = change(
        house,
        host,
        comment=None,
        subscription_facet_attributes={"service_level": "Premium"},
        host_parameters_attributes=[{"name": "role", "value": None}],
    ).json()
    assert changed["comment"] is None
    assert [each["name"] for each in changed["parameters"]] == ["ports", "secret"]
    assert changed["subscription_facet_attributes"]["release_version"] == "9.4"
    odd = [{"name": "count", "value": "many", "parameter_type": "integer"}]
    assert "value" in refused(change(house, host, host_parameters_attributes=odd), 422)
    assert "name" in refused(change(house, host, name="no name"), 422)
    refused(change(house, host, interfaces_attributes=[{"mac": "00:00:00:00:00:01"}]), 501)
    refused(change(house, host, managed=True), 501, "records")
    refused(change(house, host, enabled=False), 501, "records")
    assert change(house, host, managed=False, build=False, enabled=True).status_code == 200
    refused(change(house, host, hostgroup_id=1), 404, "host group")
    refused(house.admin.get("/api/hosts/web2"), 404, "Could not find host with id web2")

    thin = house.admin.get("/api/hosts", params={"thin": True, "search": 'name="web1"'}).json()
    assert thin["results"] == [{"id": host["id"], "name": "web1"}]
    for search in ("release_version = 9.4", "service_level ~ prem", "owner = admin", "web"):
        assert names(house, search=search) == ["web1"], search
    assert names(house, search="content_source_id = 99") == []
    assert house.admin.delete(path).json()["name"] == "web1"
    assert names(house) == []


def test_facts_make_hosts_and_tell_of_image_mode(house: House) -> None:
    def facts(name: str, said: dict[str, Any], **more: Any) -> httpx2.Response:
        body = {"name": name, "facts": said, "organization_id": house.organization} | more
        return house.admin.post("/api/hosts/facts", json=body)

    made = facts("os1", _FACTS)
    assert made.status_code == 201, made.text
    facet = made.json()["content_facet_attributes"]
    assert facet["bootc_booted_image"] == "quay.io/birds/os:9"
    again = facts("os1", {"uname.machine": "aarch64"})
    # Facts that say nothing of image mode leave it alone.
    assert again.json()["content_facet_attributes"]["bootc_booted_image"] == "quay.io/birds/os:9"
    facts("os2", _FACTS | {"bootc": {"booted": {"digest": f"sha256:{'b' * 64}"}}})
    facts("os3", {"bootc::booted::image": "quay.io/birds/os:10"})
    wrong = facts("os4", {"bootc.booted.digest": "md5:1"})
    assert "bootc_booted_digest" in refused(wrong, 422)
    assert names(house, search='bootc_booted_image ~ "os:9"') == ["os1", "os2"]
    assert names(house, search="fact = net::mtu") == ["os2"]

    images = house.admin.get("/api/hosts/bootc_images").json()
    assert images["total"] == 2
    assert images["results"][1] == {
        "bootc_booted_image": "quay.io/birds/os:9",
        "digests": [
            {"bootc_booted_digest": f"sha256:{letter * 64}", "host_count": 1} for letter in "ab"
        ],
    }
    refused(facts("os5", {str(each): "x" for each in range(10_001)}), 422, "more than 10000")
    refused(house.admin.post("/api/hosts/facts", json={"name": "os6", "facts": {}}), 422)

    status = house.admin.get("/api/hosts/os1/status/configuration").json()
    assert status == {"status": 0, "status_label": "No reports"}
    refused(house.admin.delete("/api/hosts/os1/status/build"), 404)
    assert house.admin.get("/api/hosts/os1/inherited_parameters").json()["results"] == []


def test_hosts_are_gathered_in_collections_as_far_as_there_is_room(house: House) -> None:
    world, owner = house.world, {"organization_id": house.organization}
    hosts = [make(house, f"web{number}")["id"] for number in range(3)]
    collection = world.post("host_collections", **owner, name="Web", max_hosts=2)
    path = f"host_collections/{collection['id']}"

    added = world.put(f"{path}/add_hosts", host_ids=hosts[:1])
    assert added["displayMessages"] == {"success": ["Successfully added 1 Host(s)."], "error": []}
    again = world.put(f"{path}/add_hosts", host_ids=hosts[:2])["displayMessages"]
    assert again["success"] == ["Successfully added 1 Host(s)."]
    assert "already exists" in again["error"][0]
    refused(house.put(f"{path}/add_hosts", host_ids=hosts), 422, "takes 2 host(s) at most")
    assert "max_hosts" in refused(house.put(path, max_hosts=1), 422)
    assert world.show("host_collections", collection["id"])["host_ids"] == hosts[:2]
    assert names(house, search="host_collection = Web") == ["web0", "web1"]
    assert [each["name"] for each in world.list("host_collections", host_id=hosts[0])] == ["Web"]
    assert world.list("host_collections", host_id=hosts[0], available_for="host") == []
    refused(
        house.admin.put(
            f"/api/hosts/{hosts[2]}/host_collections",
            json={"host_collection_ids": [collection["id"]]},
        ),
        422,
        "takes 2 host(s)",
    )

    copy = world.post(f"{path}/copy", name="Web again")
    assert (copy["total_hosts"], copy["max_hosts"]) == (2, 2)
    removed = world.put(f"{path}/remove_hosts", host_ids=hosts[1:])["displayMessages"]
    assert removed["success"] == ["Successfully removed 1 Host(s)."]
    assert "is not in" in removed["error"][0]
    moved = house.admin.put(
        f"/api/hosts/{hosts[2]}/host_collections", json={"host_collection_ids": [collection["id"]]}
    )
    assert [each["name"] for each in moved.json()["host_collections"]] == ["Web"]
    all_of = world.put(path, host_ids=[hosts[1]], max_hosts=1)
    assert (all_of["total_hosts"], all_of["host_ids"]) == (1, [hosts[1]])
    assert world.delete(path)["name"] == "Web"
    assert names(house) == ["web0", "web1", "web2"]


def test_only_administrators_move_hosts_between_organizations(house: House) -> None:
    other = house.world.another()
    host = make(house, "web1", content_facet_attributes={"content_view_environments": ["Library"]})
    collection = house.world.post(
        "host_collections", organization_id=house.organization, name="Web", host_ids=[host["id"]]
    )
    both = house.control.user(
        "both",
        organizations=[house.organization, other.organization_id],
        permissions=["view_hosts", "edit_hosts"],
    )
    move = {"host": {"organization_id": other.organization_id}}

    refused(both.put(f"/api/hosts/{host['id']}", json=move), 403)
    moved = house.admin.put(f"/api/hosts/{host['id']}", json=move).json()

    assert moved["organization_id"] == other.organization_id
    assert moved["content_facet_attributes"]["content_view_environments"] == []
    assert moved["host_collections"] == []
    assert house.world.show("host_collections", collection["id"])["host_ids"] == []
    # Names are unique in one organization only; two of them need ids.
    make(house, "web1")
    refused(house.admin.get("/api/hosts/web1"), 409, "several organizations")
    wrong = {"name": "web2", "organization_id": house.organization}
    wrong |= {"content_facet_attributes": {"content_view_environments": ["Library/None"]}}
    refused(house.admin.post("/api/hosts", json={"host": wrong}), 422, "do not exist")
