"""The registry in this process over a stage: requests and tasks die when a test says so.

A request that died leaves what a killed process leaves; the next one meets a registry that has
just been started. `Client` is what goes on after that, as a client does that keeps trying.
"""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from headgate.apis.certificates import CertificateCheck
from headgate.apis.content import OnDemand
from headgate.apis.registry.admission import Door
from headgate.apis.registry.app import RegistryApp
from headgate.apis.registry.callers import Callers
from headgate.apis.registry.catalog import Catalogs
from headgate.apis.registry.pulling import Pulls
from headgate.apis.registry.pushing import Pushes
from headgate.apis.registry.tokens import TokenEndpoint
from headgate.pki.authority import Authority
from headgate.pki.clients import ClientCertificates
from headgate.server.asgi import Asgi, Receive, Scope, Send
from headgate.server.content_types import content_types
from headgate.services.accounts.authentication import SignIn
from headgate.services.containers.tokens import RegistryTokens
from headgate.services.organizations.quotas import require_room
from headgate.stores.db import Database
from headgate.stores.db.changes import watch_changes
from headgate.workflows.collect import sweep
from support.crashes import CrashError
from support.oci import Blob, Manifest
from support.registry_door import KEY, basic
from support.stage import Stage

_OCTETS = {"Content-Type": "application/octet-stream"}


class _DiedError(Exception):
    """A crash on its way through an event loop, which would end over a crash itself."""


class PushStage(Stage):
    """A stage with a registry."""

    def __init__(self, database: Database, root: Path) -> None:
        super().__init__(database, root)
        self._locks = root / "run" / "downloads.lock"
        authority = Authority.open_folder(root / "ca", clock=self.clock)
        self._certificates = CertificateCheck(
            ClientCertificates(authority.certificate),
            is_revoked=lambda _serial: False,
            clock=self.clock,
        )
        self._running = ExitStack()
        self._client = self._started()

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask the registry; CrashError if it died over the request, and the next one is new."""
        try:
            return self._client.request(method, path, **options)
        except _DiedError as death:
            self.crashes += 1
            self.fuse.set(0)
            self.restart()
            raise CrashError from death

    def restart(self) -> None:
        """Let another process serve the registry."""
        self._running.close()
        self._client = self._started()

    def user(self, login: str, *, organization: int, permissions: Sequence[str]) -> str:
        """Make a user of one organization; return the header by which it is known."""
        self._control.user(login, organizations=[organization], permissions=permissions)
        return basic(login)

    def sweep(self) -> None:
        """Remove what nobody finished, as happens every hour."""
        sweep(self.workshop)

    def close(self) -> None:
        """Close what the registry holds open."""
        self._running.close()
        super().close()

    def _started(self) -> TestClient:
        ports, database, clock = self.workshop.ports, self.fused, self.clock
        sign_in = SignIn(database, clock=clock, secret=KEY)
        tokens = RegistryTokens(KEY, life=lambda: timedelta(minutes=5))
        callers = Callers(
            database,
            sign_in=sign_in,
            tokens=tokens,
            certificates=self._certificates,
            clock=clock,
            secret=KEY,
        )
        types = content_types()
        on_demand = OnDemand(
            database,
            ports.store,
            types,
            downloads=ports.downloads,
            unseal=ports.unseal,
            clock=clock,
            locks=self._locks,
        )
        door = Door(
            database,
            ports.store,
            callers=callers,
            changes=watch_changes(database),
            on_demand=on_demand,
            clock=clock,
            require_room=lambda organization, more: require_room(
                database, list(types.values()), organization, more=more
            ),
        )
        endpoint = TokenEndpoint(database, callers=callers, tokens=tokens, clock=clock)
        pulls = Pulls(door, accel_prefix=None, accel_root=None)
        app = RegistryApp(
            door, pulls=pulls, pushes=Pushes(door), catalogs=Catalogs(door), tokens=endpoint
        )
        headers = {"Authorization": basic("admin")}
        client = TestClient(_lasting(app), base_url="https://registry.test", headers=headers)
        return self._running.enter_context(client)


def _lasting(app: RegistryApp) -> Asgi:
    """Return the registry for one event loop, which begins and ends with `lifespan`."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            try:
                await app(scope, receive, send)
            except CrashError as crash:
                raise _DiedError from crash
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await app.close()
        await send({"type": "lifespan.shutdown.complete"})

    return asgi


