"""Settings of container repositories: what is set, what is refused, what is told of them."""

from typing import Any

import pytest
from sqlalchemy import select

from headgate.stores.db.tables import repositories
from support.house import House, refused
from support.push_scene import PushScene, picture

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

UPSTREAM = "https://registry.example/"


def docker(house: House, **fields: Any) -> dict[str, Any]:
    """Return what is sent to make a container repository."""
    wanted = {"product_id": house.world.product(), "name": "sloop", "content_type": "docker"}
    return wanted | fields


def test_what_is_set_of_a_mirror_is_shown(house: House) -> None:
    given: dict[str, Any] = {
        "docker_upstream_name": "library/busybox",
        "include_tags": ["1.*", "sha256:" + "a" * 64],
        "exclude_tags": ["*-rc?"],
        "container_platforms": ["linux/amd64", "linux/arm64/v8"],
        "tag_limit_count": 10,
        "tag_limit_days": 90,
        "upstream_authentication_hosts": ["auth.example.org:5000", "[::1]:443"],
        "sigstore_url": "https://sigstore.example/signatures",
        "immutable_tags": ["v[0-9]*"],
    }

    made = house.post("repositories", **docker(house, url=UPSTREAM, **given)).json()

    shown = house.get(f"repositories/{made['id']}").json()
    assert shown == made
    assert {name: shown[name] for name in given} == given
    assert (shown["unprotected"], shown["is_container_push"]) == (True, False)
    name = f"{house.world.organization_label.lower()}/birds/sloop"
    assert shown["container_repository_name"] == name
    assert shown["full_path"] == f"headgate.test/{name}"
    (listed,) = house.get("repositories", name="sloop").json()["results"]
    assert {name: listed[name] for name in given} == given


def test_settings_are_changed_one_by_one_and_cleared(house: House) -> None:
    fields = docker(house, url=UPSTREAM, docker_upstream_name="a/b", tag_limit_count=3)
    made = house.post("repositories", **fields).json()
    path = f"repositories/{made['id']}"

    house.put(path, include_tags=["1.*"])
    changed = house.put(path, exclude_tags=[], tag_limit_count=0, sigstore_url="").json()

    assert made["exclude_tags"] == ["*-source"]
    assert (changed["include_tags"], changed["exclude_tags"]) == (["1.*"], [])
    assert (changed["tag_limit_count"], changed["sigstore_url"]) == (None, None)
    assert changed["docker_upstream_name"] == "a/b"


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"include_tags": ["1.*"]}, True),
        ({"container_platforms": ["linux/amd64"]}, True),
        ({"docker_upstream_name": "a/c"}, True),
        ({"immutable_tags": ["1.*"]}, False),
        ({"name": "brig"}, False),
    ],
)
def test_a_change_of_what_is_mirrored_lets_the_next_sync_look_again(
    house: House, changes: dict[str, Any], *, again: bool
) -> None:
    made = house.post(
        "repositories", **docker(house, url=UPSTREAM, docker_upstream_name="a/b")
    ).json()
    row = repositories.c.id == made["id"]
    with house.control.database.begin() as tx:
        tx.execute(repositories.update().where(row).values(upstream_state={"complete": True}))

    house.put(f"repositories/{made['id']}", **changes)

    with house.control.database.read() as tx:
        state = tx.scalar(select(repositories.c.upstream_state).where(row))
    assert (state is None) is again


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"url": UPSTREAM}, "docker_upstream_name", "can't be blank with a url"),
        ({"docker_upstream_name": "Up Per"}, "docker_upstream_name", "library/busybox"),
        ({"docker_upstream_name": "a" * 255 + "/b"}, "docker_upstream_name", "is too long"),
        ({"url": "file:///srv"}, "url", "http, https"),
        ({"include_tags": ["a b"]}, "include_tags", "not 'a b'"),
        ({"include_tags": ["sha256:abc"]}, "include_tags", "or digests"),
        ({"exclude_tags": ["sha256:" + "a" * 64]}, "exclude_tags", "must be names of tags"),
        ({"exclude_tags": ["x"] * 1001}, "exclude_tags", "1000"),
        ({"container_platforms": ["linux"]}, "container_platforms", "os/architecture"),
        ({"container_platforms": ["linux/Amd64"]}, "container_platforms", "os/architecture"),
        ({"tag_limit_count": -1}, "tag_limit_count", "0"),
        ({"tag_limit_days": 10**9}, "tag_limit_days", "36500"),
        (
            {"upstream_authentication_hosts": ["https://a/"]},
            "upstream_authentication_hosts",
            "host",
        ),
        ({"upstream_authentication_hosts": ["a:70000"]}, "upstream_authentication_hosts", "host"),
        ({"sigstore_url": "ftp://a/"}, "sigstore_url", "must begin with"),
        ({"immutable_tags": ["a/b"]}, "immutable_tags", "must be names of tags"),
        ({"unprotected": False}, "unprotected", "must be true"),
        ({"snapshot_days": 3}, "snapshot_days", "history of tags"),
        ({"checksum_type": "sha256"}, "checksum_type", "only for yum"),
        ({"metadata_compression": "zstd"}, "metadata_compression", "only for yum"),
        ({"retain_package_versions_count": 3}, "retain_package_versions_count", "Yum"),
        ({"ignorable_content": ["srpm"]}, "ignorable_content", "Yum"),
        ({"os_versions": ["rhel-9"]}, "os_versions", "Yum"),
        ({"mirroring_policy": "mirror_complete"}, "mirroring_policy", "must be one of"),
    ],
)
def test_bad_settings_are_refused_by_field(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    errors = refused(house.post("repositories", **docker(house, **fields)), 422)

    assert words in errors[field][0]


@on_sqlite
def test_other_repositories_have_no_such_settings(house: House) -> None:
    reed = house.world.repository("reed")

    errors = refused(house.put(f"repositories/{reed}", include_tags=["1.*"]), 422)

    assert errors == {"include_tags": ["is only for container repositories (docker)"]}
    assert house.put(f"repositories/{reed}", include_tags=[]).status_code == 200
    assert "include_tags" not in house.get(f"repositories/{reed}").json()


@on_sqlite
def test_a_pushed_repository_has_no_upstream(house: House) -> None:
    scene = PushScene(house)
    sloop = scene.repository()
    scene.push(sloop, picture("one"), "1.0")
    path = f"repositories/{sloop}"

    shown = house.get(path).json()

    assert shown["is_container_push"] is True
    assert shown["container_push_name"] == scene.push_name(sloop)
    assert shown["container_push_name_format"] == "label"
    refused(house.post(f"{path}/sync"), 400, "is filled by pushes to", scene.push_name(sloop))
    errors = refused(house.put(path, url=UPSTREAM, docker_upstream_name="a/b"), 422)
    assert "is filled by pushes" in errors["url"][0]
    assert house.put(path, immutable_tags=["v*"]).json()["immutable_tags"] == ["v*"]
