"""What every table shares: the metadata with its naming convention, and column types."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    event,
)
from sqlalchemy.types import TypeDecorator

# Named constraints let migrations drop them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def link_table(name: str, **ends: str) -> Table:
    """Return a table of pairs: two columns, each with the table that its ids are of.

    A pair goes with either end. It is looked up from the first by the key, from the second by an
    index.
    """
    first, second = (
        Column(
            column,
            Integer,
            ForeignKey(f"{table}.id", ondelete="CASCADE"),
            nullable=False,
            index=number == 1,
        )
        for number, (column, table) in enumerate(ends.items())
    )
    return Table(name, metadata, first, second, PrimaryKeyConstraint(*ends))


def partial_index(name: str, column: Column[Any], *, where: ColumnElement[bool]) -> None:
    """Add an index of those rows only for which the condition holds."""
    index = Index(name, column, sqlite_where=where)

    # Not as an argument of the index: that would import PostgreSQL's dialect into every process,
    # a twentieth of a second and 2 MB, also where SQLite is used.
    @event.listens_for(metadata, "before_create")
    def for_postgresql(_metadata: MetaData, connection: Connection, **_options: object) -> None:
        if connection.dialect.name == "postgresql":
            index.dialect_options["postgresql"]["where"] = where


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it without zone, so the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: they are a bug of the caller, never a default."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
