"""Images that are mirrored from real registries and pulled by real clients."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

import pytest

from headgate.stores.db import Database
from support import docker_registry, needs
from support.containers import Containers
from support.docker_registry import PASSWORD as REGISTRY_PASSWORD
from support.docker_registry import USER, DockerRegistry
from support.feigned_registry import digest_of, feigned_registry
from support.mirror_scene import MirrorScene
from support.server import PASSWORD, Server, serving
from support.world import World


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A registry with TLS that asks for a password."""
    folder = tmp_path_factory.mktemp("registry")
    with docker_registry.serving(folder, tls=True, password=True) as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """The started server's."""
    opened = Database(f"sqlite:///{server.home / 'headgate.db'}")
    yield opened
    opened.close()


@pytest.fixture
def scene(world: World, database: Database, registry: DockerRegistry) -> MirrorScene:
    return MirrorScene(world, database, registry.url)


@pytest.fixture
def user(registry: DockerRegistry, server: Server, tmp_path: Path) -> Containers:
    """Somebody who has logged in at both."""
    user = Containers(tmp_path / "user")
    user.trust(registry.host, registry.ca)
    user.trust(f"localhost:{server.port}", server.ca)
    user.login(registry.host, USER, REGISTRY_PASSWORD)
    user.login(f"localhost:{server.port}", "admin", PASSWORD)
    return user


def _credentials(world: World, ca: Path | None, user: str, password: str) -> dict[str, Any]:
    assert ca is not None
    return {
        "upstream_username": user,
        "upstream_password": password,
        "ssl_ca_cert_id": world.credential("registry", ca.read_text()),
    }


@pytest.mark.parametrize("policy", ["immediate", "on_demand"])
def test_an_image_is_pulled_as_it_was_pushed_upstream(
    scene: MirrorScene,
    registry: DockerRegistry,
    server: Server,
    user: Containers,
    policy: str,
) -> None:
    upstream = f"{registry.host}/birds/{policy}:1"
    user.build(upstream, {"/etc/motto": f"stand still, {policy}\n".encode()})
    user.podman("push", upstream)
    user.podman("rmi", "--all", "--force")
    access = _credentials(scene.world, registry.ca, USER, REGISTRY_PASSWORD)
    scene.mirror(
        policy.replace("_", "-"), upstream_name=f"birds/{policy}", download_policy=policy, **access
    )
    here = f"localhost:{server.port}/{scene.name(policy.replace('_', '-'))}:1"

    user.podman("pull", here)

    user.podman("create", "--name", "bird", here)
    user.podman("cp", "bird:/etc/motto", user.folder / "motto")
    assert (user.folder / "motto").read_text() == f"stand still, {policy}\n"
    assert _manifest(user, here) == _manifest(user, upstream)


def test_only_the_wanted_platform_of_an_index_can_be_pulled(
    scene: MirrorScene,
    registry: DockerRegistry,
    server: Server,
    user: Containers,
) -> None:
    upstream = f"{registry.host}/birds/many:1"
    user.build_list(upstream, "amd64", "arm64")
    user.push_list(upstream)
    access = _credentials(scene.world, registry.ca, USER, REGISTRY_PASSWORD)
    scene.mirror("many", upstream_name="birds/many", container_platforms=["linux/arm64"], **access)
    here = f"localhost:{server.port}/{scene.name('many')}:1"

    user.podman("pull", "--arch", "arm64", here)
    said = user.fail("podman", "pull", "--arch", "amd64", here)

    assert "manifest unknown" in said
    assert _manifest(user, here) == _manifest(user, upstream)


