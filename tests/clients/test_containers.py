"""Debian's podman, skopeo and buildah against a started server, over TLS with its authority."""

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from support import docker_registry, oci
from support.container_place import Place
from support.containers import Containers
from support.relay import relay
from support.server import PASSWORD, Server
from support.world import World


@pytest.fixture
def place(server: Server, world: World, tmp_path: Path) -> Place:
    return Place(server, world, tmp_path)


def test_who_knows_the_password_logs_in(place: Place) -> None:
    stranger = place.stranger("stranger")

    said = stranger.fail("podman", "login", "-u", "admin", "-p", "cuckoo", place.host)

    assert "invalid username/password" in said
    assert json.loads(stranger.credentials.read_text()) == {}
    assert "Login Succeeded" in stranger.login(place.host, "admin", PASSWORD).output


def test_whoever_does_not_know_the_authority_is_not_served(place: Place) -> None:
    stranger = Containers(place.folder / "stranger")

    assert "x509" in stranger.fail("podman", "login", "-u", "admin", "-p", PASSWORD, place.host)


def test_an_image_is_built_pushed_pulled_and_run(place: Place) -> None:
    name = place.name("heron", "1")
    place.user.build(
        name,
        {"/etc/motto": b"stand still\n"},
        labels={"org.example.word": "still"},
        command="/bin/busybox cp /etc/motto /etc/copy",
    )
    place.user.podman("push", name)
    other = place.stranger("other")
    other.login(place.host, "admin", PASSWORD)

    other.podman("pull", name)

    run = other.podman("run", "--rm", name, "/bin/busybox", "cat", "/etc/copy")
    assert run.output == "stand still\n"
    shown = json.loads(other.skopeo("inspect", f"docker://{name}").output)
    assert shown["Labels"]["org.example.word"] == "still"
    assert shown["RepoTags"] == ["1"]
    repository = place.world.list("repositories", name="heron")[0]
    assert repository["content_type"] == "docker"


def test_a_removed_image_comes_back_by_its_digest(place: Place) -> None:
    name = place.pushed("kite", "7")
    shown = json.loads(place.user.skopeo("inspect", f"docker://{name}").output)
    by_digest = f"{place.name('kite')}@{shown['Digest']}"
    place.user.podman("rmi", name)
    assert name not in place.user.podman("images", "--format", "{{.Repository}}:{{.Tag}}").lines

    place.user.podman("pull", by_digest)

    raw = place.user.skopeo("inspect", "--raw", f"docker://{by_digest}").output
    assert f"sha256:{sha256(raw.encode()).hexdigest()}" == shown["Digest"]
    inspected = json.loads(place.user.podman("image", "inspect", by_digest).output)
    assert shown["Digest"] in inspected[0]["RepoDigests"][0]


def test_a_tag_moves_with_the_push(place: Place) -> None:
    name = place.pushed("wren", "latest", b"first")
    first = json.loads(place.user.skopeo("inspect", f"docker://{name}").output)["Digest"]

    place.pushed("wren", "latest", b"second")

    second = json.loads(place.user.skopeo("inspect", f"docker://{name}").output)["Digest"]
    assert first != second
    place.user.podman("pull", f"{place.name('wren')}@{first}")


def test_names_and_tags_are_found(place: Place) -> None:
    place.pushed("plover", "1")
    place.user.skopeo(
        "copy", f"docker://{place.name('plover', '1')}", f"docker://{place.name('plover', '2')}"
    )

    found = place.user.podman("search", f"{place.host}/plover").lines
    tags = place.user.podman("search", "--list-tags", place.name("plover")).lines
    listed = json.loads(place.user.skopeo("list-tags", f"docker://{place.name('plover')}").output)

    assert [line.split()[0] for line in found[1:]] == [place.name("plover")]
    assert [line.split()[-1] for line in tags[1:]] == ["1", "2"]
    assert listed["Tags"] == ["1", "2"]


def test_a_stranger_finds_and_pulls_nothing(place: Place) -> None:
    name = place.pushed("bittern", "1")
    stranger = place.stranger("stranger")

    pulled = stranger.fail("podman", "pull", name)
    listed = stranger.fail("skopeo", "list-tags", f"docker://{place.name('bittern')}")
    pushed = place.stranger("pusher")
    pushed.build(name)

    assert "unauthorized" in pulled.lower() or "authentication required" in pulled.lower()
    assert "unauthorized" in listed.lower() or "authentication required" in listed.lower()
    assert "unauthorized" in pushed.fail("podman", "push", name).lower()
    assert "bittern" not in stranger.podman("search", f"{place.host}/bittern").output


