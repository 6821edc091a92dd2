"""Repositories over the API (katello.md 1.3)."""

from typing import Any

import pytest

from support.control import control
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

UPSTREAM = "http://birds.example/os/"


def test_a_repository_is_shown_with_all_that_clients_compare(house: House) -> None:
    repository = house.world.repository("Reed beds", url=UPSTREAM, download_policy="on_demand")

    shown = house.get(f"repositories/{repository}").json()

    label = house.world.organization_label
    assert shown["label"] == "Reed_beds"
    assert shown["content_label"] == f"{label}_Birds_Reed_beds"
    path = f"/pulp/content/{label}/Library/custom/Birds/Reed_beds/"
    assert shown["full_path"] == f"https://headgate.test{path}"
    assert shown["url"] == UPSTREAM
    assert shown["download_policy"] == "on_demand"
    assert shown["mirroring_policy"] == "mirror_content_only"
    assert shown["content_counts"] == {
        "rpm": 0,
        "srpm": 0,
        "erratum": 0,
        "package_group": 0,
        "module_stream": 0,
    }
    assert shown["product"]["name"] == "Birds"
    assert shown["unprotected"] is True
    assert shown["last_sync"] is None
    assert shown["library_instance_id"] is None
    assert shown["upstream_password_exists"] is False
    assert (shown["promoted"], shown["content_view_versions"]) == (False, [])


def test_secrets_go_in_and_never_come_out(house: House) -> None:
    repository = house.world.repository(
        "reed",
        url=UPSTREAM,
        upstream_username="heron",
        upstream_password="secret fish",  # noqa: S106 - looked for below
        http_proxy_url="http://user:secret@proxy.example:3128",
    )

    answer = house.get(f"repositories/{repository}")

    assert answer.json()["upstream_username"] == "heron"
    assert answer.json()["upstream_password_exists"] is True
    assert answer.json()["http_proxy_url_exists"] is True
    assert "secret" not in answer.text


def test_an_update_changes_what_is_given_and_clears_what_is_emptied(house: House) -> None:
    repository = house.world.repository("reed", url=UPSTREAM, checksum_type="sha512")

    answer = house.put(
        f"repositories/{repository}",
        name="rush",
        url="",
        checksum_type=None,
        metadata_compression="zstd",
        label="ignored",
    )

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["label"], shown["url"]) == ("rush", "reed", None)
    assert (shown["checksum_type"], shown["metadata_compression"]) == (None, "zstd")


def test_sha1_is_taken_for_none(house: House) -> None:
    repository = house.world.repository("reed", checksum_type="sha1")

    assert house.get(f"repositories/{repository}").json()["checksum_type"] is None


def test_repositories_are_found_by_plain_parameters_and_by_search(house: House) -> None:
    repository = house.world.repository("reed", download_policy="on_demand", url=UPSTREAM)
    house.world.repository("rook", product_id=house.world.product("Other"))
    label = house.world.organization_label

    for parameters in (
        {"name": "reed"},
        {"label": "reed"},
        {"id": repository},
        {"product_id": house.world.product("Birds")},
        {"download_policy": "on_demand"},
        {"search": 'name="reed",product="Birds"'},
        {"search": f"content_label = {label}_Birds_reed"},
        {"search": "url ~ birds.example and redhat = false"},
        {"search": f"product_id = {house.world.product('Birds')}"},
    ):
        results = house.get("repositories", **parameters).json()["results"]
        assert [each["id"] for each in results] == [repository], parameters


def test_nested_paths_narrow_as_their_parameters_do(house: House) -> None:
    repository = house.world.repository("reed")
    other = house.world.repository("rook", product_id=house.world.product("Other"))
    view = house.world.view("Tools", other)
    library = house.world.environment("Library")
    birds = house.world.product("Birds")

    for path, expected in (
        (f"organizations/{house.organization}/repositories", [repository, other]),
        (f"products/{birds}/repositories", [repository]),
        (f"content_views/{view}/repositories", [other]),
        (f"organizations/{house.organization}/environments/{library}/repositories", None),
        (f"environments/{library}/products/{birds}/repositories", [repository]),
    ):
        results = house.get(path).json()["results"]
        assert [each["id"] for each in results] == (expected or [repository, other]), path


