"""Hosts as clients of content: registered over the API, and what is installed on them."""

from typing import Any

import httpx2
from sqlalchemy import func, select

from headgate.stores.db.tables import package_profiles
from headgate.workflows.collect import sweep
from support.house import House, refused

_PACKAGES = [
    {"name": "heron", "epoch": 1, "version": "2.0", "release": "1.el9", "arch": "noarch"},
    {"name": "reed", "version": "1.0", "release": "2.el9", "arch": "x86_64", "vendor": "Birds"},
    {"type": "deb", "name": "duck", "version": "1:3.0-1", "arch": "amd64"},
]
_STREAMS = [
    {"name": "nest", "stream": "1", "status": "enabled", "installed_profiles": ["default"]},
    {"name": "nest", "stream": "2", "status": "disabled"},
]
_TRACES = [{"application": "sshd", "helper": "systemctl restart sshd", "type": "daemon"}]


def _host(house: House, name: str) -> int:
    body = {"host": {"name": name, "organization_id": house.organization}}
    return int(house.admin.post("/api/hosts", json=body).json()["id"])


def _found(answer: httpx2.Response, field: str = "name") -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [each[field] for each in answer.json()["results"]]


def test_what_is_installed_is_told_once_for_equal_hosts(house: House) -> None:
    profile = {"packages": _PACKAGES, "module_streams": _STREAMS, "traces": _TRACES}
    hosts = [_host(house, name) for name in ("web1", "web2")]
    get = house.admin.get

    for host, packages in zip(hosts, (_PACKAGES, _PACKAGES[::-1]), strict=True):
        told = house.admin.put(f"/api/hosts/{host}/profile", json=profile | {"packages": packages})
        assert told.status_code == 200, told.text
    with house.control.database.read() as tx:
        assert tx.scalar(select(func.count()).select_from(package_profiles)) == 1

    listed = get("/api/hosts/web1/packages").json()["results"]
    assert [each["nvra"] for each in listed] == ["heron-2.0-1.el9.noarch", "reed-1.0-2.el9.x86_64"]
    assert listed[0]["nvrea"] == "heron-1:2.0-1.el9.noarch"
    assert _found(get("/api/hosts/web1/packages", params={"search": "arch = x86_64"})) == ["reed"]
    assert _found(get("/api/hosts/web2/debs"), "nav") == ["duck=1:3.0-1"]
    assert get(f"/api/host_packages/{listed[1]['id']}").json()["vendor"] == "Birds"
    assert _found(get("/api/host_packages/installed_packages")) == ["duck", "heron", "reed"]
    refused(get("/api/hosts/web1/packages", params={"status": "upgradable"}), 501)
    streams = "/api/hosts/web1/module_streams"
    assert _found(get(streams), "module_spec") == ["nest:2", "nest:1"]
    assert _found(get(streams, params={"status": "enabled"}), "stream") == ["1"]
    assert _found(get(streams, params={"install_status": "not_installed"}), "stream") == ["2"]
    assert _found(get("/api/hosts/web2/traces"), "application") == ["sshd"]
    for search in (
        "installed_package_name = heron",
        "installed_package = reed-1.0-2.el9.x86_64",
        "trace_app = sshd",
    ):
        assert _found(get("/api/hosts", params={"search": search})) == ["web1", "web2"]
    body = {"organization_id": house.organization, "included": {"search": "web"}}
    bulk = house.admin.post("/api/hosts/bulk/traces", json=body)
    assert sorted(_found(bulk, "host")) == ["web1", "web2"]
    several = house.admin.post("/api/hosts/bulk/module_streams", json=body)
    assert sorted(_found(several, "module_spec")) == ["nest:1", "nest:2"]
    refused(get("/api/hosts/web1/errata"), 501)

    stranger = house.control.user(
        "stranger",
        organizations=[house.world.another().organization_id],
        permissions=["view_hosts", "edit_hosts"],
    )
    refused(stranger.get(f"/api/host_packages/{listed[0]['id']}"), 404)
    refused(stranger.get("/api/hosts/web1/packages"), 404)
    refused(stranger.put("/api/hosts/web1/profile", json=profile), 404)
    assert _found(stranger.get("/api/host_packages/installed_packages")) == []

    # Nothing is told of what is not given; what no host has is forgotten.
    house.admin.put("/api/hosts/web1/profile", json={"traces": []})
    assert _found(get("/api/hosts/web1/packages")) == ["heron", "reed"]
    house.admin.put("/api/hosts/web1/profile", json={"packages": []})
    house.admin.delete("/api/hosts/web2")
    sweep(house.workshop())
    with house.control.database.read() as tx:
        assert tx.scalar(select(func.count()).select_from(package_profiles)) == 0
    assert _found(get("/api/hosts/web1/module_streams"), "stream") == ["2", "1"]


def test_a_host_is_registered_and_taken_back(house: House) -> None:
    world = house.world
    world.repository("birds")
    view = world.list("content_views")[0]["id"]
    path = "/api/hosts/web1/subscriptions"
    body = {
        "name": "web1",
        "lifecycle_environment_id": world.environment("Library"),
        "content_view_id": view,
        "release_version": "9",
        "facts": {"bootc.booted.image": "quay.io/birds/os:9"},
        "installed_products": [{"product_id": "69", "product_name": "OS"}],
    }

    made = house.admin.post("/api/hosts/subscriptions", json=body)
    assert made.status_code == 201, made.text
    host = made.json()
    uuid = host["subscription_facet_attributes"]["uuid"]
    assert host["content_facet_attributes"]["uuid"] == uuid
    assert host["content_facet_attributes"]["bootc_booted_image"] == "quay.io/birds/os:9"
    again = house.admin.post("/api/hosts/subscriptions", json=body).json()
    assert (again["id"], again["subscription_facet_attributes"]["uuid"]) == (host["id"], uuid)
    refused(house.admin.post("/api/hosts/subscriptions", json=body | {"uuid": "me"}), 422)
    taken = house.admin.post("/api/hosts/subscriptions", json=body | {"name": "web2", "uuid": uuid})
    assert refused(taken, 422) == {"uuid": ["has already been taken"]}
    search = {"search": f"subscription_uuid = {uuid} and registered_at > 2020-01-01"}
    assert _found(house.admin.get("/api/hosts", params=search)) == ["web1"]

    label = f"{world.organization_label}_Birds_birds"
    said = {"content_overrides": [{"content_label": label, "value": "1"}]}
    (content,) = house.admin.put(f"{path}/content_override", json=said).json()["results"]
    assert (content["content"]["label"], content["enabled"]) == (label, True)
    assert _found(house.admin.get(f"{path}/enabled_repositories"), "content_label") == [label]
    found = {"content_overrides_search": {"search": "name = birds", "enabled": False}}
    (content,) = house.admin.put(f"{path}/content_override", json=found).json()["results"]
    assert content["override"] == "disabled"
    refused(house.admin.put(f"{path}/content_override", json={}), 400, "No content overrides")
    served = {"content_access_mode_env": True}
    assert len(_found(house.admin.get(f"{path}/product_content", params=served), "id")) == 1
    assert _found(house.admin.get(path)) == []
    assert _found(house.admin.get(f"{path}/available_release_versions")) == []
    more = {"subscriptions": [{"id": 1, "quantity": 1}]}
    refused(house.admin.put(f"{path}/add_subscriptions", json=more), 400, "simple content access")

    back = house.admin.delete(path).json()
    assert back["subscription_facet_attributes"]["uuid"] is None
    assert _found(house.admin.get(f"{path}/product_content"), "override") == ["default"]