@dataclass
class Client:
    """Somebody who pushes to one repository and does not give up.

    `crash_at` lets the registry die at that moment of the first request of each kind.
    """

    stage: PushStage
    name: str
    crash_at: int = 0
    authorization: str | None = None  # the administrator's unless told
    _died: set[str] = field(default_factory=set[str])

    def push(self, image: Manifest, *tags: str) -> None:
        """Push an image with what it needs."""
        for each in image.family():
            for blob in each.blobs:
                self.push_blob(blob)
            for reference in tags if each is image else [each.digest]:
                self.put_manifest(each, reference)

    def put_manifest(self, image: Manifest, reference: str) -> None:
        """Put a manifest under a tag or its digest."""
        headers = {"Content-Type": image.media_type}
        path = f"manifests/{reference}"
        answer = self.sent("PUT manifest", "PUT", path, headers=headers, content=image.content)
        assert answer.status_code == 201, answer.text

    def push_blob(self, blob: Blob) -> None:
        """Push a blob in two pieces, from where the registry says that it is."""
        place = ""
        while True:
            try:
                place = place or self._begun(blob)
                if not place or self._gone_on(blob, place):
                    return
                place = ""  # it has ended: the blob is here, or all is to be done again
            except CrashError:
                continue

    def _begun(self, blob: Blob) -> str:
        """Return where the upload is; empty if the blob is here."""
        if self.ask("HEAD", f"blobs/{blob.digest}").status_code == 200:
            return ""
        answer = self.once("POST", "POST", "blobs/uploads/")
        assert answer.status_code == 202, answer.text
        return str(answer.headers["Location"])

    def _gone_on(self, blob: Blob, place: str) -> bool:
        """Go on with an upload; False if there is none."""
        status = self.ask("GET", place)
        if status.status_code == 404:
            return False
        assert status.status_code == 204, status.text
        last = int(status.headers["Range"].removeprefix("0-"))
        come = last + 1 if last else 0
        while come < blob.size:
            piece = blob.content[come : come + max(blob.size // 2, 1)]
            headers = {**_OCTETS, "Content-Range": f"{come}-{come + len(piece) - 1}"}
            kind = "PATCH" if come == 0 else "PATCH again"
            answer = self.once(kind, "PATCH", place, headers=headers, content=piece)
            assert answer.status_code == 202, answer.text
            come += len(piece)
            assert answer.headers["Range"] == f"0-{come - 1}"
        answer = self.once("PUT blob", "PUT", place, params={"digest": blob.digest})
        assert answer.status_code == 201, answer.text
        return True

    def sent(self, kind: str, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask until the registry survives it."""
        while True:
            try:
                return self.once(kind, method, path, **options)
            except CrashError:
                continue

    def once(self, kind: str, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask; the first request of this kind is that over which the registry dies."""
        self.stage.fuse.set(0 if kind in self._died else self.crash_at)
        self._died.add(kind)
        try:
            return self.ask(method, path, **options)
        finally:
            self.stage.fuse.set(0)

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask for a path below the repository, or a whole one."""
        whole = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        if self.authorization is not None:
            own = {"Authorization": self.authorization}
            options["headers"] = {**options.get("headers", {}), **own}
        return self.stage.request(method, whole, **options)

    def require(self, image: Manifest, reference: str) -> None:
        """Check that the image is here, to the byte."""
        answer = self.ask("GET", f"manifests/{reference}")
        assert answer.status_code == 200, answer.text
        assert answer.content == image.content
        for each in image.family():
            for blob in each.blobs:
                found = self.ask("GET", f"blobs/{blob.digest}")
                assert (found.status_code, found.content) == (200, blob.content)


@contextmanager
def push_staged(database: Database, root: Path) -> Generator[PushStage]:
    """Return a stage with a registry until the block ends."""
    stage = PushStage(database, root)
    try:
        yield stage
    finally:
        stage.close()
