"""Packages are searched by their names, versions and architectures without reading their rows."""

from alembic import op

revision = "0006"
down_revision = "0005"

_INDEX = "ix_rpm_packages_name_evr"


def upgrade() -> None:
    """Let the index hold all that searches look at."""
    op.drop_index(_INDEX, "rpm_packages")
    op.create_index(_INDEX, "rpm_packages", ["name", "evr", "version", "release", "arch"])


def downgrade() -> None:
    """Leave what sorts only."""
    op.drop_index(_INDEX, "rpm_packages")
    op.create_index(_INDEX, "rpm_packages", ["name", "evr"])
