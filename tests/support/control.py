"""The control plane in this process, with its users: no sockets, no worker."""

import atexit
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from sqlalchemy import event, insert, select
from starlette.testclient import TestClient

from headgate.apis.actions import Resource
from headgate.apis.app import control_plane
from headgate.apis.katello import RESOURCES
from headgate.apis.ports import Services
from headgate.domain.clock import Clock
from headgate.pki.authority import Authority
from headgate.server.content_types import content_types
from headgate.services.accounts.permissions import install_permissions
from headgate.services.accounts.roles import add_filters
from headgate.services.accounts.users import make_first_admin
from headgate.services.organizations.installation import install_defaults
from headgate.stores.blobs.memory import MemoryBlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import roles, user_organizations, user_roles, users

PASSWORD = "correct horse"  # noqa: S105 - of databases that live as long as their test
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

# argon2 takes its time, as much as its hash asks for: that of the tests asks for the least.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(slots=True)
class Watch:
    """A clock that goes when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.now

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@dataclass(slots=True)
class Control:
    """One control plane over a database."""

    database: Database
    blobs: MemoryBlobStore
    clock: Watch
    app: Any
    _users: int = 0
    _clients: list[TestClient] = field(default_factory=list[TestClient])

    def client(
        self, login: str = "admin", password: str = PASSWORD, *, mortal: bool = False
    ) -> TestClient:
        """Return a client that comes with a password."""
        client = self.anonymous(mortal=mortal)
        client.auth = httpx2.BasicAuth(login, password)
        return client

    def anonymous(self, address: str = "192.0.2.1", *, mortal: bool = False) -> TestClient:
        """Return a client that nobody knows.

        If the server is `mortal` a crash may end its event loop: each request has its own.
        """
        client = TestClient(self.app, base_url="https://headgate.test", client=(address, 40_000))
        if not mortal:
            client.portal = _portal()
        self._clients.append(client)
        return client

    def user(
        self, login: str, *, organizations: Sequence[int] = (), permissions: Sequence[str] = ()
    ) -> TestClient:
        """Make a user and return its client."""
        now = self.clock()
        with self.database.begin() as tx:
            row = insert(users).values(
                login=login, password_hash=HASH, created_at=now, updated_at=now
            )
            (user_id,) = tx.execute(row).inserted_primary_key or (0,)
            for organization in organizations:
                tx.execute(
                    insert(user_organizations).values(user_id=user_id, organization_id=organization)
                )
            give(tx, user_id, permissions)
        return self.client(login)

    @contextmanager
    def counted(self) -> Generator[list[str]]:
        """Collect the SQL statements of a block."""
        statements: list[str] = []

        def note(_c: Any, _u: Any, statement: str, _p: Any, _x: Any, _m: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
                statements.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", note)
        yield statements
        event.remove(self.database.engine, "before_cursor_execute", note)


def give(tx: Transaction, user_id: int, permissions: Iterable[str]) -> None:
    """Give a user a role of these permissions, without limits."""
    names = sorted(permissions)
    if not names:
        return
    row = {"name": f"rights of user {user_id}", "for_all": True}
    role_id = insert_row(tx, roles, {**row, "created_at": START, "updated_at": START})
    add_filters(tx, {role_id: names}, permission_ids=install_permissions(tx), now=START)
    tx.execute(insert(user_roles).values(user_id=user_id, role_id=role_id))


def control(
    database: Database,
    resources: Sequence[Resource] = RESOURCES,
    *,
    uploads: Path = Path("/nonexistent"),
    authority: Authority | None = None,
    fixed_settings: Mapping[str, Any] | None = None,
    **chosen: Any,
) -> Control:
    """Return a control plane whose administrator is `admin`."""
    clock = Watch()
    install(database, clock)
    return _plane(
        database,
        clock,
        resources,
        uploads=uploads,
        authority=authority,
        fixed_settings=fixed_settings or {},
        **chosen,
    )


def install(database: Database, clock: Clock) -> None:
    """Give a database what a server makes at its first start; nothing where that was done."""
    with database.read() as tx:
        installed = tx.scalar(select(users.c.id).limit(1)) is not None
    if installed:
        return
    with database.begin() as tx:
        make_first_admin(tx, clock=clock, password_hash=HASH)
        install_defaults(tx, clock=clock, name="headgate.test", url="https://headgate.test")


def control_again(other: Control) -> Control:
    """Return the control plane as another process has it: the same database, its own memory."""
    return _plane(other.database, other.clock, RESOURCES)


@cache
def _portal() -> BlockingPortal:
    """The event loop in which all requests to control planes of this process are answered.

    Without one the client starts a thread and a loop for each request.
    """
    standing = ExitStack()
    atexit.register(standing.close)
    return standing.enter_context(start_blocking_portal())


def _plane(
    database: Database, clock: Watch, resources: Sequence[Resource], **chosen: Any
) -> Control:
    blobs = MemoryBlobStore()
    given: dict[str, Any] = {"uploads": Path("/nonexistent"), **chosen}
    services = Services(
        database=database,
        blobs=blobs,
        secret=b"\x07" * 32,
        seal=lambda secret: secret[::-1],
        unseal=lambda sealed: sealed[::-1],
        content_types=content_types(),
        clock=clock,
        threads=4,
        **given,
    )
    return Control(database, blobs, clock, control_plane(services, resources))
