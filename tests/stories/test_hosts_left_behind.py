"""Views leave environments: what has only them is given another one, or they stay."""

from typing import Any

from support.house import House, refused


def test_hosts_and_keys_are_given_another_view_or_the_view_stays(house: House) -> None:
    world = house.start_worker()
    owner = {"organization_id": house.organization}
    nests = house.files("nests", egg=b"1")
    base, other = world.view("Base", nests), world.view("Other", nests)
    dev, library = world.environment("Dev"), world.environment("Library")
    version = world.publish(base)
    world.promote(version, dev)
    world.publish(other)
    key = world.post("activation_keys", **owner, name="web", content_view_environments=["Dev/Base"])
    both = {"content_view_environments": ["Dev/Base", "Library/Other"]}
    hosts = [
        house.admin.post("/api/hosts", json={"host": {**owner, "name": name, **facet}}).json()
        for name, facet in (
            ("only", {"content_facet_attributes": {"content_view_environments": ["Dev/Base"]}}),
            ("both", {"content_facet_attributes": both}),
        )
    ]

    def labels(name: str) -> str:
        facet = house.admin.get(f"/api/hosts/{name}").json()["content_facet_attributes"]
        return str(facet["content_view_environment_labels"])

    shown = world.show("content_views", base)
    assert [each["name"] for each in shown["hosts"]] == ["both", "only"]
    assert [each["name"] for each in shown["activation_keys"]] == ["web"]
    assert (shown["host_count"], shown["activation_key_count"]) == (2, 1)
    assert world.show("environments", dev)["counts"]["content_hosts"] == 2
    counts = {each["name"]: each["host_count"] for each in world.list("content_views")}
    assert counts == {"Base": 2, "Other": 1, "Default Organization View": 0}

    gone = house.delete(f"content_views/{base}/environments/{dev}")
    refused(gone, 400, "1 host(s) and 1 activation key(s) without a content view")
    leaving: dict[str, Any] = {"environment_ids": [dev]}
    leaving |= {"system_content_view_id": other, "system_environment_id": library}
    refused(house.put(f"content_views/{base}/remove", **leaving), 400, "1 activation key(s)")
    leaving |= {"key_content_view_id": base, "key_environment_id": dev}
    refused(house.put(f"content_views/{base}/remove", **leaving), 400, "nothing can be reassigned")
    foreign = world.another()
    theirs = foreign.list("content_views")[0]["id"]
    leaving |= {
        "key_content_view_id": theirs,
        "key_environment_id": foreign.environment("Library"),
    }
    refused(house.put(f"content_views/{base}/remove", **leaving), 400, "nothing can be reassigned")
    leaving |= {"key_content_view_id": base, "key_environment_id": library}
    world.done(world.put(f"content_views/{base}/remove", **leaving))

    assert labels("only") == "Library/Other"
    assert labels("both") == "Library/Other"
    key_now = world.show("activation_keys", key["id"])
    assert key_now["content_view_environment_labels"] == "Library/Base"
    assert world.show("environments", dev)["content_views"] == []
    world.delete(f"environments/{dev}")
    assert len(hosts) == 2


def test_a_rolling_view_leaves_no_host_behind(house: House) -> None:
    world = house.start_worker()
    dev, library = world.environment("Dev"), world.environment("Library")
    rolling = world.view("Rolling", rolling=True, environment_ids=[dev, library])
    facet = {"content_view_environments": ["Dev/Rolling"]}
    fields = {"organization_id": house.organization, "name": "web1"}
    body = {"host": {**fields, "content_facet_attributes": facet}}
    assert house.admin.post("/api/hosts", json=body).status_code == 201

    refused(house.put(f"content_views/{rolling}", environment_ids=[library]), 400, "1 host(s)")
    assert house.admin.delete("/api/hosts/web1").status_code == 200
    assert house.put(f"content_views/{rolling}", environment_ids=[library]).status_code == 200


def test_an_organization_goes_with_its_hosts_and_keys(house: House) -> None:
    world = house.start_worker()
    other = world.another()
    owner = {"organization_id": other.organization_id}
    places = {"content_view_environments": ["Library"]}
    other.post("activation_keys", **owner, name="web", **places)
    body = {"host": {**owner, "name": "web1", "content_facet_attributes": places}}
    assert house.admin.post("/api/hosts", json=body).status_code == 201

    world.delete(f"organizations/{other.organization_id}")

    assert house.admin.get("/api/hosts").json()["results"] == []
    assert house.get("activation_keys").json()["results"] == []
