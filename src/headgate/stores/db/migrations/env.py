"""Run by Alembic: revisions run on the connection that the caller hands in."""

from alembic import context
from sqlalchemy import Connection

from headgate.stores.db.types import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",  # it cannot alter tables in place
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