def test_what_a_view_does_not_have_yet_is_available_for_it(house: House) -> None:
    repository = house.world.repository("reed")
    view = house.world.view("Tools", house.world.repository("rook"))

    found = house.get("repositories", available_for="content_view", content_view_id=view).json()

    assert [each["id"] for each in found["results"]] == [repository]


def test_versions_and_environments_narrow_to_what_they_hold(house: House) -> None:
    world = house.start_worker()
    held = house.files("nests", egg=b"x")
    version = world.publish(world.view("Tools", held))
    dev = world.environment("Dev")
    world.promote(version, dev)
    house.upload(held, "chick", b"y")
    world.repository("reed")

    by_version = house.get("repositories", content_view_version_id=version).json()["results"]
    by_environment = house.get("repositories", environment_id=dev).json()["results"]

    assert [each["id"] for each in by_version] == [held]
    assert by_version[0]["content_counts"] == {"file": 1}
    assert [each["id"] for each in by_environment] == [held]
    assert house.get(f"repositories/{held}").json()["content_counts"] == {"file": 2}
    shown = house.get(f"repositories/{held}").json()
    assert shown["promoted"] is True
    assert [each["version"] for each in shown["content_view_versions"]] == ["1.0"]
    labels = [each["label"] for each in shown["content_view_environments"]]
    assert labels == ["Library/Tools", "Dev/Tools"]


