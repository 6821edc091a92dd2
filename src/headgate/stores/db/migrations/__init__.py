"""The database's schema, revision by revision (Alembic)."""

# The newest revision. Known here so that a start can tell an up-to-date database without Alembic,
# whose import costs half a second; a test compares it with the revisions themselves.
HEAD = "0006"
