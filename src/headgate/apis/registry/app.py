"""The registry: `/v2/` for podman, skopeo, docker and flatpak (OCI distribution-spec 1.1).

`/index/` is flatpak's alone.

A plain ASGI application beside the data plane, for the same reasons: bodies are streamed, and what
a name serves is remembered until the database changes.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from headgate.apis.content.answers import Headers
from headgate.apis.registry.addresses import TOKEN_PATH, challenge
from headgate.apis.registry.admission import Door, LoginNeededError
from headgate.apis.registry.catalog import Catalogs
from headgate.apis.registry.errors import error_body, refusal_of
from headgate.apis.registry.flatpak_index import FlatpakIndex
from headgate.apis.registry.pulling import SUPPORTS_SIGNATURES, Pulls
from headgate.apis.registry.pushing import Pushes
from headgate.apis.registry.requests import (
    ClientGoneError,
    Receive,
    Request,
    Scope,
    Send,
)
from headgate.apis.registry.tokens import TokenEndpoint
from headgate.domain.errors import UnauthenticatedError
from headgate.domain.registry_errors import NameUnknownError, UnsupportedError, UploadRangeError

_NAME: Final = r"/v2/(?P<name>[^?]{1,512})"
_ROUTES: Final = {
    "catalog": re.compile(r"/v2/_catalog"),
    "search": re.compile(r"/v1/search"),
    "search ping": re.compile(r"/v1/_ping"),
    # Static and dynamic: both are made from what is served now.
    "flatpaks": re.compile(r"/index/(?:(?P<place>[^/]+(?:/[^/]+){1,2})/index/)?(?:static|dynamic)"),
    "manifest": re.compile(rf"{_NAME}/manifests/(?P<reference>[^/]{{1,256}})"),
    "upload": re.compile(rf"{_NAME}/blobs/uploads/(?P<upload_id>[^/]{{1,64}})"),
    "uploads": re.compile(rf"{_NAME}/blobs/uploads/?"),
    "blob": re.compile(rf"{_NAME}/blobs/(?P<digest>[^/]{{1,256}})"),
    "tags": re.compile(rf"{_NAME}/tags/list"),
    "signatures": re.compile(rf"/extensions{_NAME}/signatures/(?P<digest>[^/]{{1,256}})"),
    "referrers": re.compile(rf"{_NAME}/referrers/(?P<digest>[^/]{{1,256}})"),
}

_PING: Final = ("/v2", "/v2/")

Handler = Callable[..., Awaitable[None]]


class RegistryApp:
    """One per process and event loop; `close` it at the end."""

    def __init__(
        self,
        door: Door,
        *,
        pulls: Pulls,
        pushes: Pushes,
        catalogs: Catalogs,
        tokens: TokenEndpoint,
    ) -> None:
        self._door = door
        self._tokens = tokens
        flatpaks = FlatpakIndex(door)
        self._handlers: Mapping[str, Mapping[str, Handler]] = {
            "manifest": {
                "GET": pulls.manifest,
                "HEAD": pulls.manifest,
                "PUT": pushes.put_manifest,
                "DELETE": pushes.delete_manifest,
            },
            "blob": {"GET": pulls.blob, "HEAD": pulls.blob, "DELETE": pushes.delete_blob},
            "uploads": {"POST": pushes.start},
            "upload": {
                "GET": pushes.status,
                "PATCH": pushes.append,
                "PUT": pushes.finish,
                "DELETE": pushes.cancel,
            },
            "catalog": {"GET": catalogs.catalog, "HEAD": catalogs.catalog},
            "search": {"GET": catalogs.search, "HEAD": catalogs.search},
            "search ping": {"GET": catalogs.ping, "HEAD": catalogs.ping},
            "flatpaks": {"GET": flatpaks.index, "HEAD": flatpaks.index},
            "tags": {"GET": pulls.tags, "HEAD": pulls.tags},
            "signatures": {"GET": pulls.signatures},
            "referrers": {"GET": pulls.referrers, "HEAD": pulls.referrers},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        if request.path == TOKEN_PATH:
            await self._tokens(scope, receive, send, await self._door.changes.stamp())
            return
        try:
            await self._answer(request)
        except ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001 - the one place where errors become answers
            await _refuse(request, error)

    async def close(self) -> None:
        """End threads and connections."""
        self._door.flights.close()
        self._door.callers.close()
        await self._door.changes.close()

    async def _answer(self, request: Request) -> None:
        if request.path in _PING:
            await self._ping(request)
            return
        for kind, pattern in _ROUTES.items():
            found = pattern.fullmatch(request.path)
            if found is not None:
                handler = self._handlers[kind].get(request.method)
                if handler is None:
                    raise _no_such_method(request, self._handlers[kind])
                await handler(request, **found.groupdict())
                return
        raise NameUnknownError("There is nothing at this path of the registry")

    async def _ping(self, request: Request) -> None:
        """Say that this is a registry, to whoever is logged in; others learn where to log in."""
        if request.method not in ("GET", "HEAD"):
            raise _no_such_method(request, ("GET", "HEAD"))
        caller = await self._door.callers.identify(request.scope, await self._door.changes.stamp())
        if not caller.admitted:
            raise LoginNeededError(caller.fault or "Log in to use this registry")
        await request.reply_json(200, {}, [SUPPORTS_SIGNATURES])


def _no_such_method(request: Request, allowed: Iterable[str]) -> UnsupportedError:
    methods = sorted(allowed)
    words = f"{request.method} is not for this path: {', '.join(methods)}"
    return UnsupportedError(words, allowed=methods)


async def _refuse(request: Request, error: Exception) -> None:
    status, told = refusal_of(error)
    # Podman looks for it in the first answer, whatever that says.
    extra: Headers = [SUPPORTS_SIGNATURES] if request.path in _PING else []
    if isinstance(told, LoginNeededError):
        extra.append(challenge(request.scope, told.name, *told.actions))
    elif isinstance(told, UnauthenticatedError):
        extra.append(challenge(request.scope))
    if isinstance(told, UnsupportedError) and told.allowed:
        extra.append((b"allow", ", ".join(told.allowed).encode()))
    if isinstance(told, UploadRangeError):
        extra.append((b"range", f"0-{max(told.reached - 1, 0)}".encode()))
    if status in (429, 502, 503, 504):
        extra.append((b"retry-after", b"3"))
    await request.reply(status, error_body(told), extra=extra)
