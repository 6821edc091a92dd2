"""LIKE without regard to case, as each database has it."""

from typing import Any, Final, Self

from sqlalchemy import Boolean, ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

ESCAPE: Final = "\\"


class CaselessLike(FunctionElement[bool]):
    """`column` is like `pattern`, in which `ESCAPE` takes its meaning from a wildcard.

    SQLite's own LIKE is blind to the case of ASCII letters; `lower()` on both sides, which stands
    in for ILIKE elsewhere, sees no more and takes twice the time.
    """

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], pattern: ColumnElement[str]) -> None:
        super().__init__(column, pattern)

    def self_group(self, against: Any = None) -> Self:  # noqa: ARG002 - the signature is theirs
        """Stand in AND and OR as a condition; SQLite would compare it with 1 for every row."""
        return self


@compiles(CaselessLike)
def _ilike(element: CaselessLike, compiler: SQLCompiler, **options: Any) -> str:
    return _compared("ILIKE", element, compiler, options)


@compiles(CaselessLike, "sqlite")
def _like(element: CaselessLike, compiler: SQLCompiler, **options: Any) -> str:
    return _compared("LIKE", element, compiler, options)


def _compared(
    operator: str, element: CaselessLike, compiler: SQLCompiler, options: dict[str, Any]
) -> str:
    column, pattern = (compiler.process(each, **options) for each in element.clauses)
    return (
        f"({column} {operator} {pattern} ESCAPE {compiler.render_literal_value(ESCAPE, String())})"
    )
