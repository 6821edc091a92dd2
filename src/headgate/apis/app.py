"""The control plane as one ASGI application."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.apis.actions.dispatch import Dispatcher, error_response
from headgate.apis.actions.resources import Action, Resource
from headgate.apis.apidoc import ApidocPages
from headgate.apis.authentication import Authenticator
from headgate.apis.katello import RESOURCES
from headgate.apis.ports import FOREMAN_VERSION, Services
from headgate.apis.routing import RouteTable
from headgate.services.accounts.authentication import SignIn

_ALIASES: Final = {"/katello/api/": "/katello/api/v2/", "/api/": "/api/v2/"}


def control_plane(
    services: Services, resources: Sequence[Resource] = RESOURCES, *, sign_in: SignIn | None = None
) -> ASGIApp:
    """Return the application that serves /katello/api, /api, /foreman_tasks/api and /apidoc."""
    declared = _own() if resources is RESOURCES else _Declared.of(resources)
    app = Starlette(
        routes=[*declared.pages.routes(), declared.routes],
        exception_handlers={404: _refused, 405: _refused, 500: _refused},
    )
    app.router.redirect_slashes = False
    app.state.dispatcher = Dispatcher(services, Authenticator(services, sign_in))
    return ApiHeaders(app, checksum=declared.pages.checksum)


@dataclass(frozen=True, slots=True)
class _Declared:
    """What follows from declarations alone, whatever the services."""

    pages: ApidocPages
    routes: RouteTable

    @classmethod
    def of(cls, resources: Sequence[Resource]) -> Self:
        return cls(ApidocPages(resources), RouteTable(_routes(resources)))


@cache
def _own() -> _Declared:
    return _Declared.of(RESOURCES)


class ApiHeaders:
    """Gives every answer the headers of Foreman's API that it lacks, and every request an id."""

    def __init__(self, app: ASGIApp, *, checksum: str) -> None:
        self._app = app
        self._headers = [
            (b"foreman_version", FOREMAN_VERSION.encode()),
            (b"foreman_api_version", b"2"),
            (b"foreman_current_organization", b"; ANY"),
            (b"foreman_current_location", b"; ANY"),
            (b"apipie-checksum", checksum.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["headgate.request_id"] = request_id
        headers = [*self._headers, (b"x-request-id", request_id.encode())]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                said = {name for name, _ in own}
                message["headers"] = own + [each for each in headers if each[0] not in said]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _request_id(scope: Scope) -> str:
    """Return the id that the server gave, else a new one."""
    return scope.get("headgate.request_id") or str(uuid4())


def _routes(resources: Iterable[Resource]) -> Iterator[Route]:
    """Return the routes of all actions, under the other names of their paths, too."""
    for resource in resources:
        for action in resource.actions:
            for path in _with_aliases(action.paths):
                yield Route(path, _endpoint(resource, action), methods=[action.method])


def _with_aliases(paths: Iterable[str]) -> Iterable[str]:
    for path in paths:
        yield path
        for prefix, alias in _ALIASES.items():
            if path.startswith(prefix):
                yield path.replace(prefix, alias, 1)


def _endpoint(resource: Resource, action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        dispatcher: Dispatcher = request.app.state.dispatcher
        return await dispatcher.answer(resource, action, request)

    return endpoint


async def _refused(request: Request, error: Any) -> Response:
    return error_response(error, request_id=request.scope["headgate.request_id"])
