"""Parameters of an action as a class: what they are, what they default to, what they mean.

A subclass of `Params` is a frozen, keyword-only dataclass whose fields carry `doc(...)`. The same
declaration is parsed from requests (`parsing.py`), and described for apidoc, OpenAPI and the
command line (`describe.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    NewType,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from headgate.stores.blobs.port import Spool

_REQUIRED: Final = object()
_DOC: Final = "doc"


@dataclass(frozen=True, slots=True)
class Doc:
    """What a declaration says of a parameter beside its type."""

    description: str
    wrapped: bool = False
    enum: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    aliases: tuple[str, ...] = ()
    hidden: bool = False
    by_name: bool = False


def doc(
    description: str,
    *,
    default: Any = _REQUIRED,
    enum: Sequence[str] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    max_length: int | None = None,
    aliases: Sequence[str] = (),
    hidden: bool = False,
    by_name: bool = False,
) -> Any:
    """Describe a parameter; without `default` it is required.

    `enum` limits a text (a `Literal` type does so too), `minimum` and `maximum` a number,
    `max_length` a text or a list. `aliases` are further names under which clients send it, such
    as the name of a path variable of an `also` path. `hidden` keeps it out of the CLI. `by_name`
    lets a path hold the name of what the id is of, in the place of the id.
    """
    metadata = {
        _DOC: Doc(
            description=description,
            enum=tuple(enum),
            minimum=minimum,
            maximum=maximum,
            max_length=max_length,
            aliases=tuple(aliases),
            hidden=hidden,
            by_name=by_name,
        )
    }
    return _field(metadata, default)


def wrapped(description: str) -> Any:
    """Describe parameters that clients send inside an object: `{"organization": {"name": ...}}`.

    They are also taken from beside it, as Rails' parameter wrapping lets clients of Foreman do.
    """
    return field(metadata={_DOC: Doc(description=description, wrapped=True)})


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(doc, wrapped, field)
)
class Params:
    """The parameters of an action; subclasses list them as annotated fields."""

    def __init_subclass__(cls) -> None:
        """Make the subclass a dataclass."""
        dataclass(frozen=True, kw_only=True)(cls)

    @property
    def given(self) -> frozenset[str]:
        """Names that the request contained, null or not: what an update changes."""
        return self.__dict__.get("_given", frozenset())

    def changes(self, *names: str) -> dict[str, Any]:
        """Return the given ones of these parameters (of all, if none is named)."""
        chosen = names or tuple(item.name for item in fields(self))  # type: ignore[arg-type] - dataclass since __init_subclass__
        return {name: getattr(self, name) for name in chosen if name in self.given}


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart body, streamed into a spool of the blob store.

    The spool lives until the answer is sent; `BlobStore.keep` makes it a blob.
    """

    filename: str
    content_type: str
    spool: Spool


Kind = Literal[
    "string", "bytes", "integer", "number", "boolean", "datetime", "file", "list", "hash", "any"
]


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of a parameter as requests see it.

    `id_type` is the NewType of an identifier; `item` the shape of a list's members; `params` the
    class of a nested hash with known keys.
    """

    kind: Kind
    nullable: bool = False
    id_type: Any = None
    enum: tuple[str, ...] = ()
    item: "Shape | None" = None
    params: type[Params] | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a `Params` class."""

    name: str
    shape: Shape
    doc: Doc
    required: bool
    default: Callable[[], Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.doc.aliases)

    @property
    def enum(self) -> tuple[str, ...]:
        """The values allowed, none if all are."""
        item = self.shape.item
        return self.doc.enum or self.shape.enum or (item.enum if item else ())


@cache
def parameters_of(params: type[Params]) -> tuple[Parameter, ...]:
    """Return the parameters of a class, inherited ones first."""
    hints = get_type_hints(params)
    return tuple(
        Parameter(
            name=item.name,
            shape=_shape(hints[item.name]),
            doc=item.metadata.get(_DOC) or Doc(description=""),
            required=item.default is MISSING and item.default_factory is MISSING,
            default=_default(item.default, item.default_factory),
        )
        for item in fields(params)  # type: ignore[arg-type] - dataclass since __init_subclass__
    )


_SCALARS: Final[Mapping[Any, Kind]] = {
    str: "string",
    bytes: "bytes",
    int: "integer",
    float: "number",
    bool: "boolean",
    datetime: "datetime",
    UploadedFile: "file",
    Any: "any",
    object: "any",
}


def _shape(hint: Any, *, nullable: bool = False) -> Shape:  # noqa: PLR0911 - one return per form
    if isinstance(hint, NewType):
        base = _shape(hint.__supertype__)
        return Shape(base.kind, nullable=nullable, id_type=hint)
    if hint in _SCALARS:
        return Shape(_SCALARS[hint], nullable=nullable)
    if isinstance(hint, type) and issubclass(hint, Params):
        return Shape("hash", nullable=nullable, params=hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not NoneType]
        if len(inner) == 1:
            return _shape(inner[0], nullable=True)
    if origin is Literal:
        return Shape("string", nullable=nullable, enum=arguments)
    if origin is list:
        return Shape("list", nullable=nullable, item=_shape(arguments[0]))
    if origin is dict or hint is dict:
        return Shape("hash", nullable=nullable)
    raise TypeError(f"no parameter can be of type {hint}")


def _field(metadata: Mapping[str, Any], default: Any) -> Any:
    if default is _REQUIRED:
        return field(metadata=metadata)
    if isinstance(default, list | dict):
        return field(default_factory=cast("list[Any]", default).copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def _default(value: Any, factory: Any) -> Callable[[], Any]:
    return (lambda: value) if factory is MISSING else factory
