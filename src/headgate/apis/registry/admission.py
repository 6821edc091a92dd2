"""Who may do what to which repository: asked for each request, before anything else is said."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, TypeVar

from headgate.apis.content.on_demand import OnDemand
from headgate.apis.flights import Flights
from headgate.apis.registry.callers import Caller, Callers
from headgate.apis.registry.callers import Upload as RunningUpload
from headgate.apis.registry.requests import Request
from headgate.content.container.push import Pusher
from headgate.domain.authors import SERVER, Author
from headgate.domain.clock import Clock
from headgate.domain.errors import UnauthenticatedError
from headgate.domain.registry_errors import DeniedError, NameUnknownError
from headgate.domain.registry_names import fault_of_name
from headgate.domain.registry_scopes import DELETE, PULL, PUSH
from headgate.services.access import Actor
from headgate.services.containers.names import Named, find_named
from headgate.services.containers.permissions import DELETE_CONTENT
from headgate.services.containers.push_targets import (
    PushTarget,
    find_push_target,
    open_push_repository,
)
from headgate.stores.blobs import BlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.changes import Changes, Stamp

T = TypeVar("T")
_MOST_KNOWN: Final = 16_384


class LoginNeededError(UnauthenticatedError):
    """Another token, or one at all, might open this: for actions on a repository."""

    def __init__(self, message: str, name: str | None = None, *actions: str) -> None:
        super().__init__(message)
        self.name = name
        self.actions = actions


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who may pull what a name serves."""

    named: Named
    caller: Caller
    stamp: Stamp


class Door:
    """Lets requests in; one for each process and event loop."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        *,
        callers: Callers,
        changes: Changes,
        on_demand: OnDemand,
        clock: Clock,
        require_room: Callable[[int, int], None],
    ) -> None:
        self.database = database
        self.store = store
        self.callers = callers
        self.changes = changes
        self.on_demand = on_demand
        self.clock = clock
        self.require_room = require_room  # raises if the organization may not have more bytes
        self.flights = Flights("registry", threads=8)
        self._named: dict[str, tuple[Stamp, Named | None]] = {}

    async def to_pull(self, request: Request, name: str) -> Admitted:
        """Return what the name serves to the caller.

        LoginNeededError if a login, or another token, may help; else NameUnknownError.
        """
        stamp = await self.changes.stamp()
        caller = await self.callers.identify(request.scope, stamp)
        named = await self._find(name, stamp)
        if named is not None and caller.may_pull(named):
            return Admitted(named, caller, stamp)
        if caller.anonymous or not caller.within_bounds(name, PULL):
            raise LoginNeededError(caller.fault or f"Log in to pull from '{name}'", name, PULL)
        raise NameUnknownError(f"There is no repository '{name}' that you may read")

    async def to_push(
        self, request: Request, name: str, *, upload: RunningUpload | None = None
    ) -> tuple[Actor, PushTarget]:
        """Return who pushes, and where the name says that it goes."""
        caller, actor = await self._user(request, name, PUSH, upload)
        target = await self.reading(lambda tx: find_push_target(tx, actor, name))
        self._require(caller.may_push(target.organization_id, name), caller, name, PUSH)
        return actor, target

    async def to_delete(self, request: Request, name: str) -> Pusher:
        """Return who may take things away from what the name serves.

        DeniedError for what is mirrored and for what versions of views hold.
        """
        caller, actor = await self._user(request, name, DELETE, None)
        target = await self.reading(
            lambda tx: find_push_target(tx, actor, name, permission=DELETE_CONTENT)
        )
        self._require(caller.may_delete(target.organization_id, name), caller, name, DELETE)
        if target.repository_id is None:
            raise NameUnknownError(f"There is no repository '{name}'")
        return self.pusher(actor, target.repository_id)

    async def opened(self, request: Request, actor: Actor, target: PushTarget) -> Pusher:
        """Return the pusher into a repository that is made now if it is not there yet."""
        repository_id = target.repository_id
        if repository_id is None:
            client = request.scope.get("client")
            repository_id = await self.writing(
                lambda tx: open_push_repository(tx, actor=actor, clock=self.clock, target=target),
                author=Author(actor.user_id, "registry", address=client[0] if client else None),
            )
        return self.pusher(actor, repository_id)

    def pusher(self, actor: Actor, repository_id: int) -> Pusher:
        """Return the actor as one who pushes into a repository."""
        return Pusher(self.database, self.store, self.clock, repository_id, actor.login)

    async def reading(self, function: Callable[[Transaction], T]) -> T:
        """Ask the database beside the event loop."""

        def read() -> T:
            with self.database.read() as tx:
                return function(tx)

        return await self.flights.in_thread(read)

    async def reading_once(self, key: Hashable, function: Callable[[Transaction], T]) -> T:
        """As `reading`, for all at once who ask the same; the key has the stamp in it."""

        def read() -> T:
            with self.database.read() as tx:
                return function(tx)

        return await self.flights.once(key, read)

    async def writing(self, function: Callable[[Transaction], T], *, author: Author = SERVER) -> T:
        """Change the database beside the event loop; the audit log names the author."""

        def write() -> T:
            with self.database.by(author).begin() as tx:
                return function(tx)

        return await self.flights.in_thread(write)

    async def _find(self, name: str, stamp: Stamp) -> Named | None:
        if fault_of_name(name) is not None:
            return None
        known = self._named.get(name)
        if known is not None and known[0] == stamp:
            return known[1]

        named = await self.reading_once(("name", name, stamp), lambda tx: find_named(tx, name))
        if len(self._named) >= _MOST_KNOWN:
            del self._named[next(iter(self._named))]  # the oldest
        self._named[name] = (stamp, named)
        return named

    async def _user(
        self, request: Request, name: str, action: str, upload: RunningUpload | None
    ) -> tuple[Caller, Actor]:
        stamp = await self.changes.stamp()
        caller = await self.callers.identify(request.scope, stamp, upload=upload)
        if caller.actor is None:
            words = caller.fault or f"Log in to change '{name}'"
            raise LoginNeededError(words, name, PULL, action)
        return caller, caller.actor

    def _require(self, allowed: bool, caller: Caller, name: str, action: str) -> None:
        if allowed:
            return
        if not caller.within_bounds(name, action):
            words = f"The token is not for '{action}' on '{name}'"
            raise LoginNeededError(words, name, PULL, action)
        raise DeniedError(f"Requested access to '{name}' is denied: you may not {action} there")
