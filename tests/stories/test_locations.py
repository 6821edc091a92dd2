"""Locations and smart proxies: records that organizations share."""

from typing import Any

from headgate.services.organizations.installation import install_defaults
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


def test_an_organization_is_linked_with_users_places_and_proxies(house: House) -> None:
    place = house.admin.post("/api/locations", json={"name": "Linked"}).json()["id"]
    proxy = house.admin.post(
        "/api/smart_proxies", json={"name": "linked", "url": "https://linked.example.org"}
    ).json()["id"]
    member = house.control.user("newcomer", organizations=[house.organization])
    user = member.get("/api/current_user").json()["id"]
    links = {"user_ids": [user], "location_ids": [place], "smart_proxy_ids": [proxy]}
    body = {"organization": {"name": "Linked", **links}}

    made = house.admin.post("/katello/api/organizations", json=body)

    assert made.status_code == 201, made.text
    path = f"/katello/api/organizations/{made.json()['id']}"
    assert [each["login"] for each in made.json()["users"]] == ["newcomer"]
    assert [each["title"] for each in made.json()["locations"]] == ["Linked"]
    assert [each["name"] for each in made.json()["smart_proxies"]] == ["linked"]
    assert member.get(path).status_code == 200
    gone = house.admin.put(path, json={"organization": {"user_ids": []}})
    assert (gone.json()["users"], len(gone.json()["locations"])) == ([], 1)
    assert member.get(path).status_code == 404
    refused(house.admin.put(path, json={"ignore_types": ["User"]}), 501, "ignore_types")
    house.admin.delete(f"/api/locations/{place}")


def test_who_may_not_change_users_adds_none_to_an_organization(house: House) -> None:
    editor = house.control.user(
        "editor", organizations=[house.organization], permissions=["edit_organizations"]
    )
    path = f"/katello/api/organizations/{house.organization}"
    user = editor.get("/api/current_user").json()["id"]

    refused(editor.put(path, json={"organization": {"user_ids": [user]}}), 403, "edit_users")
    refused(editor.put(path, json={"organization": {"location_ids": []}}), 403, "edit_locations")


def test_an_http_proxy_has_places(house: House) -> None:
    place = house.admin.get("/api/locations").json()["results"][0]["id"]
    body = {"name": "placed", "url": "http://proxy.example.org:3128", "location_ids": [place]}

    made = house.admin.post("/api/http_proxies", json={"http_proxy": body}).json()

    assert [each["id"] for each in made["locations"]] == [place]
    path = f"/api/http_proxies/{made['id']}"
    assert house.admin.put(path, json={"name": "moved"}).json()["locations"] == made["locations"]
    assert house.admin.put(path, json={"location_ids": []}).json()["locations"] == []


def test_what_a_user_may_see_of_the_repositories_can_be_asked_for(house: House) -> None:
    house.world.repository("seen", content_type="file")
    house.control.user("blind", organizations=[], permissions=["view_products"])
    path = "/katello/api/repositories"

    def seen(login: str) -> list[str]:
        answer = house.admin.get(path, params={"username": login, "search": "name=seen"})
        return [each["name"] for each in answer.json()["results"]]

    assert (seen("admin"), seen("blind")) == (["seen"], [])
    refused(house.admin.get(path, params={"username": "nobody"}), 404, "nobody")


def test_paths_to_promote_to_are_empty_for_who_may_not(house: House) -> None:
    viewer = house.control.user(
        "watcher", organizations=[house.organization], permissions=["view_lifecycle_environments"]
    )
    path = f"/katello/api/organizations/{house.organization}/environments/paths"
    asked = {"permission_type": "promotable"}

    assert viewer.get(path).json()["total"] > 0
    assert viewer.get(path, params=asked).json()["results"] == []
    assert house.admin.get(path, params=asked).json() == house.admin.get(path).json()


def test_this_server_says_that_it_works_and_which_version_it_is(house: House) -> None:
    asked = {"include_status": True, "include_version": True}
    (own,) = house.admin.get("/api/smart_proxies", params=asked | {"search": "id=1"}).json()[
        "results"
    ]

    shown = house.admin.get(f"/api/smart_proxies/{own['id']}", params=asked).json()

    assert own["status"] == shown["status"] == "ok"
    assert shown["version"] == house.admin.get("/api/status").json()["version"]


def test_members_see_the_locations_and_proxies_of_their_organization(house: House) -> None:
    other = house.world.another().organization_id
    rights = ["view_locations", "edit_locations", "destroy_locations", "create_locations"]
    rights += [f"{verb}_smart_proxies" for verb in ("view", "create", "edit", "destroy")]
    member = house.control.user("member", organizations=[house.organization], permissions=rights)
    stranger = house.control.user("stranger", organizations=[other], permissions=rights)
    viewer = house.control.user(
        "viewer",
        organizations=[house.organization],
        permissions=["view_locations", "view_smart_proxies"],
    )
    ours = {"organization_ids": [house.organization]}
    made = member.post("/api/locations", json={"location": {"name": "Attic", **ours}})
    assert made.status_code == 201, made.text
    place = f"/api/locations/{made.json()['id']}"
    body = {"name": "attic", "url": "https://attic.example.org", **ours}
    proxy = member.post("/api/smart_proxies", json={"smart_proxy": body})
    assert proxy.status_code == 201, proxy.text
    near = f"/api/smart_proxies/{proxy.json()['id']}"

    assert "organization_ids" in refused(
        member.post("/api/smart_proxies", json=body | {"organization_ids": []}), 422
    )
    for path in (place, near):
        assert (viewer.get(path).status_code, stranger.get(path).status_code) == (200, 404)
        assert viewer.put(path, json={"name": "x"}).status_code == 403
        assert viewer.delete(path).status_code == 403
        assert stranger.put(path, json={"name": "x"}).status_code == 404
        assert stranger.delete(path).status_code == 404
        assert member.put(path, json={"name": "loft"}).json()["name"] == "loft"
    titles = [each["title"] for each in stranger.get("/api/locations").json()["results"]]
    assert titles == ["Default Location"]
    (own,) = stranger.get("/api/smart_proxies").json()["results"]
    assert own["name"] == "headgate.test"  # this server is everybody's
    assert member.put(f"/api/smart_proxies/{own['id']}", json={"name": "x"}).status_code == 403

    shared = [house.organization, other]
    for path in (place, near):
        house.admin.put(path, json={"organization_ids": shared})
        assert stranger.get(path).status_code == 200
        assert stranger.put(path, json={"name": "x"}).status_code == 403  # of both, so of neither
        assert member.delete(path).status_code == 403
        assert house.admin.delete(path).status_code == 200


def test_this_server_is_known_by_the_name_that_its_settings_give(house: House) -> None:
    clock = house.control.clock

    def started(url: str, *, named: bool) -> str:
        with house.control.database.begin() as tx:
            install_defaults(tx, clock=clock, name="other.test", url=url, named=named)
        own = house.admin.get("/api/smart_proxies", params={"search": "id = 1"}).json()
        return str(own["results"][0]["url"])

    assert started("https://other.test", named=False) == "https://headgate.test"
    assert started("https://other.test", named=True) == "https://other.test"
    taken = {"name": "taken", "url": "https://taken.test"}
    house.admin.post("/api/smart_proxies", json={"smart_proxy": taken})
    assert started("https://taken.test", named=True) == "https://other.test"
