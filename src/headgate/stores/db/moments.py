"""Computing with times in SQL, which every database does in its own way."""

from typing import Any

from sqlalchemy import ColumnElement, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _SecondsBetween(FunctionElement[int]):
    type = Integer()
    inherit_cache = True


def seconds_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the whole seconds from one time to another; null if one of them is."""
    return _SecondsBetween(start, end)


@compiles(_SecondsBetween, "sqlite")
def _on_sqlite(element: _SecondsBetween, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    days = f"julianday({end}) - julianday({start})"
    return f"CAST(round(({days}) * 86400, 3) AS INTEGER)"


@compiles(_SecondsBetween)
def _elsewhere(element: _SecondsBetween, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"CAST(trunc(extract(epoch FROM {end} - {start})) AS BIGINT)"
