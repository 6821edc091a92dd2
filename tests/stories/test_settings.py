"""Settings of the running server: what they are, who changes them, and that they count."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.domain.settings import SETTINGS
from headgate.server.content_types import content_types
from headgate.server.live_settings import fixed_settings
from headgate.server.settings_sources import read_settings
from headgate.services.repositories.remotes import remote_of
from headgate.stores.db import Database
from headgate.stores.db.tables import repositories
from support.content_server import ContentServer, content_server
from support.control import control
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def content(house: House, tmp_path: Path) -> Iterator[ContentServer]:
    with content_server(
        house.control.database,
        house.control.blobs,
        guard=lambda _scope, _path, _stamp: None,
        locks=tmp_path / "locks",
        content_types=content_types(),
    ) as server:
        yield server


def change(house: House, name: str, value: Any) -> httpx2.Response:
    return house.admin.put(f"/api/settings/{name}", json={"setting": {"value": value}})


def changed(house: House, name: str, value: Any) -> Any:
    """Set it and return the value as it is then."""
    answer = change(house, name, value)
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def test_settings_are_found_by_name_and_id_and_in_every_process_at_once(house: House) -> None:
    database = Database(house.control.database.url.render_as_string(hide_password=False))
    elsewhere = control(database).client()
    shown = house.admin.get("/api/settings/entries_per_page").json()
    assert shown == house.admin.get(f"/api/settings/{shown['id']}").json()
    assert (shown["value"], shown["default"], shown["settings_type"]) == (20, 20, "integer")

    for name in ("aa", "bb", "cc"):
        house.world.product(name)
    assert changed(house, "entries_per_page", "2") == 2

    found = elsewhere.get("/katello/api/products").json()
    assert (found["per_page"], len(found["results"]), found["total"]) == (2, 2, 3)
    assert len(elsewhere.get("/katello/api/products", params={"per_page": 3}).json()["results"]) > 2
    odd = elsewhere.get("/katello/api/products", params={"search": "name ="}).json()
    assert (odd["total"], odd["results"]) == (3, [])
    assert odd["error"]
    by_name = {"search": 'name="default_yum_mirroring_policy"'}
    (policy,) = elsewhere.get("/api/settings", params=by_name).json()["results"]
    assert "additive" in policy["select_values"]
    everything = elsewhere.get("/api/settings", params={"per_page": "all"}).json()["results"]
    assert {each["name"] for each in everything} == {each.name for each in SETTINGS}
    assert len({each["id"] for each in everything}) == len(SETTINGS)
    database.close()


@on_sqlite
def test_values_that_a_setting_cannot_have_are_refused(house: House) -> None:
    for name, value, words in (
        ("entries_per_page", "0", "must be a whole number from 1 to"),
        ("entries_per_page", True, "must be a whole number"),
        ("entries_per_page", "2.5", "must be a whole number"),
        ("entries_per_page", None, "must be a whole number"),
        ("delete_repo_across_cv", "perhaps", "must be true or false"),
        ("default_download_policy", "sometimes", "must be one of the following: immediate"),
        ("default_non_yum_mirroring_policy", "mirror_complete", "must be one of the following"),
        ("registry_token_expiration_minutes", 60, "from 1 to 15"),
        ("content_default_http_proxy", "nowhere", "must be the name of an HTTP proxy"),
        ("content_default_http_proxy", ["a"], "must be a text"),
    ):
        assert words in refused(change(house, name, value), 422)["value"][0]
    refused(change(house, "unknown", 1), 404, "Could not find setting")
    refused(house.admin.get("/api/settings/0"), 404)
    refused(house.admin.get("/api/settings", params={"search": "nothing = 1"}), 400)


@on_sqlite
def test_what_has_no_work_yet_is_read_and_not_changed(house: House) -> None:
    unchanged = house.admin.get("/api/settings/default_export_format").json()
    assert unchanged["value"] == "importable"
    assert changed(house, "default_export_format", "importable") == "importable"

    answer = change(house, "default_export_format", "syncable")

    refused(answer, 501, "Exporting content is not implemented yet")
    assert house.admin.get("/api/settings/default_export_format").json() == unchanged


@on_sqlite
def test_what_the_servers_own_settings_fix_is_read_only(house: House, tmp_path: Path) -> None:
    own = read_settings(
        home=tmp_path,
        environment={"HEADGATE_CONTENT_DELETE_REPO_ACROSS_CV": "no"},
        given={"registry": {"token_minutes": 7}},
    )
    fixed = fixed_settings(own)
    assert fixed == {"delete_repo_across_cv": False, "registry_token_expiration_minutes": 7}
    client = control(house.control.database, fixed_settings=fixed).client()
    path = "/api/settings/delete_repo_across_cv"

    shown = client.get(path).json()
    assert (shown["value"], shown["readonly"]) == (False, True)
    words = "fixed by content.delete_repo_across_cv"
    refused(client.put(path, json={"value": "true"}), 409, words)
    assert client.put(path, json={"value": "false"}).status_code == 200
    assert house.admin.get(path).json()["readonly"] is False


@on_sqlite
def test_settings_are_changed_by_those_who_may(house: House) -> None:
    def named(login: str, *permissions: str) -> Any:
        return house.control.user(
            login, organizations=[house.organization], permissions=permissions
        )

    reader, editor = named("reader", "view_settings"), named("editor", "edit_settings")
    path, body = "/api/settings/entries_per_page", {"setting": {"value": 30}}

    assert named("nobody").get("/api/settings").status_code == 403
    assert reader.get(path).status_code == 200
    assert reader.put(path, json=body).status_code == 403
    assert editor.put(path, json=body).json()["value"] == 30
    proxy = {"name": "way out", "url": "http://proxy.example.org:3128"}
    assert house.admin.post("/api/http_proxies", json=proxy).status_code == 201
    default = "/api/settings/content_default_http_proxy"
    assert editor.put(default, json={"value": "way out"}).status_code == 403
    assert changed(house, "content_default_http_proxy", "way out") == "way out"
    (shown,) = house.admin.get("/api/http_proxies").json()["results"]
    assert shown["content_default_http_proxy"] is True
    assert changed(house, "content_default_http_proxy", "") == ""
    assert editor.put(default, json={"value": ""}).status_code == 200  # as it is already


@on_sqlite
def test_new_repositories_and_proxies_follow_the_settings(house: House) -> None:
    world = house.world
    changed(house, "default_download_policy", "on_demand")
    changed(house, "default_yum_mirroring_policy", "additive")
    changed(house, "default_proxy_download_policy", "immediate")
    changed(house, "sync_total_timeout", 90)

    birds = world.repository("birds", url="https://birds.example/")
    files = world.repository("files", content_type="file", download_policy="immediate")
    near = {"name": "near", "url": "https://near.example.org"}

    shown = world.show("repositories", birds)
    assert (shown["download_policy"], shown["mirroring_policy"]) == ("on_demand", "additive")
    shown = world.show("repositories", files)
    assert shown["download_policy"] == "immediate"
    assert shown["mirroring_policy"] == "mirror_content_only"
    made = house.admin.post("/api/smart_proxies", json={"smart_proxy": near}).json()
    assert made["download_policy"] == "immediate"
    with house.control.database.read() as tx:
        row = tx.execute(repositories.select().where(repositories.c.id == birds)).one()
        assert remote_of(tx, row, lambda sealed: sealed).total_timeout == 90


@on_sqlite
def test_deletion_and_promotion_follow_the_settings(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x")
    tools = world.view("Tools", nests)
    part = world.publish(tools)
    components = {"components": [{"content_view_id": tools, "latest": True}]}
    whole = world.view("All", composite=True)
    house.put(f"content_views/{whole}/content_view_components/add", **components)
    version, dev = world.publish(whole), world.environment("Dev")
    changed(house, "delete_repo_across_cv", "false")
    changed(house, "restrict_composite_view", "true")

    refused(house.delete(f"repositories/{nests}"), 409, "Tools 1.0")
    path = f"content_view_versions/{version}/promote"
    refused(house.post(path, environment_ids=[dev]), 400, "Tools 1.0")

    changed(house, "restrict_composite_view", "false")
    world.promote(version, dev)
    changed(house, "delete_repo_across_cv", "true")
    assert house.delete(f"repositories/{nests}").status_code == 200
    assert house.get(f"content_view_versions/{part}").json()["repositories"] == []


@on_sqlite
def test_versions_have_addresses_of_their_own_only_if_the_setting_says_so(
    house: House, content: ContentServer
) -> None:
    world = house.start_worker()
    world.publish(world.view("Tools", house.files("nests", egg=b"x")))
    archive = f"/pulp/content/{world.organization_label}/content_views/Tools/1.0/custom/Birds/nests"
    library = world.content_path("nests", view="Tools")

    assert content.request("GET", f"{archive}/egg").status == 404
    changed(house, "distribute_archived_cvv", "yes")
    assert content.request("GET", f"{archive}/egg").status == 200
    changed(house, "distribute_archived_cvv", "no")
    assert content.request("GET", f"{archive}/egg").status == 404
    assert content.request("GET", f"{library}egg").status == 200


@on_sqlite
def test_keys_may_have_to_do_with_one_content_view_environment(house: House) -> None:
    world = house.start_worker()
    world.publish(world.view("Tools"))
    several = {"content_view_environments": ["Library", "Library/Tools"]}
    owner = {"organization_id": house.organization}
    key = house.post("activation_keys", name="Key", **owner, **several).json()["id"]
    changed(house, "allow_multiple_content_views", "no")

    errors = refused(house.post("activation_keys", name="Other", **owner, **several), 422)
    assert "allow_multiple_content_views" in errors["content_view_environments"][0]
    assert len(house.get(f"activation_keys/{key}").json()["content_view_environments"]) == 2
    one = {"content_view_environments": ["Library/Tools"]}
    assert house.put(f"activation_keys/{key}", **one).status_code == 200
    changed(house, "allow_multiple_content_views", "yes")
    assert house.put(f"activation_keys/{key}", **several).status_code == 200
