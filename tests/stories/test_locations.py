"""Locations and smart proxies: records that organizations share."""

from typing import Any

from support.house import House, refused


def test_a_location_is_renamed_with_all_below_it_and_deleted_last(house: House) -> None:
    def make(name: str, parent: int | None = None) -> dict[str, object]:
        body = {"location": {"name": name, "parent_id": parent}}
        answer = house.admin.post("/api/locations", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    europe = make("Europe")
    key = int(str(europe["id"]))
    vienna = make("Vienna", key)
    assert vienna["title"] == "Europe/Vienna"
    again = house.admin.post("/api/locations", json={"name": "Europe"})
    assert refused(again, 422) == {"name": ["has already been taken"]}

    house.admin.put(f"/api/locations/{key}", json={"location": {"name": "EU"}})
    found = house.admin.get("/api/locations", params={"search": 'title="EU/Vienna"'}).json()
    assert [each["id"] for each in found["results"]] == [vienna["id"]]
    circle = house.admin.put(f"/api/locations/{key}", json={"parent_id": vienna["id"]})
    assert "parent_id" in refused(circle, 422)
    refused(house.admin.delete(f"/api/locations/{key}"), 409, "EU/Vienna")

    assert house.admin.delete(f"/api/locations/{vienna['id']}").status_code == 200
    assert house.admin.delete(f"/api/locations/{key}").status_code == 200
    titles = [each["title"] for each in house.admin.get("/api/locations").json()["results"]]
    assert titles == ["Default Location"]


def test_this_server_is_the_first_smart_proxy_and_stays(house: House) -> None:
    (own,) = house.admin.get("/api/smart_proxies").json()["results"]

    refused(house.admin.delete(f"/api/smart_proxies/{own['id']}"), 409, "This server itself")
    refused(house.admin.put(f"/api/smart_proxies/{own['id']}/refresh"), 501, "records")

    body: dict[str, Any] = {
        "name": "near",
        "url": "https://near.example.org",
        "organization_ids": [],
    }
    made = house.admin.post("/api/smart_proxies", json={"smart_proxy": body})
    assert made.status_code == 201, made.text
    near = made.json()["id"]
    changed = house.admin.put(f"/api/smart_proxies/{near}", json={"download_policy": "on_demand"})
    assert changed.json()["download_policy"] == "on_demand"
    assert house.admin.delete(f"/api/smart_proxies/{near}").status_code == 200
