"""The registry over a house's database and blobs, in this process: its clock goes as tests say."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any
from urllib.parse import urlencode

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
from headgate.apis.scope import CLIENT_CERTIFICATE
from headgate.pki.authority import Authority, Issued
from headgate.pki.clients import ClientCertificates
from headgate.server.content_types import content_types
from headgate.services.accounts.authentication import SignIn
from headgate.services.containers.tokens import RegistryTokens
from headgate.services.organizations import certificates
from headgate.services.organizations.quotas import require_room
from headgate.stores.db.changes import watch_changes
from support import oci
from support.content_server import DOWNLOADS
from support.control import PASSWORD
from support.house import House
from support.registry_door import KEY, basic, bearer

HOST = "registry.test"


@dataclass(slots=True)
class Registry:
    """A registry that answers, and clients of it."""

    house: House
    authority: Authority
    client: TestClient
    apps: list[RegistryApp]  # the one that answers
    # Presented by every connection, as the listener would say.
    certificate: Issued | None = None
    images: dict[str, oci.Manifest] = field(default_factory=dict[str, oci.Manifest])

    @property
    def app(self) -> RegistryApp:
        """The application that answers."""
        return self.apps[0]

    def ask(
        self,
        method: str,
        path: str,
        authorization: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        """Send one request."""
        given = dict(headers or {})
        if authorization is not None:
            given["authorization"] = authorization
        return self.client.request(method, path, headers=given, content=content)

    def token(self, login: str | None, *scopes: str, secret: str | None = None) -> str:
        """Return a header with a token of the user, or of nobody."""
        who = None if login is None else basic(login, secret or PASSWORD)
        query = urlencode([("service", HOST), *(("scope", each) for each in scopes)])
        answer = self.ask("GET", f"/v2/token?{query}", who)
        assert answer.status_code == 200, answer.text
        return bearer(answer.json()["token"])

    def push(
        self, name: str, authorization: str | None = None, tag: str = "latest"
    ) -> oci.Manifest:
        """Push a small image and return it."""
        authorization = authorization or basic("admin")
        image = oci.image(oci.layer({"name": name.encode()}))
        for blob in image.blobs:
            path = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
            answer = self.ask("POST", path, authorization, content=blob.content)
            assert answer.status_code == 201, answer.text
        answer = self.put(name, image, authorization, tag)
        assert answer.status_code == 201, answer.text
        self.images[name] = image
        return image

    def put(
        self, name: str, image: oci.Manifest, authorization: str | None, tag: str = "latest"
    ) -> httpx2.Response:
        """Send the manifest of an image."""
        headers = {"content-type": image.media_type}
        path = f"/v2/{name}/manifests/{tag}"
        return self.ask("PUT", path, authorization, headers=headers, content=image.content)

    def pull(
        self, name: str, authorization: str | None = None, reference: str = "latest"
    ) -> httpx2.Response:
        """Ask for a manifest."""
        return self.ask("GET", f"/v2/{name}/manifests/{reference}", authorization)

    def catalog(self, authorization: str | None, query: str = "") -> Sequence[str]:
        """Return the names that a caller is told."""
        answer = self.ask("GET", f"/v2/_catalog{query}", authorization)
        assert answer.status_code == 200, answer.text
        names: Sequence[str] = answer.json()["repositories"]
        return names


@contextmanager
def registry(
    house: House, folder: Path, *, life: timedelta = timedelta(minutes=5)
) -> Generator[Registry]:
    """Serve until the block ends."""
    authority = Authority.open_folder(folder / "registry-pki", clock=house.control.clock)
    apps: list[RegistryApp] = []
    made: list[Registry] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(apps, receive, send, lambda: _app(house, authority, folder, life))
            return
        if made[0].certificate is not None:
            scope[CLIENT_CERTIFICATE] = PEM_cert_to_DER_cert(made[0].certificate.certificate)
        await apps[0](scope, receive, send)

    client = TestClient(answer, base_url=f"https://{HOST}", client=("192.0.2.1", 40_000))
    made.append(Registry(house, authority, client, apps))
    with client:
        yield made[0]


async def _live(apps: list[RegistryApp], receive: Any, send: Any, make: Any) -> None:
    await receive()
    apps.append(make())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await apps[0].close()
    await send({"type": "lifespan.shutdown.complete"})


def _app(house: House, authority: Authority, folder: Path, life: timedelta) -> RegistryApp:
    control, types = house.control, content_types()
    database, clock = control.database, control.clock
    tokens = RegistryTokens(KEY, life=lambda: life)

    def is_revoked(serial: str) -> bool:
        with database.read() as tx:
            return certificates.is_revoked(tx, serial)

    callers = Callers(
        database,
        sign_in=SignIn(database, clock=clock, secret=KEY),
        tokens=tokens,
        certificates=CertificateCheck(
            ClientCertificates(authority.certificate), is_revoked=is_revoked, clock=clock
        ),
        clock=clock,
        secret=KEY,
    )
    door = Door(
        database,
        control.blobs,
        callers=callers,
        changes=watch_changes(database),
        on_demand=OnDemand(
            database,
            control.blobs,
            types,
            downloads=DOWNLOADS,
            unseal=lambda sealed: sealed[::-1],
            clock=clock,
            locks=folder,
        ),
        clock=clock,
        require_room=lambda organization, more: require_room(
            database, list(types.values()), organization, more=more
        ),
    )
    return RegistryApp(
        door,
        pulls=Pulls(door, accel_prefix=None, accel_root=None),
        pushes=Pushes(door),
        catalogs=Catalogs(door),
        tokens=TokenEndpoint(database, callers=callers, tokens=tokens, clock=clock),
    )
