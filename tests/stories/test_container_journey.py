"""Images from push to production, over a started server: the registry and the command line."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.oci import ACCEPTED, Manifest
from support.push_scene import picture
from support.server import PASSWORD, Server
from support.world import World

HEADGATE = Path(sys.executable).with_name("headgate")


def push(client: httpx2.Client, name: str, image: Manifest, tag: str) -> Manifest:
    """Push an image as clients do that send each blob at once."""
    for blob in image.blobs:
        upload = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
        assert client.post(upload, content=blob.content).status_code == 201
    answer = client.put(
        f"/v2/{name}/manifests/{tag}",
        content=image.content,
        headers={"Content-Type": image.media_type},
    )
    assert answer.status_code == 201, answer.text
    return image


def pulled(client: httpx2.Client, name: str, tag: str) -> str:
    """Return the digest of what a client is given for a tag, or the error that it is told."""
    headers = {"Accept": ", ".join(ACCEPTED)}
    answer = client.get(f"/v2/{name}/manifests/{tag}", headers=headers)
    if answer.is_error:
        return str(answer.json()["errors"][0]["code"])
    return answer.headers["Docker-Content-Digest"]


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Any:
    """Run the command line and return what it says."""

    def says(*words: str) -> str:
        done = subprocess.run(
            [HEADGATE, *words],
            env={
                "PATH": "/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                "HOME": str(tmp_path),
                "HEADGATE_SERVER_URL": server.url,
                "HEADGATE_CA_FILE": str(server.ca),
                "HEADGATE_USERNAME": "admin",
                "HEADGATE_PASSWORD": PASSWORD,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    return says


def test_an_image_is_pushed_frozen_promoted_and_rolled_back(server: Server, world: World) -> None:
    org = world.organization_label.lower()
    world.product("Ships")
    dev = world.environment("Dev")
    prod = world.environment("Prod", after=dev)
    with server.client() as client:
        own, fleet = f"{org}/ships/sloop", f"{org}/{{}}/fleet/ships/sloop"
        old = push(client, own, picture("old"), "latest")
        (repository,) = (each["id"] for each in world.list("repositories"))
        view = world.view("Fleet", repository)
        world.filter(view, "no candidates", {"name": "*-rc*"}, type="docker")
        first = world.publish(view)
        world.promote(first, dev, prod)

        new = push(client, own, picture("new"), "latest")
        push(client, own, picture("candidate"), "2.0-rc1")
        world.promote(world.publish(view), dev)

        assert pulled(client, own, "latest") == new.digest
        assert pulled(client, fleet.format("dev"), "latest") == new.digest
        assert pulled(client, fleet.format("prod"), "latest") == old.digest
        assert pulled(client, own, "2.0-rc1") == picture("candidate").digest
        assert pulled(client, fleet.format("dev"), "2.0-rc1") == "MANIFEST_UNKNOWN"

        world.promote(first, dev, force=True)
        assert pulled(client, fleet.format("dev"), "latest") == old.digest
        layer = new.blobs[1].digest
        assert client.head(f"/v2/{fleet.format('dev')}/blobs/{layer}").status_code == 404
        assert client.head(f"/v2/{fleet.format('library')}/blobs/{layer}").status_code == 200


def test_the_command_line_tells_of_tags_and_sets_them(
    server: Server, world: World, run: Any
) -> None:
    org = world.organization_label
    world.product("Ships")
    where = ("--organization", org, "--product", "Ships")
    with server.client() as client:
        name = f"{org.lower()}/ships/sloop"
        old = push(client, name, picture("early"), "1.0")
        new = push(client, name, picture("late"), "2.0")

    def as_json(*words: str) -> Any:
        return json.loads(run("--output", "json", *words))

    def tags(rows: Sequence[Any]) -> dict[str, str]:
        return {each["name"]: each["digest"] for each in rows}

    upload = ("repository", "upload-content", *where, "--name", "sloop")
    run(*upload, "--docker-tag", "stable", "--docker-digest", old.digest)
    listed = as_json("docker", "tag", "list", *where, "--repository", "sloop")
    assert tags(listed) == {"1.0": old.digest, "2.0": new.digest, "stable": old.digest}

    ids = {each["name"]: str(each["id"]) for each in listed}
    removal = ("repository", "remove-content", *where, "--name", "sloop")
    run(*removal, "--ids", ids["1.0"], "--content-type", "docker_tag")
    shown = as_json("docker", "manifest", "info", "--id", old.digest)
    assert [each["name"] for each in shown["tags"]] == ["stable"]
    table = run("docker", "manifest", "list", *where, "--repository", "sloop")
    assert new.digest in table
    assert "linux/amd64" in table
    moves = as_json("repository", "tag-history", *where, "--name", "sloop")
    assert [(each["name"], each["cause"]) for each in moves] == [
        ("1.0", "remove"),
        ("stable", "upload"),
        ("2.0", "push"),
        ("1.0", "push"),
    ]

    (repository,) = (each["id"] for each in world.list("repositories"))
    view = world.view("Fleet", repository)
    world.filter(view, "stable only", {"name": "stable"}, type="docker", inclusion=True)
    world.publish(view)
    version = ("--organization", org, "--content-view", "Fleet", "--version", "1.0")
    told = run("explain", "2.0", *version)
    assert "Tag filter 'stable only' includes others only." in told
