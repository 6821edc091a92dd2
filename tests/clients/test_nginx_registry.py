"""The registry behind Debian's nginx, with the configuration that ships."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from support.conformance.grid import judge
from support.conformance.headgate import judged
from support.containers import Containers
from support.nginx import front_of, proxied
from support.server import PASSWORD, Server, serving
from support.world import World

NAME = "front/birds/wren"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    work = tmp_path_factory.mktemp("front")
    with serving(work / "home", settings=proxied(work)) as server, server.client() as client:
        World(client, organization="Front").product()
        yield server


@pytest.fixture(scope="module")
def front(server: Server) -> Iterator[str]:
    with front_of(server, server.home.parent) as (port, _):
        yield f"localhost:{port}"


def test_podman_pushes_and_pulls_through_nginx(server: Server, front: str, tmp_path: Path) -> None:
    user = Containers(tmp_path)
    user.trust(front, server.ca)
    user.login(front, "admin", PASSWORD)
    image = f"{front}/{NAME}:1"
    user.build(image, {"/song": b"trill"})

    user.podman("push", image)
    user.podman("rmi", image)
    user.podman("pull", image)

    assert image in user.podman("images", "--format", "{{.Repository}}:{{.Tag}}").lines


@pytest.mark.parametrize("name", ["index", "bad digests", "bad requests"])
def test_the_conformance_suite_finds_no_fault_with_nginx_in_front(
    server: Server, front: str, name: str, subtests: pytest.Subtests
) -> None:
    port = int(front.rpartition(":")[2])
    with judged(replace(server, port=port)) as registry:
        judge(registry, name, subtests.test)


def test_nginx_sends_layers_under_the_headers_of_the_registry(server: Server, front: str) -> None:
    trust = ssl.create_default_context(cafile=str(server.ca))
    with httpx2.Client(
        base_url=f"https://{front}", auth=("admin", PASSWORD), verify=trust, trust_env=False
    ) as client:
        content = b"a layer" * 50_000
        digest = f"sha256:{sha256(content).hexdigest()}"
        begun = client.post(f"/v2/{NAME}/blobs/uploads/")
        kept = client.put(begun.headers["Location"], params={"digest": digest}, content=content)

        answer = client.get(f"/v2/{NAME}/blobs/{digest}")
        part = client.get(f"/v2/{NAME}/blobs/{digest}", headers={"Range": "bytes=7-13"})

    assert kept.status_code == 201
    assert answer.headers["server"].startswith("nginx")
    assert answer.headers["Docker-Content-Digest"] == digest
    assert answer.headers["Docker-Distribution-API-Version"] == "registry/2.0"
    assert answer.content == content
    assert (part.status_code, part.content) == (206, b"a layer")