def test_repositories_are_found_by_what_they_hold(house: House) -> None:
    house.start_worker()
    nests = house.files("nests", egg=b"x")
    house.files("trees", branch=b"y")
    (egg,) = house.get("files", repository_id=nests).json()["results"]

    results = house.get("repositories", file_id=egg["id"]).json()["results"]

    assert [each["id"] for each in results] == [nests]
    refused(house.get("repositories", file_id=999), 404)


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": "reed"}, "name", "has already been taken"),
        ({"label": "reed"}, "label", "has already been taken"),
        ({"label": "a b"}, "label", "ascii alpha numerals"),
        ({"name": None}, "name", "can't be blank"),
        ({"content_type": "deb"}, "content_type", "must be one of"),
        ({"content_type": None}, "content_type", "can't be blank"),
        ({"url": "ftp://birds.example/"}, "url", "must begin with one of"),
        ({"url": "http://u:p@birds.example/"}, "url", "must not contain credentials"),
        ({"url": "http:///x"}, "url", "must name a host"),
        ({"url": "file:///srv", "download_policy": "on_demand"}, "url", "must be http"),
        ({"download_policy": "never"}, "download_policy", "must be one of"),
        ({"mirroring_policy": "mirror"}, "mirroring_policy", "must be one of"),
        (
            {"content_type": "file", "mirroring_policy": "mirror_complete"},
            "mirroring_policy",
            "must be one of the following: additive, mirror_content_only",
        ),
        ({"checksum_type": "md5"}, "checksum_type", "must be one of"),
        (
            {"checksum_type": "sha256", "download_policy": "on_demand"},
            "checksum_type",
            "cannot be set when the download policy is on_demand",
        ),
        ({"content_type": "file", "checksum_type": "sha256"}, "checksum_type", "only for yum"),
        (
            {"content_type": "file", "metadata_compression": "gz"},
            "metadata_compression",
            "only for yum",
        ),
        ({"upstream_password": "x"}, "upstream_username", "must be given with a password"),
        ({"metadata_compression": "xz"}, "metadata_compression", "must be one of"),
    ],
)
def test_bad_repositories_are_refused_by_field(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    house.world.repository("reed")
    wanted = {"product_id": house.world.product(), "name": "rook", "content_type": "yum"}

    errors = refused(house.post("repositories", **(wanted | fields)), 422)

    assert words in errors[field][0]


@on_sqlite
def test_a_repository_goes_at_once(house: House) -> None:
    repository = house.world.repository("reed")

    answer = house.delete(f"repositories/{repository}")

    assert (answer.status_code, answer.json()["id"]) == (200, repository)
    refused(house.get(f"repositories/{repository}"), 404)


@on_sqlite
def test_a_repository_leaves_published_versions_only_if_it_may(house: House) -> None:
    world = house.start_worker()
    repository = house.files("nests", egg=b"x")
    version = world.publish(world.view("Tools", repository))

    keeping = control(
        house.control.database, fixed_settings={"delete_repo_across_cv": False}
    ).client()
    path = f"/katello/api/repositories/{repository}"
    refused(keeping.delete(path), 409, "Tools 1.0")
    refused(keeping.get(f"{path}/deletion"), 409)
    wanted = {"remove_from_content_view_versions": True}
    assert keeping.delete(path, params=wanted).status_code == 200

    assert house.get(f"content_view_versions/{version}").json()["repositories"] == []


@on_sqlite
def test_a_filter_for_one_repository_never_becomes_one_for_all(house: House) -> None:
    repository = house.world.repository("reed")
    view = house.world.view("Tools", repository, house.world.repository("rook"))
    filter_id = house.world.filter(view, "no reed", repository_ids=[repository])

    refused(house.delete(f"repositories/{repository}"), 400, "delete_empty_repo_filters")
    wanted = {"delete_empty_repo_filters": True}
    assert house.delete(f"repositories/{repository}", **wanted).status_code == 200

    refused(house.get(f"content_view_filters/{filter_id}"), 404)


@on_sqlite
def test_a_repository_that_a_task_works_on_stays(house: House) -> None:
    repository = house.world.repository("reed", url=UPSTREAM)
    task = house.post(f"repositories/{repository}/sync").json()

    refused(house.delete(f"repositories/{repository}"), 409, task["id"])


@on_sqlite
def test_a_sync_is_a_task_about_the_repository(house: House) -> None:
    repository = house.world.repository("reed", url=UPSTREAM)
    assert house.get(f"repositories/{repository}/sync").json()["state"] == "not_synced"

    answer = house.post(f"repositories/{repository}/sync", skip_metadata_check=True)

    assert answer.status_code == 202
    task = answer.json()
    assert (task["label"], task["state"]) == ("Actions::Katello::Repository::Sync", "planned")
    assert task["input"]["full"] is True
    assert house.get(f"repositories/{repository}/sync").json()["id"] == task["id"]
    shown = house.get(f"repositories/{repository}").json()
    assert shown["last_sync"]["id"] == task["id"]
    assert shown["last_sync_words"] == "in progress"


@on_sqlite
def test_a_repository_without_upstream_cannot_sync(house: House) -> None:
    repository = house.world.repository("reed")

    refused(house.post(f"repositories/{repository}/sync"), 400, "no upstream URL")


@on_sqlite
def test_what_upstream_wrote_is_not_written_anew_without_force(house: House) -> None:
    repository = house.world.repository("reed", mirroring_policy="mirror_complete")

    refused(house.put(f"repositories/{repository}/republish"), 400, "pass force")
    assert house.put(f"repositories/{repository}/republish", force=True).status_code == 202


@on_sqlite
def test_the_kinds_of_repositories_and_units_are_told(house: House) -> None:
    kinds = {each["name"] for each in house.get("repositories/repository_types").json()}
    units = {each["label"] for each in house.get("content_types").json()}

    assert kinds == {"docker", "file", "yum"}
    assert {"rpm", "srpm", "erratum", "package_group", "module_stream", "file"} <= units
    assert {"docker_tag", "docker_manifest", "docker_manifest_list"} <= units


@on_sqlite
def test_who_may_only_look_may_not_change(house: House) -> None:
    repository = house.world.repository("reed", url=UPSTREAM)
    viewer = house.control.user(
        "viewer", organizations=[house.organization], permissions=["view_products"]
    )
    path = f"/katello/api/repositories/{repository}"

    assert viewer.get(path).status_code == 200
    refused(viewer.put(path, json={"name": "x"}), 403, "edit_products")
    refused(viewer.delete(path), 403, "destroy_products")
    refused(viewer.post(f"{path}/sync", json={}), 403, "sync_products")
    nobody = house.control.user("nobody", organizations=[house.organization])
    refused(nobody.get(path), 403, "view_products")
