"""Hosts, roles and what else clients of the contract keep."""

import sqlalchemy as sa
from alembic import op

from headgate.stores.db.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables and columns."""
    op.create_table(
        "locations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["locations.id"], name=op.f("fk_locations_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("title", name=op.f("uq_locations_title")),
    )
    with op.batch_alter_table("locations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_locations_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "audits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("auditable_type", sa.String(length=64), nullable=False),
        sa.Column("auditable_id", sa.Integer(), nullable=False),
        sa.Column("auditable_name", sa.String(length=255), nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("username", sa.String(length=100), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("remote_address", sa.String(length=64), nullable=True),
        sa.Column("request_uuid", sa.String(length=64), nullable=True),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_audits_organization_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_audits_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
    )
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audits_auditable", ["auditable_type", "auditable_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_audits_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_audits_organization_id"), ["organization_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_audits_user_id"), ["user_id"], unique=False)

    op.create_table(
        "http_proxy_locations",
        sa.Column("http_proxy_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["http_proxy_id"],
            ["http_proxies.id"],
            name=op.f("fk_http_proxy_locations_http_proxy_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_http_proxy_locations_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "http_proxy_id", "location_id", name=op.f("pk_http_proxy_locations")
        ),
    )
    with op.batch_alter_table("http_proxy_locations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_http_proxy_locations_location_id"), ["location_id"], unique=False
        )

    op.create_table(
        "location_organizations",
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_location_organizations_location_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_location_organizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "location_id", "organization_id", name=op.f("pk_location_organizations")
        ),
    )
    with op.batch_alter_table("location_organizations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_location_organizations_organization_id"),
            ["organization_id"],
            unique=False,
        )

    op.create_table(
        "smart_proxies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("url", sa.String(length=255), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("download_policy", sa.String(length=16), nullable=False),
        sa.Column("http_proxy_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["http_proxy_id"],
            ["http_proxies.id"],
            name=op.f("fk_smart_proxies_http_proxy_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smart_proxies")),
        sa.UniqueConstraint("name", name=op.f("uq_smart_proxies_name")),
        sa.UniqueConstraint("url", name=op.f("uq_smart_proxies_url")),
    )
    op.create_table(
        "user_locations",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_user_locations_location_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_locations_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "location_id", name=op.f("pk_user_locations")),
    )
    with op.batch_alter_table("user_locations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_user_locations_location_id"), ["location_id"], unique=False
        )

    op.create_table(
        "smart_proxy_locations",
        sa.Column("smart_proxy_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_smart_proxy_locations_location_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["smart_proxy_id"],
            ["smart_proxies.id"],
            name=op.f("fk_smart_proxy_locations_smart_proxy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "smart_proxy_id", "location_id", name=op.f("pk_smart_proxy_locations")
        ),
    )
    with op.batch_alter_table("smart_proxy_locations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_smart_proxy_locations_location_id"), ["location_id"], unique=False
        )

    op.create_table(
        "smart_proxy_organizations",
        sa.Column("smart_proxy_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_smart_proxy_organizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["smart_proxy_id"],
            ["smart_proxies.id"],
            name=op.f("fk_smart_proxy_organizations_smart_proxy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "smart_proxy_id", "organization_id", name=op.f("pk_smart_proxy_organizations")
        ),
    )
    with op.batch_alter_table("smart_proxy_organizations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_smart_proxy_organizations_organization_id"),
            ["organization_id"],
            unique=False,
        )

    with op.batch_alter_table("content_uploads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("imported_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Remove them."""
    with op.batch_alter_table("content_uploads", schema=None) as batch_op:
        batch_op.drop_column("imported_at")

    with op.batch_alter_table("smart_proxy_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smart_proxy_organizations_organization_id"))

    op.drop_table("smart_proxy_organizations")
    with op.batch_alter_table("smart_proxy_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smart_proxy_locations_location_id"))

    op.drop_table("smart_proxy_locations")
    with op.batch_alter_table("user_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_locations_location_id"))

    op.drop_table("user_locations")
    op.drop_table("smart_proxies")
    with op.batch_alter_table("location_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_location_organizations_organization_id"))

    op.drop_table("location_organizations")
    with op.batch_alter_table("http_proxy_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_http_proxy_locations_location_id"))

    op.drop_table("http_proxy_locations")
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audits_user_id"))
        batch_op.drop_index(batch_op.f("ix_audits_organization_id"))
        batch_op.drop_index(batch_op.f("ix_audits_created_at"))
        batch_op.drop_index("ix_audits_auditable")

    op.drop_table("audits")
    with op.batch_alter_table("locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_locations_parent_id"))

    op.drop_table("locations")
