"""One action on many hosts, chosen by search or by ids."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from headgate.domain.errors import ValidationError
from headgate.domain.ids import HostCollectionId, HostId
from headgate.services.actor import Actor
from headgate.services.hosts.host_collections import add_hosts
from support.house import House, refused


def _make(house: House, *names: str, organization: int | None = None) -> list[int]:
    owner = {"organization_id": organization or house.organization}
    made = [
        house.admin.post("/api/hosts", json={"host": {**owner, "name": name}}) for name in names
    ]
    return [answer.json()["id"] for answer in made]


def _bulk(house: House, action: str, *, method: str = "PUT", **body: Any) -> httpx2.Response:
    body = {"organization_id": house.organization} | body
    return house.admin.request(method, f"/api/hosts/bulk{action}", json=body)


def _facet(house: House, host: int, facet: str = "subscription") -> Any:
    return house.admin.get(f"/api/hosts/{host}").json()[f"{facet}_facet_attributes"]


def test_hosts_are_chosen_by_search_and_ids_and_changed_in_one_task(house: House) -> None:
    world = house.start_worker()
    world.repository("birds")
    web1, web2, db1 = _make(house, "web1", "web2", "db1")

    def done(action: str, included: dict[str, Any], **body: Any) -> int:
        answer = _bulk(house, action, included=included, **body)
        assert answer.status_code == 202, answer.text
        return int(world.done(answer.json())["output"]["changed"])

    assert done("/release_version", {"search": "name ~ web"}, release_version="9.4") == 2
    assert _facet(house, web1)["release_version"] == "9.4"
    assert _facet(house, db1)["release_version"] is None
    every, but = {"search": ""}, {"ids": [web1]}
    assert done("/system_purpose", every, excluded=but, purpose_role="Server") == 2
    roles = [_facet(house, each)["purpose_role"] for each in (web1, web2, db1)]
    assert roles == [None, "Server", "Server"]
    both = {"ids": [db1], "search": "name = web1"}
    assert done("/system_purpose", both, service_level="Premium", purpose_addons=["ELS"]) == 2
    assert _facet(house, db1)["purpose_addons"] == ["ELS"]

    library = world.environment("Library")
    view = next(
        each["id"] for each in world.list("content_views", name="Default Organization View")
    )
    pair = {"environment_id": library, "content_view_id": view}
    assert done("/environment_content_view", {"ids": [web1, web2]}, **pair) == 2
    assert _facet(house, web2, "content")["content_view_environment_labels"] == "Library"
    places = {"content_view_environments": ["Library"]}
    assert done("/assign_content_view_environments", {"ids": [db1]}, **places) == 1
    label = f"{world.organization_label}_Birds_birds"
    enable = [{"content_label": label, "value": True}]
    assert done("/content_overrides", {"search": "web"}, content_overrides=enable) == 2
    enabled = house.admin.get("/api/hosts/web1/subscriptions/enabled_repositories").json()
    assert [each["content_label"] for each in enabled["results"]] == [label]
    assert house.admin.get("/api/hosts/db1/subscriptions/enabled_repositories").json()["total"] == 0

    proxy = house.admin.get("/api/smart_proxies").json()["results"][0]["id"]
    body = {"host_ids": [web1], "content_source_id": proxy, **pair}
    assert house.admin.put("/api/hosts/bulk/change_content_source", json=body).status_code == 200
    assert _facet(house, web1, "content")["content_source_id"] == proxy

    gone = _bulk(house, "/destroy", included={"ids": [web1]})
    assert world.done(gone.json())["output"]["deleted"] == 1
    told = _bulk(house, "", method="DELETE", included={"search": "name ~ web"})
    assert told.json()["message"] == "Deleted 1 host(s)"
    left = house.admin.get("/api/hosts").json()["results"]
    assert [each["name"] for each in left] == ["db1"]


def test_a_change_ends_in_words_if_what_hosts_were_to_get_is_gone(house: House) -> None:
    world = house.start_worker(without=["change_hosts"])
    (host,) = _make(house, "web1")
    view = world.view("Web", house.files("notes", one=b"1"))
    world.publish(view)
    library = world.environment("Library")
    asked = _bulk(
        house,
        "/environment_content_view",
        included={"ids": [host]},
        environment_id=library,
        content_view_id=view,
    ).json()
    world.delete(f"content_views/{view}/environments/{library}")

    house.stop_worker()
    house.start_worker()
    ended = world.ended(asked)

    assert ended["result"] == "error"
    assert "no longer served" in ended["humanized"]["errors"][0]
    assert _facet(house, host, "content")["content_view_environment_labels"] == ""


def test_a_request_that_means_no_hosts_or_those_of_others_is_refused(house: House) -> None:
    (ours,) = _make(house, "web1")
    other = house.world.another()
    (theirs,) = _make(house, "web2", organization=other.organization_id)
    version = {"release_version": "9"}

    refused(_bulk(house, "/release_version", included={}, **version), 400, "No hosts")
    refused(_bulk(house, "/release_version", included={"search": "nothing = 1"}, **version), 400)
    refused(_bulk(house, "/system_purpose", included={"ids": [ours]}), 400, "No system purpose")
    wrong = [{"content_label": "nothing", "value": True}]
    included: dict[str, Any] = {"included": {"ids": [ours]}}
    refused(_bulk(house, "/content_overrides", **included, content_overrides=wrong), 400, "Invalid")
    refused(_bulk(house, "/add_subscriptions", **included), 400, "simple content access")
    refused(_bulk(house, "/resolve_traces", **included, trace_ids=[1]), 501)
    refused(_bulk(house, "/applicable_errata", method="POST", **included), 501)
    # An administrator's search is of the one organization that the request names.
    told = _bulk(house, "", method="DELETE", included={"ids": [theirs], "search": "web"})
    assert told.json()["message"] == "Deleted 1 host(s)"
    assert house.admin.get(f"/api/hosts/{theirs}").status_code == 200

    viewer = house.control.user(
        "viewer", organizations=[other.organization_id], permissions=["view_hosts"]
    )
    body = {"organization_id": other.organization_id, "included": {"ids": [theirs]}, **version}
    refused(viewer.put("/api/hosts/bulk/release_version", json=body), 403)
    body["organization_id"] = house.organization
    refused(viewer.put("/api/hosts/bulk/release_version", json=body), 403)


def test_collections_take_many_hosts_and_never_more_than_their_limit(house: House) -> None:
    world, owner = house.world, {"organization_id": house.organization}
    hosts = _make(house, *(f"web{number}" for number in range(6)))
    wide = world.post("host_collections", **owner, name="Wide")["id"]
    narrow = world.post("host_collections", **owner, name="Narrow", max_hosts=3)["id"]

    every, both = {"search": "web"}, [wide, narrow]
    told = _bulk(house, "/add_host_collections", included=every, host_collection_ids=both).json()
    messages = told["displayMessages"]
    assert messages["success"] == ["Successfully added 6 host(s) to 1 host collection(s)"]
    assert "takes 3 host(s) at most" in messages["error"][0]
    taken = _bulk(
        house, "/remove_host_collections", included={"ids": hosts[:2]}, host_collection_ids=[wide]
    )
    assert taken.status_code == 200
    assert world.show("host_collections", wide)["host_ids"] == hosts[2:]

    def add(host_id: int) -> str:
        try:
            with house.control.database.begin() as tx:
                add_hosts(
                    tx,
                    actor=Actor(user_id=None, login="admin", admin=True),
                    collection_id=HostCollectionId(narrow),
                    host_ids=[HostId(host_id)],
                )
        except ValidationError:
            return "full"
        return "added"

    with ThreadPoolExecutor(len(hosts)) as pool:
        outcomes = sorted(pool.map(add, hosts))

    assert outcomes == ["added"] * 3 + ["full"] * 3
    assert world.show("host_collections", narrow)["total_hosts"] == 3