def test_a_list_is_copied_with_all_that_it_lists(place: Place) -> None:
    source, target = place.name("owl", "1"), place.name("barn-owl", "1")
    place.user.build_list(source, "amd64", "arm64")
    place.user.push_list(source)

    place.user.skopeo("copy", "--all", f"docker://{source}", f"docker://{target}")

    before, after = (
        place.user.skopeo("inspect", "--raw", f"docker://{name}").output
        for name in (source, target)
    )
    assert before == after
    listed = json.loads(after)["manifests"]
    assert {each["platform"]["architecture"] for each in listed} == {"amd64", "arm64"}
    place.user.podman("pull", "--arch", "arm64", target)
    pulled = json.loads(place.user.podman("image", "inspect", target).output)[0]
    assert pulled["Architecture"] == "arm64"


def test_images_come_from_another_registry_and_go_there(place: Place, tmp_path: Path) -> None:
    with docker_registry.serving(tmp_path / "registry", tls=True, password=True) as plain:
        place.user.trust(plain.host, plain.ca)
        place.user.login(plain.host, docker_registry.USER, docker_registry.PASSWORD)
        there = f"docker://{plain.host}/birds/stork:1"
        here, back = place.name("stork", "1"), f"docker://{plain.host}/birds/stork:2"
        place.user.build(f"{plain.host}/birds/stork:1", {"/etc/content": b"far"})
        place.user.podman("push", f"{plain.host}/birds/stork:1")

        place.user.skopeo("copy", there, f"docker://{here}")
        place.user.skopeo("copy", f"docker://{here}", back)

        shown = [
            json.loads(place.user.skopeo("inspect", each).output)["Digest"]
            for each in (there, f"docker://{here}", back)
        ]
    assert len(set(shown)) == 1


def test_a_repository_is_synchronized_to_a_folder_and_back(place: Place, tmp_path: Path) -> None:
    for tag in ("1", "2"):
        place.pushed("teal", tag, tag.encode())

    place.user.skopeo(
        "sync", "--src", "docker", "--dest", "dir", place.name("teal"), tmp_path / "out"
    )
    place.user.skopeo(
        "sync",
        "--src",
        "dir",
        "--dest",
        "docker",
        tmp_path / "out",
        place.name("teal").rpartition("/")[0],
    )

    folders = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert folders == ["teal:1", "teal:2"]
    listed = json.loads(place.user.skopeo("list-tags", f"docker://{place.name('teal')}").output)
    assert listed["Tags"] == ["1", "2"]


def test_a_deleted_image_is_gone_with_its_tags(place: Place) -> None:
    name = place.pushed("crane", "1")
    place.user.skopeo("copy", f"docker://{name}", f"docker://{place.name('crane', 'same')}")
    place.pushed("crane", "2", b"another")

    place.user.skopeo("delete", f"docker://{name}")

    assert "manifest unknown" in place.user.fail("podman", "pull", name).lower()
    listed = json.loads(place.user.skopeo("list-tags", f"docker://{place.name('crane')}").output)
    assert listed["Tags"] == ["2"]
    place.user.podman("pull", place.name("crane", "2"))


def test_a_push_that_broke_off_is_begun_again(place: Place) -> None:
    content = os.urandom(6_000_000)
    with relay(place.server.port, limit=2_000_000) as broken:
        host = f"localhost:{broken.port}"
        place.user.trust(host, place.server.ca)
        place.user.login(host, "admin", PASSWORD)
        through = place.name("tern", "1").replace(place.host, host)
        place.user.build(through, {"/etc/content": content})

        # What podman takes for a passing fault it tries again by itself.
        place.user.attempt("podman", "push", through)
        assert broken.cuts == 0
        place.user.podman("push", through)

    name = place.name("tern", "1")
    place.user.podman("pull", name)
    assert place.user.file_of(name, "etc/content") == content


def test_a_docker_image_stays_what_it_was(place: Place) -> None:
    name = place.name("dunlin", "1")
    place.user.build(name, {"/etc/content": b"docker"}, options=("--format", "docker"))

    place.user.podman("push", "--format", "v2s2", name)

    raw = json.loads(place.user.skopeo("inspect", "--raw", f"docker://{name}").output)
    assert raw["mediaType"] == oci.DOCKER_IMAGE
    place.user.podman("rmi", name)
    place.user.podman("pull", name)


def test_a_token_of_the_user_is_as_good_as_the_password(place: Place) -> None:
    name = place.pushed("gull", "1")
    with place.server.client() as client:
        me = client.get("/api/current_user").json()["id"]
        made = client.post(
            f"/api/users/{me}/personal_access_tokens",
            json={"personal_access_token": {"name": f"podman of {place.world.organization_label}"}},
        )
        assert made.is_success, made.text
    robot = place.stranger("robot")

    robot.login(place.host, "admin", made.json()["token_value"])

    robot.podman("pull", name)
