"""Parameters of hosts, organizations and locations: kept, inherited, hidden."""

from typing import Any

import httpx2

from support.house import House


def test_hosts_inherit_what_is_nearest(house: House) -> None:
    europe = _made(house, "locations", location={"name": "Europe"})
    within = {"name": "Vienna", "parent_id": europe, "organization_ids": [house.organization]}
    vienna = _made(house, "locations", location=within)
    host = {"name": "web.example.com", "organization_id": house.organization}
    made = _made(house, "hosts", host={**host, "location_id": vienna})
    of_organization = f"organizations/{house.organization}"
    for place, name, value in (
        (of_organization, "color", "red"),
        (of_organization, "food", "fish"),
        (of_organization, "nest", "reed"),
        (f"locations/{europe}", "color", "blue"),
        (f"locations/{europe}", "food", "seeds"),
        (f"locations/{vienna}", "color", "green"),
        (f"hosts/{made}", "color", "white"),
    ):
        added = _post(house, f"{place}/parameters", parameter={"name": name, "value": value})
        assert added.json()["value"] == value

    shown = house.admin.get(f"/api/hosts/{made}").json()
    inherited = house.admin.get(f"/api/hosts/{made}/inherited_parameters").json()

    nearest = {"color": "white", "food": "seeds", "nest": "reed"}
    assert {each["name"]: each["value"] for each in shown["all_parameters"]} == nearest
    assert [each["name"] for each in shown["parameters"]] == ["color"]
    above = {
        each["name"]: (each["value"], each["associated_type"]) for each in inherited["results"]
    }
    assert above == {
        "color": ("green", "location"),
        "food": ("seeds", "location"),
        "nest": ("reed", "organization"),
    }
    place = house.admin.get(f"/katello/api/{of_organization}").json()
    assert [each["name"] for each in place["parameters"]] == ["color", "food", "nest"]
    second = house.admin.get(
        f"/api/hosts/{made}/inherited_parameters", params={"page": 2, "per_page": 2}
    )
    assert [each["name"] for each in second.json()["results"]] == ["nest"]


def test_parameters_are_changed_by_id_and_by_name(house: House) -> None:
    path = f"organizations/{house.organization}/parameters"
    seats = {"name": "seats", "value": "3", "parameter_type": "integer"}
    made = _post(house, path, parameter=seats).json()

    renamed = _put(house, f"{path}/{made['id']}", parameter={"name": "chairs"})
    changed = _put(house, f"{path}/chairs", parameter={"value": 4})
    refused = _put(house, f"{path}/chairs", parameter={"value": "many"})
    again = _post(house, path, parameter={"name": "chairs", "value": "1"})
    removed = house.admin.delete(f"/api/{path}/chairs")

    assert (made["value"], made["parameter_type"]) == (3, "integer")
    assert renamed.json()["name"] == "chairs"
    assert changed.json()["value"] == 4
    assert refused.status_code == 422
    assert "is not of the type integer" in refused.text
    assert again.status_code == 422
    assert removed.json()["id"] == made["id"]
    assert house.admin.get(f"/api/{path}/chairs").status_code == 404
    assert house.admin.get(f"/api/{path}").json()["results"] == []


def test_hidden_values_are_shown_to_who_may_change_them(house: House) -> None:
    path = f"/api/organizations/{house.organization}/parameters"
    secret = {"name": "key", "value": "sesame", "hidden_value": True}
    house.admin.post(path, json={"parameter": secret})
    viewer = house.control.user(
        "viewer", organizations=[house.organization], permissions=["view_organizations"]
    )

    for client, expected in ((house.admin, "sesame"), (viewer, "*****")):
        for place in (path, f"{path}/key"):
            found = client.get(place, params={"show_hidden": True}).json()
            one = found["results"][0] if "results" in found else found
            assert one["value"] == expected
    found = house.admin.get(path).json()["results"]
    assert [each["value"] for each in found] == ["*****"]
    assert viewer.delete(f"{path}/key").status_code == 403
    searched = house.admin.get(path, params={"search": "value = sesame"})
    assert searched.status_code == 400


def test_parameters_of_another_organization_are_not_there(house: House) -> None:
    other = house.world.another().organization_id
    rights = ["view_organizations", "edit_organizations", "view_hosts", "edit_hosts"]
    stranger = house.control.user("stranger", organizations=[other], permissions=rights)
    host = {"name": "db.example.com", "organization_id": house.organization}
    made = _made(house, "hosts", host=host)
    _post(house, f"hosts/{made}/parameters", parameter={"name": "role", "value": "db"})

    for place in (f"organizations/{house.organization}", f"hosts/{made}"):
        path = f"/api/{place}/parameters"
        assert stranger.get(path).status_code == 404
        assert stranger.delete(f"{path}/role").status_code == 404
        added = stranger.post(path, json={"parameter": {"name": "x", "value": "y"}})
        assert added.status_code == 404
    both = {"organization_id": house.organization}
    narrow = house.admin.get(f"/api/hosts/{made}/parameters", params=both).json()
    assert [each["name"] for each in narrow["results"]] == ["role"]


def _made(house: House, resource: str, **body: Any) -> int:
    answer = _post(house, resource, **body)
    assert answer.is_success, answer.text
    return int(answer.json()["id"])


def _post(house: House, path: str, **body: Any) -> httpx2.Response:
    return house.admin.post(f"/api/{path}", json=body)


def _put(house: House, path: str, **body: Any) -> httpx2.Response:
    return house.admin.put(f"/api/{path}", json=body)
