"""From what clients send to `Params`: lenient about form, strict about meaning.

Clients of this API send numbers as text, flags as `1`, single values for lists and parameters
that an action does not know (ignored, as Katello does). What cannot be understood is told for all
parameters at once, in Foreman's words.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast

from headgate.apis.actions.params import Parameter, Params, Shape, UploadedFile, parameters_of
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.services.access import missing

P = TypeVar("P", bound=Params)

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_PATH_ID = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER_LIMIT: Final = 2**63
_LONGEST_LIST: Final = 100_000

_TRUE: Final = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE: Final = frozenset({"false", "0", "no", "off", "f", "n"})


class Repeated(list[Any]):
    """Values of a name that a query or form repeats: a list's members, else the last one counts."""


class _InvalidError(Exception):
    def __init__(self, message: str, *, at: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def parse(params: type[P], values: Mapping[str, Any], path: Mapping[str, str]) -> P:
    """Return the parameters; `path` holds the variables of the path, which win over `values`.

    ValidationError lists everything that is missing or wrong; NotFoundError for a path that names
    no possible id; BadRequestError when an object that wraps the parameters is missing altogether.
    """
    errors: dict[str, list[str]] = {}
    merged = {**values, **path}
    _refuse_impossible_ids(params, path)
    parsed = _parse(params, merged, errors)
    if parsed is None:
        raise ValidationError(errors)
    return parsed


def _refuse_impossible_ids(params: type[Params], path: Mapping[str, str]) -> None:
    for parameter in parameters_of(params):
        if parameter.shape.id_type is None or parameter.shape.kind != "integer":
            continue
        for name in parameter.names:
            if name in path and not _PATH_ID.fullmatch(path[name]):
                raise missing(parameter.shape.id_type, path[name])


def _parse(params: type[P], values: Mapping[str, Any], errors: dict[str, list[str]]) -> P | None:
    found: dict[str, Any] = {}
    given: set[str] = set()
    before = len(errors)
    for parameter in parameters_of(params):
        if parameter.doc.wrapped:
            found[parameter.name] = _unwrapped(parameter, values, errors)
            continue
        name = next((name for name in parameter.names if name in values), None)
        if name is not None:
            given.add(parameter.name)
        try:
            found[parameter.name] = _value(parameter, values, name)
        except _InvalidError as error:
            errors.setdefault(parameter.name + error.at, []).append(error.message)
    if len(errors) > before:
        return None
    built = params(**found)
    built.__dict__["_given"] = frozenset(given)
    return built


def _unwrapped(
    parameter: Parameter, values: Mapping[str, Any], errors: dict[str, list[str]]
) -> Params | None:
    inner = parameter.shape.params
    if inner is None:
        raise TypeError(f"{parameter.name} wraps no parameters")
    within = values.get(parameter.name, {})
    if not isinstance(within, dict):
        errors.setdefault(parameter.name, []).append("must be an object")
        return None
    known = {name for item in parameters_of(inner) for name in item.names}
    required = any(item.required for item in parameters_of(inner))
    if required and parameter.name not in values and not known & values.keys():
        raise BadRequestError(f"Missing values for {parameter.name}.")
    beside = {name: values[name] for name in known & values.keys()}
    return _parse(inner, {**beside, **cast("dict[str, Any]", within)}, errors)


def _value(parameter: Parameter, values: Mapping[str, Any], name: str | None) -> Any:
    raw = None if name is None else values[name]
    if isinstance(raw, Repeated) and parameter.shape.kind != "list":
        raw = raw[-1]
    if raw is None:
        if parameter.required and not (parameter.shape.nullable and name is not None):
            raise _InvalidError("can't be blank")
        return None if parameter.shape.nullable and name is not None else parameter.default()
    value = _coerced(parameter.shape, raw)
    _check(parameter, value)
    return value


def _check(parameter: Parameter, value: Any) -> None:
    rules = parameter.doc
    longest = rules.max_length
    if rules.enum and isinstance(value, str) and value not in rules.enum:
        raise _InvalidError(_one_of(rules.enum))
    if isinstance(value, int | float):
        if rules.minimum is not None and value < rules.minimum:
            raise _InvalidError(f"must be greater than or equal to {rules.minimum}")
        if rules.maximum is not None and value > rules.maximum:
            raise _InvalidError(f"must be less than or equal to {rules.maximum}")
    sized = isinstance(value, str | list | bytes)
    if sized and longest is not None and len(cast("Sequence[Any]", value)) > longest:
        raise _InvalidError(f"is too long (maximum is {longest})")


def _coerced(shape: Shape, raw: Any) -> Any:  # noqa: PLR0911 - one return per kind
    if shape.kind == "list":
        return _list(shape, raw)
    if shape.kind == "hash":
        return _hash(shape, raw)
    if shape.kind == "any":
        return raw
    if shape.kind == "bytes":
        return _bytes(raw)
    if shape.kind == "file":
        if not isinstance(raw, UploadedFile):
            raise _InvalidError("must be a file, sent as multipart/form-data")
        return raw
    text = _text(raw)
    if shape.kind == "string":
        if shape.enum and text not in shape.enum:
            raise _InvalidError(_one_of(shape.enum))
        return text
    if not text.strip() and shape.nullable:
        return None
    return _SCALARS[shape.kind](text.strip())


def _list(shape: Shape, raw: Any) -> list[Any]:
    if shape.item is None:
        raise TypeError("a list without the shape of its items")
    items = cast("list[Any]", raw) if isinstance(raw, list) else [raw]
    if len(items) > _LONGEST_LIST:
        raise _InvalidError(f"has too many members (maximum is {_LONGEST_LIST})")
    found: list[Any] = []
    for position, item in enumerate(items):
        if item is None or item == "":  # Rails sends [""] for an empty list
            continue
        try:
            found.append(_coerced(shape.item, item))
        except _InvalidError as error:
            raise _InvalidError(error.message, at=f"[{position}]{error.at}") from error
    return found


def _hash(shape: Shape, raw: Any) -> Any:
    if not isinstance(raw, dict):
        raise _InvalidError("must be an object")
    values = cast("dict[str, Any]", raw)
    if shape.params is None:
        return values
    errors: dict[str, list[str]] = {}
    parsed = _parse(shape.params, values, errors)
    if parsed is None:
        name, messages = next(iter(errors.items()))
        raise _InvalidError(messages[0], at=f".{name}")
    return parsed


def _text(raw: Any) -> str:
    if isinstance(raw, bytes):
        try:
            raw = raw.decode()
        except UnicodeDecodeError as error:
            raise _InvalidError("is not valid UTF-8") from error
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        whole = isinstance(raw, float) and raw.is_integer() and abs(raw) < _INTEGER_LIMIT
        return f"{raw:.1f}" if whole else str(raw)
    if not isinstance(raw, str):
        raise _InvalidError("must be a single value")
    if "\0" in raw:
        raise _InvalidError("cannot contain null characters")
    return raw


def _bytes(raw: Any) -> bytes:
    if isinstance(raw, bytes):
        return raw
    if isinstance(raw, str):
        return raw.encode()
    raise _InvalidError("must be bytes")


def _integer(text: str) -> int:
    text = text.removesuffix(".0")
    if not _INTEGER.fullmatch(text):
        raise _InvalidError("must be an integer")
    value = int(text)
    if abs(value) >= _INTEGER_LIMIT:
        raise _InvalidError("is out of range")
    return value


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _InvalidError("must be a number")
    return float(text)


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise _InvalidError("must be true or false")


def _datetime(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _InvalidError("must be a time such as 2026-01-31 23:59:59 UTC") from error


_SCALARS: Final = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "datetime": _datetime,
}


def _one_of(values: Sequence[str]) -> str:
    return "must be one of: " + ", ".join(values)
