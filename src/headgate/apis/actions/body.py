"""Reading requests: query strings and bodies into one plain mapping, within limits.

JSON is what clients send; forms and multipart bodies are read where an action says so. Any other
media type is answered with 415, as Rails' `params` would otherwise silently be empty.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request

from headgate.apis.actions.multipart import read_multipart
from headgate.apis.actions.parsing import Repeated
from headgate.domain.errors import BadRequestError, HeadgateError
from headgate.stores.blobs.port import BlobStore

_DEPTH: Final = 20
_QUERY_LENGTH: Final = 64 * 1024
_NAMES: Final = 10_000
_MOST_SIGNED: Final = 1024 * 1024

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"


class UnsupportedMediaTypeError(HeadgateError):
    """A body of a kind that the action does not read."""

    code = "unsupported_media_type"


class TooLargeError(HeadgateError):
    """A body beyond the limit of the action."""

    code = "too_large"


@dataclass(frozen=True, slots=True)
class BodyRules:
    """What bodies an action reads: media types, the limit in bytes, which parts are files."""

    media_types: frozenset[str] = frozenset({JSON})
    limit: int = 8 * 1024 * 1024
    files: frozenset[str] = frozenset()


async def read_body(request: Request, rules: BodyRules, blobs: BlobStore) -> dict[str, Any]:
    """Return the members of the body, none if there is no body."""
    declared = request.headers.get("content-type", "")
    media_type = declared.partition(";")[0].strip().lower()
    _refuse_declared_length(request, rules.limit)
    if media_type == MULTIPART and MULTIPART in rules.media_types:
        return await read_multipart(
            _limited(request, rules.limit), declared, files=rules.files, blobs=blobs
        )
    body = b"".join([chunk async for chunk in _limited(request, rules.limit)])
    if media_type == FORM and FORM in rules.media_types:
        return read_form(body)
    if media_type == JSON or media_type.endswith("+json"):
        return read_json(body)
    if body:
        raise _unsupported(media_type, rules)
    return {}


async def read_signed_form(request: Request, rules: BodyRules) -> bytes:
    """Return a form that is a part of what its sender signed, so is read before that is believed.

    For that reason it may be small only.
    """
    limit = min(rules.limit, _MOST_SIGNED)
    _refuse_declared_length(request, limit)
    form = b"".join([chunk async for chunk in _limited(request, limit)])
    if form and FORM not in rules.media_types:
        raise _unsupported(FORM, rules)
    return form


def read_json(body: bytes) -> dict[str, Any]:
    """Return the object that the body holds; an empty body is an empty object."""
    if not body.strip():
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequestError(f"The body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise BadRequestError("The JSON of the body is nested too deeply") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequestError("The JSON of the body must be an object")
    _refuse_depth(cast("object", value))
    return cast("dict[str, Any]", value)


def read_query(raw: bytes) -> dict[str, Any]:
    """Return the members of a query string; `a[]=1`, `a[b]=1` and repeated names nest."""
    if len(raw) > _QUERY_LENGTH:
        raise BadRequestError(f"The query is longer than {_QUERY_LENGTH} bytes")
    members = read_form(raw)
    return _decoded(members)


def read_form(body: bytes) -> dict[str, Any]:
    """Return the members of a form; values stay bytes, for an upload's chunk is one."""
    members: dict[str, Any] = {}
    for name, value in pairs_of(body):
        _put(members, _name(name), value)
    return members


def pairs_of(body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and values of a form in their order."""
    pairs = [pair.partition(b"=") for pair in body.split(b"&") if pair]
    if len(pairs) > _NAMES:
        raise BadRequestError(f"More than {_NAMES} parameters")
    return [(_unescaped(name), _unescaped(value)) for name, _, value in pairs]


def _unescaped(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _name(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadRequestError("A parameter's name is not valid UTF-8") from error


def _put(members: dict[str, Any], name: str, value: object) -> None:
    """Place a value at `a`, `a[]`, `a[b]`, `a[b][]` ..., as Rack does."""
    head, *keys = name.replace("]", "").split("[") if name.endswith("]") else [name]
    if len(keys) > _DEPTH:
        raise BadRequestError("A parameter is nested too deeply")
    place = members
    for key in keys:
        if key == "":
            break
        inner: Any = place.setdefault(head, {})
        if not isinstance(inner, dict):
            raise BadRequestError(f"The parameter {name[:100]} is both a value and an object")
        place, head = cast("dict[str, Any]", inner), key
    if head not in place:
        place[head] = Repeated([value]) if keys and keys[-1] == "" else value
    elif isinstance(place[head], Repeated):
        place[head].append(value)
    elif isinstance(place[head], dict):
        raise BadRequestError(f"The parameter {name[:100]} is both a value and an object")
    else:
        place[head] = Repeated([place[head], value])


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _decoded(member) for name, member in members.items()}
    if isinstance(value, Repeated):
        return Repeated([_decoded(member) for member in value])
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadRequestError("The query is not valid UTF-8") from error


def _unsupported(media_type: str, rules: BodyRules) -> UnsupportedMediaTypeError:
    allowed = ", ".join(sorted(rules.media_types))
    return UnsupportedMediaTypeError(
        f"The body's media type {media_type or '(none)'} is not supported, send {allowed}"
    )


def _refuse_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(cast("dict[str, Any]", item).values())
            elif isinstance(item, list):
                below.extend(cast("list[Any]", item))
        if not below:
            return
        level = below
    raise BadRequestError("The JSON of the body is nested too deeply")


def _refuse_declared_length(request: Request, limit: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise TooLargeError(f"The body is larger than {limit} bytes")


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"The body is larger than {limit} bytes")
        if chunk:
            yield chunk
