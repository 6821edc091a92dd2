"""A container registry that a test controls: what it holds, what it asks for, how it lies."""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from support.loops import LoopThread
from support.ports import free_ports

USERNAME = "robin"
PASSWORD = "nest"  # noqa: S105 - guards what a test serves

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    port: int

    @property
    def authorization(self) -> str | None:
        """What it showed of who asks."""
        return self.headers.get("Authorization")


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest as it is served."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """Of its bytes."""
        return digest_of(self.body)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """Return what an index says of it."""
        size = len(self.body)
        return {"mediaType": self.media_type, "digest": self.digest, "size": size, **more}


@dataclass(slots=True)
class Held:
    """One repository of the registry."""

    tags: dict[str, str] = field(default_factory=dict[str, str])  # to digests
    manifests: dict[str, Stored] = field(default_factory=dict[str, Stored])
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def blob(self, data: bytes, algorithm: str = "sha256") -> str:
        """Hold a blob; return its digest."""
        digest = digest_of(data, algorithm)
        self.blobs[digest] = data
        return digest

    def manifest(self, content: Mapping[str, Any] | bytes, media_type: str, *tags: str) -> Stored:
        """Hold a manifest under its digest and these tags."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        stored = Stored(media_type, body)
        self.manifests[stored.digest] = stored
        self.tags.update(dict.fromkeys(tags, stored.digest))
        return stored

    def image(
        self,
        *tags: str,
        layers: Sequence[bytes] = (b"a layer",),
        architecture: str = "amd64",
        created: str = "2026-01-02T03:04:05Z",
        labels: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Stored:
        """Hold an image; `more` are further fields of its manifest."""
        config = {
            "architecture": architecture,
            "os": "linux",
            "created": created,
            "config": {"Labels": dict(labels or {})},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        }
        data = json.dumps(config).encode()
        content = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": self.blob(data), "size": len(data)},
            "layers": [
                {"mediaType": OCI_LAYER, "digest": self.blob(layer), "size": len(layer)}
                for layer in layers
            ],
            **more,
        }
        return self.manifest(content, OCI_MANIFEST, *tags)

    def index(self, *tags: str, children: Mapping[str, Stored], **more: Any) -> Stored:
        """Hold an index over images by their platforms (`linux/arm64/v8`)."""
        described = [
            child.descriptor(platform=_platform(platform)) for platform, child in children.items()
        ]
        content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": described, **more}
        return self.manifest(content, OCI_INDEX, *tags)