def test_a_second_headgate_is_mirrored_with_its_tokens(
    scene: MirrorScene,
    server: Server,
    user: Containers,
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "second") as second, second.client() as client:
        host = f"localhost:{second.port}"
        far = World(client)
        far.product("Birds")
        upstream = f"{far.organization_label.lower()}/birds/wren"
        user.trust(host, second.ca)
        user.login(host, "admin", PASSWORD)
        user.build(f"{host}/{upstream}:1", {"/etc/motto": b"sing\n"})
        user.podman("push", f"{host}/{upstream}:1")
        user.podman("rmi", "--all", "--force")
        near = scene.of(second.url)
        access = _credentials(scene.world, second.ca, "admin", PASSWORD)
        mirror = near.mirror("wren", upstream_name=upstream, download_policy="on_demand", **access)
        again = near.world.sync(mirror)
        here = f"localhost:{server.port}/{near.name('wren')}:1"

        user.podman("pull", here)

        assert again["output"]["changed"] is False
        assert _manifest(user, here) == _manifest(user, f"{host}/{upstream}:1")


class Signer:
    """Somebody with a key, who signs images as podman reads it (containers/image, atomic)."""

    def __init__(self, user: Containers, name: str) -> None:
        self._user = user
        self._name = name
        self._home = Path(mkdtemp(prefix="gnupg-"))
        finalize(self, rmtree, self._home, ignore_errors=True)
        self._gpg("--passphrase", "", "--quick-generate-key", name, "ed25519", "sign")

    def sign(self, manifest: bytes, reference: str) -> bytes:
        """Say that a reference means this manifest."""
        claim = {
            "critical": {
                "type": "atomic container signature",
                "image": {"docker-manifest-digest": digest_of(manifest)},
                "identity": {"docker-reference": reference},
            },
            "optional": {},
        }
        return self._gpg("--sign", input=json.dumps(claim).encode())

    def policy(self, host: str) -> Path:
        """Return a file that lets nothing of a host in that this key has not signed."""
        key, policy = self._user.folder / "key.gpg", self._user.folder / "policy.json"
        key.write_bytes(self._gpg("--export", self._name))
        signed = {"type": "signedBy", "keyType": "GPGKeys", "keyPath": str(key)}
        rules = {"default": [{"type": "reject"}], "transports": {"docker": {host: [signed]}}}
        policy.write_text(json.dumps(rules))
        return policy

    def _gpg(self, *arguments: str, input: bytes = b"") -> bytes:  # noqa: A002 - as subprocess calls it
        command = [needs.program("gpg"), "--homedir", self._home, "--batch", *arguments]
        done = subprocess.run(command, input=input, capture_output=True, check=True)
        return done.stdout


def _manifest(user: Containers, reference: str) -> str:
    return user.skopeo("inspect", "--raw", f"docker://{reference}").output


def test_podman_believes_the_signature_that_came_with_an_image(
    scene: MirrorScene,
    registry: DockerRegistry,
    server: Server,
    user: Containers,
) -> None:
    upstream = f"{registry.host}/birds/signed:1"
    user.build(upstream, {"/etc/motto": b"signed\n"})
    user.podman("push", upstream)
    user.podman("rmi", "--all", "--force")
    here = f"localhost:{server.port}/{scene.name('signed')}:1"
    signer = Signer(user, "robin@nests.test")
    signature = signer.sign(_manifest(user, upstream).encode(), here)
    policy = signer.policy(f"localhost:{server.port}")
    access = _credentials(scene.world, registry.ca, USER, REGISTRY_PASSWORD)
    with feigned_registry() as beside:
        digest = digest_of(_manifest(user, upstream).encode()).replace(":", "=")
        beside.files[f"/sigstore/birds/signed@{digest}/signature-1"] = signature
        place = f"{beside.url}/sigstore"
        scene.mirror("signed", upstream_name="birds/signed", sigstore_url=place, **access)
        seen = {each.authorization for each in beside.requests("/sigstore/")}
    scene.mirror("unsigned", upstream_name="birds/signed", **access)
    unsigned = f"localhost:{server.port}/{scene.name('unsigned')}:1"

    user.podman("pull", "--signature-policy", policy, here)
    refused = user.fail("podman", "pull", "--signature-policy", policy, unsigned)

    assert "signature" in refused
    assert seen == {None}
