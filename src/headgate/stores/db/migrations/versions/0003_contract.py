"""Hosts, roles and what else clients of the contract keep."""

import sqlalchemy as sa
from alembic import op

from headgate.stores.db.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:  # noqa: PLR0915 - a list
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
        "permissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("resource_type", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions")),
        sa.UniqueConstraint("name", name=op.f("uq_permissions_name")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("for_everyone", sa.Boolean(), nullable=False),
        sa.Column("cloned_from_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cloned_from_id"],
            ["roles.id"],
            name=op.f("fk_roles_cloned_from_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "setting_values",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting_values")),
    )
    op.create_table(
        "usergroups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usergroups")),
        sa.UniqueConstraint("name", name=op.f("uq_usergroups_name")),
    )
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
        "role_filters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("resource_type", sa.String(length=64), nullable=False),
        sa.Column("search", sa.Text(), nullable=True),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_filters_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_filters")),
    )
    with op.batch_alter_table("role_filters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_filters_role_id"), ["role_id"], unique=False)

    op.create_table(
        "role_locations",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_role_locations_location_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_locations_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "location_id", name=op.f("pk_role_locations")),
    )
    with op.batch_alter_table("role_locations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_role_locations_location_id"), ["location_id"], unique=False
        )

    op.create_table(
        "role_organizations",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_role_organizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["roles.id"],
            name=op.f("fk_role_organizations_role_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("role_id", "organization_id", name=op.f("pk_role_organizations")),
    )
    with op.batch_alter_table("role_organizations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_role_organizations_organization_id"), ["organization_id"], unique=False
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
        "usergroup_members",
        sa.Column("usergroup_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["usergroups.id"],
            name=op.f("fk_usergroup_members_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["usergroup_id"],
            ["usergroups.id"],
            name=op.f("fk_usergroup_members_usergroup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("usergroup_id", "member_id", name=op.f("pk_usergroup_members")),
    )
    with op.batch_alter_table("usergroup_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_usergroup_members_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "usergroup_roles",
        sa.Column("usergroup_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_usergroup_roles_role_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["usergroup_id"],
            ["usergroups.id"],
            name=op.f("fk_usergroup_roles_usergroup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("usergroup_id", "role_id", name=op.f("pk_usergroup_roles")),
    )
    with op.batch_alter_table("usergroup_roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_usergroup_roles_role_id"), ["role_id"], unique=False)

    op.create_table(
        "role_filter_organizations",
        sa.Column("filter_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["role_filters.id"],
            name=op.f("fk_role_filter_organizations_filter_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_role_filter_organizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "filter_id", "organization_id", name=op.f("pk_role_filter_organizations")
        ),
    )
    with op.batch_alter_table("role_filter_organizations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_role_filter_organizations_organization_id"),
            ["organization_id"],
            unique=False,
        )

    op.create_table(
        "role_filter_permissions",
        sa.Column("filter_id", sa.Integer(), nullable=False),
        sa.Column("permission_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["role_filters.id"],
            name=op.f("fk_role_filter_permissions_filter_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["permissions.id"],
            name=op.f("fk_role_filter_permissions_permission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "filter_id", "permission_id", name=op.f("pk_role_filter_permissions")
        ),
    )
    with op.batch_alter_table("role_filter_permissions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_role_filter_permissions_permission_id"), ["permission_id"], unique=False
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
        "user_roles",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_user_roles_role_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_roles")),
    )
    with op.batch_alter_table("user_roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_roles_role_id"), ["role_id"], unique=False)

    op.create_table(
        "usergroup_users",
        sa.Column("usergroup_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usergroup_users_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["usergroup_id"],
            ["usergroups.id"],
            name=op.f("fk_usergroup_users_usergroup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("usergroup_id", "user_id", name=op.f("pk_usergroup_users")),
    )
    with op.batch_alter_table("usergroup_users", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_usergroup_users_user_id"), ["user_id"], unique=False)

    op.drop_table("user_permissions")
    with op.batch_alter_table("content_uploads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("imported_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("default_organization_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("default_location_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_users_default_location_id"),
            "locations",
            ["default_location_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_users_default_organization_id"),
            "organizations",
            ["default_organization_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:  # noqa: PLR0915 - a list
    """Remove them."""
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_users_default_organization_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_users_default_location_id"), type_="foreignkey")
        batch_op.drop_column("default_location_id")
        batch_op.drop_column("default_organization_id")
        batch_op.drop_column("description")

    with op.batch_alter_table("content_uploads", schema=None) as batch_op:
        batch_op.drop_column("imported_at")

    op.create_table(
        "user_permissions",
        sa.Column("user_id", sa.INTEGER(), nullable=False),
        sa.Column("permission", sa.VARCHAR(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_permissions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "permission", name=op.f("pk_user_permissions")),
    )
    with op.batch_alter_table("usergroup_users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usergroup_users_user_id"))

    op.drop_table("usergroup_users")
    with op.batch_alter_table("user_roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_roles_role_id"))

    op.drop_table("user_roles")
    with op.batch_alter_table("user_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_locations_location_id"))

    op.drop_table("user_locations")
    with op.batch_alter_table("smart_proxy_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smart_proxy_organizations_organization_id"))

    op.drop_table("smart_proxy_organizations")
    with op.batch_alter_table("smart_proxy_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smart_proxy_locations_location_id"))

    op.drop_table("smart_proxy_locations")
    with op.batch_alter_table("role_filter_permissions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_filter_permissions_permission_id"))

    op.drop_table("role_filter_permissions")
    with op.batch_alter_table("role_filter_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_filter_organizations_organization_id"))

    op.drop_table("role_filter_organizations")
    with op.batch_alter_table("usergroup_roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usergroup_roles_role_id"))

    op.drop_table("usergroup_roles")
    with op.batch_alter_table("usergroup_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usergroup_members_member_id"))

    op.drop_table("usergroup_members")
    op.drop_table("smart_proxies")
    with op.batch_alter_table("role_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_organizations_organization_id"))

    op.drop_table("role_organizations")
    with op.batch_alter_table("role_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_locations_location_id"))

    op.drop_table("role_locations")
    with op.batch_alter_table("role_filters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_filters_role_id"))

    op.drop_table("role_filters")
    with op.batch_alter_table("location_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_location_organizations_organization_id"))

    op.drop_table("location_organizations")
    with op.batch_alter_table("http_proxy_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_http_proxy_locations_location_id"))

    op.drop_table("http_proxy_locations")
    op.drop_table("usergroups")
    op.drop_table("setting_values")
    op.drop_table("roles")
    op.drop_table("permissions")
    with op.batch_alter_table("locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_locations_parent_id"))

    op.drop_table("locations")
