"""What variant of a release an installable tree is."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; what syncs find from now on is kept there."""
    with op.batch_alter_table("rpm_distribution_trees", schema=None) as batch_op:
        batch_op.add_column(sa.Column("variant", sa.String(length=255), nullable=True))


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("rpm_distribution_trees", schema=None) as batch_op:
        batch_op.drop_column("variant")
