"""Parameters of organizations and locations."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OWNERS = (("organization_parameters", "organization"), ("location_parameters", "location"))


def upgrade() -> None:
    """Make the tables."""
    for name, owner in _OWNERS:
        key = f"{owner}_id"
        op.create_table(
            name,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column(key, sa.Integer(), nullable=False),
            sa.Column("name", sa.String(length=255), nullable=False),
            sa.Column("value", sa.Text(), nullable=False),
            sa.Column("parameter_type", sa.String(length=16), nullable=False),
            sa.Column("hidden_value", sa.Boolean(), nullable=False),
            sa.ForeignKeyConstraint(
                [key], [f"{owner}s.id"], name=op.f(f"fk_{name}_{key}"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint(key, "name", name=op.f(f"uq_{name}_{key}_name")),
        )


def downgrade() -> None:
    """Remove them."""
    for name, _ in reversed(_OWNERS):
        op.drop_table(name)
