"""The container tools that judge our registry are real: here they judge docker-registry."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import httpx2
import pytest

from support import docker_registry, oci
from support.containers import Containers
from support.docker_registry import PASSWORD, USER, DockerRegistry
from support.flatpak import APPLICATION, RUNTIME, Flatpak, build_application, build_runtime


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A registry with TLS that asks for a password."""
    folder = tmp_path_factory.mktemp("registry")
    with docker_registry.serving(folder, tls=True, password=True) as running:
        yield running


@pytest.fixture
def user(registry: DockerRegistry, tmp_path: Path) -> Containers:
    """Somebody who has logged in."""
    user = Containers(tmp_path / "user")
    user.trust(registry.host, registry.ca)
    user.login(registry.host, USER, PASSWORD)
    return user


def test_a_wrong_password_is_no_login(registry: DockerRegistry, tmp_path: Path) -> None:
    stranger = Containers(tmp_path / "stranger")
    stranger.trust(registry.host, registry.ca)

    said = stranger.fail("podman", "login", "-u", USER, "-p", "cuckoo", registry.host)

    assert "invalid username/password" in said
    assert json.loads(stranger.credentials.read_text()) == {}


def test_an_unknown_authority_is_refused(registry: DockerRegistry, tmp_path: Path) -> None:
    stranger = Containers(tmp_path / "stranger")

    assert "x509" in stranger.fail("podman", "login", "-u", USER, "-p", PASSWORD, registry.host)


def test_an_image_is_built_pushed_pulled_and_run(
    registry: DockerRegistry, user: Containers
) -> None:
    name = f"{registry.host}/birds/heron:1"
    user.build(
        name,
        {"/etc/motto": b"stand still\n"},
        labels={"containers.bootc": "1"},
        command="/bin/busybox cp /etc/motto /etc/copy",
    )
    user.podman("push", name)
    user.podman("rmi", name)

    user.podman("pull", name)

    run = user.podman("run", "--rm", name, "/bin/busybox", "cat", "/etc/copy")
    assert run.output == "stand still\n"
    shown = json.loads(user.skopeo("inspect", f"docker://{name}").output)
    assert shown["Labels"]["containers.bootc"] == "1"
    assert (registry.data / "docker/registry/v2/repositories/birds/heron").is_dir()


def test_names_and_tags_are_found(registry: DockerRegistry, user: Containers) -> None:
    name = f"{registry.host}/birds/kite"
    user.build(f"{name}:7")
    user.podman("push", f"{name}:7")

    assert any(name in line for line in user.podman("search", f"{registry.host}/kite").lines)
    assert f"{name}  7" in user.podman("search", "--list-tags", name).lines


def test_a_list_is_copied_whole_from_one_registry_to_another(
    registry: DockerRegistry, user: Containers, tmp_path: Path
) -> None:
    with docker_registry.serving(tmp_path / "plain") as plain:
        user.trust(plain.host, None)
        user.build_list(f"{plain.host}/birds/owl:1", "amd64", "arm64")
        user.push_list(f"{plain.host}/birds/owl:1")

        source, target = (f"docker://{each.host}/birds/owl:1" for each in (plain, registry))
        user.skopeo("copy", "--all", source, target)

    raw = json.loads(user.skopeo("inspect", "--raw", target).output)
    assert sorted(each["platform"]["architecture"] for each in raw["manifests"]) == [
        "amd64",
        "arm64",
    ]


def test_what_is_made_of_plain_bytes_is_an_image_to_podman(
    registry: DockerRegistry, user: Containers
) -> None:
    image = oci.image(oci.layer({"etc/motto": b"fly south\n"}))
    listed = oci.index(image)
    with registry.client() as client:
        for blob in image.blobs:
            place = client.post("/v2/birds/stork/blobs/uploads/").headers["location"]
            finish = httpx2.URL(place).copy_merge_params({"digest": blob.digest})
            put = client.put(finish, content=blob.content)
            assert put.status_code == 201
        for reference, manifest in ((image.digest, image), ("1", listed)):
            put = client.put(
                f"/v2/birds/stork/manifests/{reference}",
                content=manifest.content,
                headers={"Content-Type": manifest.media_type},
            )
            assert put.status_code == 201

    user.podman("pull", f"{registry.host}/birds/stork:1")

    assert user.file_of(f"{registry.host}/birds/stork:1", "etc/motto") == b"fly south\n"


def test_flatpak_installs_an_application_with_its_runtime(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    bundles = {
        "hello": build_application(tmp_path / "build", greeting="good day"),
        "platform": build_runtime(tmp_path / "build"),
    }
    user = Containers(tmp_path / "containers")
    flatpak = Flatpak(tmp_path / "flatpak")
    with docker_registry.serving(tmp_path / "registry") as plain:
        user.trust(plain.host, None)
        for name, bundle in bundles.items():
            user.skopeo("copy", bundle.source, f"docker://{plain.host}/flatpaks/{name}:latest")
        with _FlatpakIndex(_index_of(plain, [f"flatpaks/{name}" for name in bundles])) as index:
            flatpak.add_remote("birds", f"oci+http://{index.host}")
            offered = flatpak.offered("birds")
            flatpak.install("birds", APPLICATION)

    assert offered == [APPLICATION, RUNTIME]
    assert flatpak.installed() == [APPLICATION, RUNTIME]
    assert "good day" in flatpak.file(APPLICATION, "bin/hello").read_text()
    assert "birds/nothing" in flatpak.fail("install", "--assumeyes", "birds/nothing")


class _FlatpakIndex:
    """The index that docker-registry does not have, on a port of its own."""

    def __init__(self, document: dict[str, object]) -> None:
        content = json.dumps(document).encode()

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                assert code == 200, size

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.host = f"localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _index_of(registry: DockerRegistry, names: list[str]) -> dict[str, object]:
    results: list[dict[str, object]] = []
    with registry.client() as client:
        for name in names:
            accept = {"Accept": oci.IMAGE}
            manifest = client.get(f"/v2/{name}/manifests/latest", headers=accept)
            config = manifest.json()["config"]["digest"]
            labels = client.get(f"/v2/{name}/blobs/{config}").json()["config"]["Labels"]
            image = {
                "Tags": ["latest"],
                "Digest": manifest.headers["docker-content-digest"],
                "MediaType": oci.IMAGE,
                "OS": "linux",
                "Architecture": "amd64",
                "Labels": labels,
            }
            results.append({"Name": name, "Images": [image]})
    return {"Registry": f"{registry.url}/", "Results": results}
