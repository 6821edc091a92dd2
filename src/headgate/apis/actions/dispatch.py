"""From a request to an answer: authenticate, read, parse, check every id, act, commit, answer."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar, cast

import anyio.to_thread
from sqlalchemy import Table
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from headgate.apis.actions.body import (
    pairs_of,
    read_body,
    read_form,
    read_query,
    read_signed_form,
)
from headgate.apis.actions.call import Call
from headgate.apis.actions.lists import Listing, envelope
from headgate.apis.actions.params import Params, Shape, UploadedFile, parameters_of
from headgate.apis.actions.parsing import parse
from headgate.apis.actions.rendering import Raw, Reply, encode
from headgate.apis.actions.resources import Action, Resource
from headgate.apis.authentication import Authenticator, Caller
from headgate.apis.errors import body_of, http_error, status_of, translated
from headgate.apis.ports import Services
from headgate.apis.task_objects import task_object
from headgate.domain.errors import HeadgateError, UnauthenticatedError
from headgate.domain.ids import TaskId
from headgate.services.access import find_named, load_many, require_visible
from headgate.services.kinds import TABLE_OF_ID

T = TypeVar("T")

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_JSON: Final = "application/json; charset=utf-8"
_log = logging.getLogger(__name__)


class Dispatcher:
    """Runs actions in worker threads, so many at once as the services say."""

    def __init__(self, services: Services, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator
        self._limiter: anyio.CapacityLimiter | None = None

    async def answer(self, resource: Resource, action: Action, request: Request) -> Response:
        """Return the answer, the one to an error included."""
        try:
            return await self._answer(resource, action, request)
        except Exception as error:  # noqa: BLE001 - the outermost line of a request
            return error_response(error, request_id=request.scope["headgate.request_id"])

    async def _answer(self, resource: Resource, action: Action, request: Request) -> Response:
        caller = Caller.of(request)
        if action.method == "GET":
            values = read_query(request.scope["query_string"])
            return await self._in_thread(
                partial(self._act, resource, action, request, caller, values)
            )
        form: bytes | None = None
        if self._authenticator.needs_form(caller):
            form = await read_signed_form(request, action.body)
            caller = caller.with_form(pairs_of(form))
        # Nobody unknown gets to send any other body.
        authenticated = await self._in_thread(partial(self._admit, action, caller))
        values = read_query(request.scope["query_string"])
        if form is None:
            values |= await read_body(request, action.body, self._services.blobs)
        else:
            values |= read_form(form)
        return await self._in_thread(
            partial(self._act, resource, action, request, authenticated, values)
        )

    async def _in_thread(self, function: Callable[[], T]) -> T:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._services.threads)
        return await anyio.to_thread.run_sync(function, limiter=self._limiter)

    def _admit(self, action: Action, caller: Caller) -> Caller:
        admitted = self._authenticator.authenticate(caller, optional=action.public)
        if action.permission is not None and admitted.actor is not None:
            admitted.actor.require(action.permission)
        return admitted

    def _act(
        self,
        resource: Resource,
        action: Action,
        request: Request,
        caller: Caller,
        values: Mapping[str, Any],
    ) -> Response:
        with ExitStack() as spools:
            for value in values.values():
                if isinstance(value, UploadedFile):
                    spools.enter_context(value.spool)
            caller = caller if caller.authenticated else self._admit(action, caller)
            with self._call(resource, action, request, caller) as call:
                path = _with_ids(call, action, request.path_params)
                params = parse(action.params, values, path)
                _require_visible_ids(call, action, params)
                result = action.handler(call, params)
                answer = _rendered(resource, action, call, params, result)
        return answer

    def _call(self, resource: Resource, action: Action, request: Request, caller: Caller) -> Call:
        return Call(
            services=self._services,
            actor=caller.actor_or_anonymous,
            request_id=request.scope["headgate.request_id"],
            writes=action.writes,
            dialect=resource.dialect,
            base_url=self._services.base_url or _base_url(request),
            caller=caller,
            authenticator=self._authenticator,
        )


def error_response(error: Exception, *, request_id: str) -> Response:
    """Return the answer to an error; what nobody foresaw is logged here, once."""
    if isinstance(error, HTTPException):
        status, told = http_error(error)
        return Response(encode(body_of(told)), status, media_type=_JSON)
    told = translated(error)
    if told is None:
        _log.error("A request failed unexpectedly", exc_info=error)
        told = HeadgateError(f"Internal error; the log tells more of request {request_id}")
    headers: dict[str, str] = {}
    if isinstance(told, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Basic realm="Headgate", charset="UTF-8"'
    return Response(encode(body_of(told)), status_of(told), headers, media_type=_JSON)


@dataclass(frozen=True, slots=True)
class NamedId:
    """An identifier that a request carries, with the table that its type points to."""

    table: Table
    value: object


def ids_in(params: Params) -> Iterator[NamedId]:
    """Yield every typed identifier among the parameters, nested ones too."""
    for parameter in parameters_of(type(params)):
        yield from _ids_of(parameter.shape, getattr(params, parameter.name))


def _ids_of(shape: Shape, value: Any) -> Iterator[NamedId]:
    if value is None:
        return
    if shape.id_type in TABLE_OF_ID:
        yield NamedId(TABLE_OF_ID[shape.id_type], value)
    elif shape.item is not None:
        for member in cast("list[Any]", value):
            yield from _ids_of(shape.item, member)
    elif isinstance(value, Params):
        yield from ids_in(value)


def _with_ids(call: Call, action: Action, path: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables of a path with ids where names may stand in their place."""
    ids: dict[str, str] = {}
    for parameter in action.parameters:
        for name in parameter.names if parameter.doc.by_name else ():
            if name in path and not path[name].isdigit():
                table = TABLE_OF_ID[parameter.shape.id_type]
                found = find_named(call.tx, call.actor, table, path[name])
                ids |= {} if found is None else {name: str(found)}
    return {**path, **ids}


def _require_visible_ids(call: Call, action: Action, params: Params) -> None:
    """Refuse the request if any id in it names what the caller may not see."""
    if call.actor.admin and action.lacks is None:
        return  # sees everything; that a thing exists is found out by the use case
    require = require_visible if action.lacks is None else load_many
    by_table: dict[Table, list[object]] = {}
    for named in ids_in(params):
        by_table.setdefault(named.table, []).append(named.value)
    for table, keys in by_table.items():
        require(call.tx, call.actor, table, keys)


def _rendered(
    resource: Resource, action: Action, call: Call, params: Params, result: Any
) -> Response:
    status, headers = action.status, dict[str, str]()
    if isinstance(result, Raw):
        return _raw(result)
    if isinstance(result, Reply):
        status, headers, result = result.status or status, dict(result.headers), result.body
    if isinstance(result, Listing):
        result = envelope(result, params, dialect=resource.dialect)
    elif action.async_task and isinstance(result, str):
        result = task_object(call.tx, call.actor, TaskId(result))
    if status == 204:
        return Response(status_code=204, headers=headers)
    return Response(encode(result), status, headers, media_type=_JSON)


def _raw(result: Raw) -> Response:
    headers = dict(result.headers)
    if result.filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{result.filename}"'
    return Response(result.content, 200, headers, media_type=result.media_type)


def _base_url(request: Request) -> str:
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}" if _HOST.fullmatch(host) else ""