class FeignedRegistry:
    """Serves repositories on one port, with its token service there and on another.

    `challenge` is None, `basic` or `bearer`; tokens are good for `token_seconds` and are given to
    the user and, if `anonymous`, to everybody. `realm` is where the challenge sends clients.
    """

    def __init__(self) -> None:
        self.port, self.other_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.other_url = f"http://127.0.0.1:{self.other_port}"
        self.repositories: dict[str, Held] = {}
        self.challenge: str | None = None
        self.realm = f"{self.url}/token"
        self.anonymous = False
        self.token_seconds: float = 300
        self.page: int | None = None  # tags in one answer
        self.referrers = False  # whether it has the API
        self.layers_elsewhere = False  # whether blobs are on the other origin
        self.files: dict[str, bytes] = {}  # beside the registry, by path
        self.asked: list[Asked] = []
        self.tokens: list[str] = []
        self._faults: dict[str, list[Fault]] = {}
        self._always: dict[str, Fault] = {}

    def repository(self, name: str) -> Held:
        """Return the repository of that name, a new one the first time."""
        return self.repositories.setdefault(name, Held())

    def fail(self, path: str, *faults: Fault) -> None:
        """Answer the next requests for a path with these, one each; then serve it again."""
        self._faults.setdefault(path, []).extend(faults)

    def always(self, path: str, fault: Fault) -> None:
        """Answer every request for a path with this."""
        self._always[path] = fault

    def requests(self, part: str = "", method: str | None = None) -> list[Asked]:
        """Return what was asked so far of paths that contain `part`."""
        return [
            each
            for each in self.asked
            if part in each.path and (method is None or each.method == method)
        ]

    async def start(self) -> web.AppRunner:
        """Listen on both origins."""
        application = web.Application()
        application.router.add_route("*", "/token", self._token)
        application.router.add_route("*", "/elsewhere/{name:.+}/blobs/{digest}", self._elsewhere)
        application.router.add_route("*", "/v2/{name:.+}/tags/list", self._tags)
        application.router.add_route("*", "/v2/{name:.+}/manifests/{reference}", self._manifest)
        application.router.add_route("*", "/v2/{name:.+}/blobs/{digest}", self._blob)
        application.router.add_route("*", "/v2/{name:.+}/referrers/{digest}", self._referrers)
        application.router.add_route("*", "/{path:.*}", self._other)
        application.middlewares.append(self._watch)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
        await runner.setup()
        for port in (self.port, self.other_port):
            await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    @web.middleware
    async def _watch(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        port = int(request.url.port or 0)
        query, headers = dict(request.query), dict(request.headers)
        self.asked.append(Asked(request.method, request.path, query, headers, port))
        faults = self._faults.get(request.path)
        if faults:
            return await faults.pop(0)(request)
        if request.path in self._always:
            return await self._always[request.path](request)
        if request.path.startswith("/v2/") and not self._admits(request):
            return web.json_response(
                {"errors": [{"code": "UNAUTHORIZED"}]},
                status=401,
                headers={"WWW-Authenticate": self._challenge()},
            )
        return await handler(request)

    def _admits(self, request: web.Request) -> bool:
        shown = request.headers.get("Authorization", "")
        if self.challenge == "basic":
            return shown == _basic()
        return self.challenge is None or shown.removeprefix("Bearer ") in self.tokens

    def _challenge(self) -> str:
        if self.challenge == "basic":
            return 'Basic realm="feigned"'
        scope = "repository:registry:pull,push"
        return f'Bearer realm="{self.realm}",service="feigned",scope="{scope}"'

    async def _token(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != _basic() and not self.anonymous:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        token = f"token-{len(self.tokens)}"
        self.tokens.append(token)
        loop = asyncio.get_running_loop()
        loop.call_later(self.token_seconds, self.tokens.__setitem__, len(self.tokens) - 1, "-")
        return web.json_response({"token": token, "expires_in": self.token_seconds})

    async def _tags(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self.repositories:
            return _unknown("NAME_UNKNOWN")
        tags = sorted(self.repositories[name].tags)
        after = [tag for tag in tags if tag > request.query.get("last", "")]
        page = after[: self.page]
        headers: dict[str, str] = {}
        if self.page is not None and len(after) > self.page:
            following = f"/v2/{name}/tags/list?last={page[-1]}&n={self.page}"
            headers["Link"] = f'<{following}>; rel="next"'
        return web.json_response({"name": name, "tags": page}, headers=headers)

    async def _manifest(self, request: web.Request) -> web.StreamResponse:
        held = self.repositories.get(request.match_info["name"], Held())
        reference = request.match_info["reference"]
        digest = held.tags.get(reference, reference)
        stored = held.manifests.get(digest)
        if stored is None:
            return _unknown("MANIFEST_UNKNOWN")
        headers = {"Docker-Content-Digest": digest, "Content-Type": stored.media_type}
        return web.Response(body=stored.body, headers=headers)

    async def _blob(self, request: web.Request) -> web.StreamResponse:
        name, digest = request.match_info["name"], request.match_info["digest"]
        if self.layers_elsewhere:
            raise web.HTTPTemporaryRedirect(f"{self.other_url}/elsewhere/{name}/blobs/{digest}")
        return self._bytes(name, digest)

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        return self._bytes(request.match_info["name"], request.match_info["digest"])

    def _bytes(self, name: str, digest: str) -> web.StreamResponse:
        data = self.repositories.get(name, Held()).blobs.get(digest)
        return _unknown("BLOB_UNKNOWN") if data is None else web.Response(body=data)

    async def _referrers(self, request: web.Request) -> web.StreamResponse:
        held = self.repositories.get(request.match_info["name"])
        if not self.referrers or held is None:
            return web.Response(status=404, text="404 page not found")
        subject = request.match_info["digest"]
        found = [
            stored.descriptor() for stored in held.manifests.values() if _subject(stored) == subject
        ]
        content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return web.Response(body=json.dumps(content), headers={"Content-Type": OCI_INDEX})

    async def _other(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.files:
            return web.Response(body=self.files[request.path])
        return web.Response(status=200 if request.path == "/v2/" else 404)


@contextmanager
def feigned_registry() -> Generator[FeignedRegistry]:
    """Serve a registry until the block ends."""
    with LoopThread() as loop:
        registry = FeignedRegistry()
        runner = loop.run(registry.start())
        try:
            yield registry
        finally:
            loop.run(runner.cleanup())


def answering(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """Return a fault that answers so."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=dict(headers or {}), body=body)

    return answer


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """Return the digest of bytes, as registries write it."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def _subject(stored: Stored) -> str | None:
    content = json.loads(stored.body)
    return content.get("subject", {}).get("digest")


def _platform(text: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def _basic() -> str:
    return "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


def _unknown(code: str) -> web.StreamResponse:
    return web.json_response({"errors": [{"code": code, "message": "unknown"}]}, status=404)
