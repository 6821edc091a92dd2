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
        "login_failures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_failures")),
    )
    with op.batch_alter_table("login_failures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_failures_last_at"), ["last_at"], unique=False)

    op.create_table(
        "module_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_profiles")),
        sa.UniqueConstraint("digest", name=op.f("uq_module_profiles_digest")),
    )
    op.create_table(
        "oauth_nonces",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_oauth_nonces")),
    )
    with op.batch_alter_table("oauth_nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oauth_nonces_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "package_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_profiles")),
        sa.UniqueConstraint("digest", name=op.f("uq_package_profiles_digest")),
    )
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
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_values")),
        sa.UniqueConstraint("name", name=op.f("uq_setting_values_name")),
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
        "external_usergroups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("usergroup_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("auth_source_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["usergroup_id"],
            ["usergroups.id"],
            name=op.f("fk_external_usergroups_usergroup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_usergroups")),
        sa.UniqueConstraint(
            "usergroup_id", "name", name=op.f("uq_external_usergroups_usergroup_id_name")
        ),
    )
    op.create_table(
        "host_collections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("max_hosts", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_host_collections_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_collections")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_host_collections_organization_id_name")
        ),
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
        "module_profile_streams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("stream", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("context", sa.String(length=64), nullable=False),
        sa.Column("arch", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("installed_profiles", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["module_profiles.id"],
            name=op.f("fk_module_profile_streams_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_profile_streams")),
    )
    with op.batch_alter_table("module_profile_streams", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_module_profile_streams_profile_id"), ["profile_id"], unique=False
        )

    op.create_table(
        "package_profile_packages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("release", sa.String(length=255), nullable=False),
        sa.Column("arch", sa.String(length=64), nullable=False),
        sa.Column("vendor", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["package_profiles.id"],
            name=op.f("fk_package_profile_packages_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_profile_packages")),
    )
    with op.batch_alter_table("package_profile_packages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_package_profile_packages_name", ["name", "profile_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_package_profile_packages_profile_id"), ["profile_id"], unique=False
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
        "rpm_pieces",
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("pieces", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_rpm_pieces_blob_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_rpm_pieces")),
    )
    with op.batch_alter_table("rpm_pieces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rpm_pieces_anchor"), ["anchor"], unique=False)

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
        "activation_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("max_hosts", sa.Integer(), nullable=True),
        sa.Column("release_version", sa.String(length=64), nullable=True),
        sa.Column("auto_attach", sa.Boolean(), nullable=False),
        sa.Column("service_level", sa.String(length=255), nullable=True),
        sa.Column("purpose_usage", sa.String(length=255), nullable=True),
        sa.Column("purpose_role", sa.String(length=255), nullable=True),
        sa.Column("purpose_addons", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_activation_keys_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_activation_keys_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation_keys")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_activation_keys_organization_id_name")
        ),
    )
    with op.batch_alter_table("activation_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activation_keys_user_id"), ["user_id"], unique=False)

    op.create_table(
        "audits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("auditable_type", sa.String(length=64), nullable=False),
        sa.Column("auditable_id", sa.Integer(), nullable=True),
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
        "bookmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("controller", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_bookmarks_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookmarks")),
        sa.UniqueConstraint(
            "user_id", "controller", "name", name=op.f("uq_bookmarks_user_id_controller_name")
        ),
    )
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
        "smart_proxy_environments",
        sa.Column("smart_proxy_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["lifecycle_environments.id"],
            name=op.f("fk_smart_proxy_environments_environment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["smart_proxy_id"],
            ["smart_proxies.id"],
            name=op.f("fk_smart_proxy_environments_smart_proxy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "smart_proxy_id", "environment_id", name=op.f("pk_smart_proxy_environments")
        ),
    )
    with op.batch_alter_table("smart_proxy_environments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_smart_proxy_environments_environment_id"),
            ["environment_id"],
            unique=False,
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

    op.create_table(
        "activation_key_collections",
        sa.Column("activation_key_id", sa.Integer(), nullable=False),
        sa.Column("host_collection_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_key_id"],
            ["activation_keys.id"],
            name=op.f("fk_activation_key_collections_activation_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["host_collection_id"],
            ["host_collections.id"],
            name=op.f("fk_activation_key_collections_host_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "activation_key_id", "host_collection_id", name=op.f("pk_activation_key_collections")
        ),
    )
    with op.batch_alter_table("activation_key_collections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_activation_key_collections_host_collection_id"),
            ["host_collection_id"],
            unique=False,
        )

    op.create_table(
        "activation_key_environments",
        sa.Column("activation_key_id", sa.Integer(), nullable=False),
        sa.Column("distribution_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_key_id"],
            ["activation_keys.id"],
            name=op.f("fk_activation_key_environments_activation_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["distribution_id"],
            ["distributions.id"],
            name=op.f("fk_activation_key_environments_distribution_id"),
        ),
        sa.PrimaryKeyConstraint(
            "activation_key_id", "distribution_id", name=op.f("pk_activation_key_environments")
        ),
    )
    with op.batch_alter_table("activation_key_environments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_activation_key_environments_distribution_id"),
            ["distribution_id"],
            unique=False,
        )

    op.create_table(
        "hosts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("uuid", sa.String(length=36), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=True),
        sa.Column("last_checkin", UtcDateTime(), nullable=True),
        sa.Column("content_source_id", sa.Integer(), nullable=True),
        sa.Column("kickstart_repository_id", sa.Integer(), nullable=True),
        sa.Column("release_version", sa.String(length=64), nullable=True),
        sa.Column("autoheal", sa.Boolean(), nullable=False),
        sa.Column("service_level", sa.String(length=255), nullable=True),
        sa.Column("purpose_usage", sa.String(length=255), nullable=True),
        sa.Column("purpose_role", sa.String(length=255), nullable=True),
        sa.Column("purpose_addons", sa.JSON(), nullable=False),
        sa.Column("hypervisor_guest_uuids", sa.JSON(), nullable=False),
        sa.Column("bootc_booted_image", sa.String(length=255), nullable=True),
        sa.Column("bootc_booted_digest", sa.String(length=80), nullable=True),
        sa.Column("bootc_staged_image", sa.String(length=255), nullable=True),
        sa.Column("bootc_staged_digest", sa.String(length=80), nullable=True),
        sa.Column("bootc_available_image", sa.String(length=255), nullable=True),
        sa.Column("bootc_available_digest", sa.String(length=80), nullable=True),
        sa.Column("bootc_rollback_image", sa.String(length=255), nullable=True),
        sa.Column("bootc_rollback_digest", sa.String(length=80), nullable=True),
        sa.Column("package_profile_id", sa.Integer(), nullable=True),
        sa.Column("module_profile_id", sa.Integer(), nullable=True),
        sa.Column("facts_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_source_id"],
            ["smart_proxies.id"],
            name=op.f("fk_hosts_content_source_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["kickstart_repository_id"],
            ["repositories.id"],
            name=op.f("fk_hosts_kickstart_repository_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_hosts_location_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["module_profile_id"], ["module_profiles.id"], name=op.f("fk_hosts_module_profile_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_hosts_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_hosts_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["package_profile_id"],
            ["package_profiles.id"],
            name=op.f("fk_hosts_package_profile_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hosts")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_hosts_organization_id_name")),
        sa.UniqueConstraint("uuid", name=op.f("uq_hosts_uuid")),
    )
    with op.batch_alter_table("hosts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_hosts_bootc_booted_image"), ["bootc_booted_image"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_hosts_content_source_id"), ["content_source_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_hosts_kickstart_repository_id"),
            ["kickstart_repository_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_hosts_last_checkin"), ["last_checkin"], unique=False)
        batch_op.create_index(batch_op.f("ix_hosts_location_id"), ["location_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_hosts_module_profile_id"), ["module_profile_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_hosts_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_hosts_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_hosts_package_profile_id"), ["package_profile_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_hosts_registered_at"), ["registered_at"], unique=False)

    op.create_table(
        "activation_key_hosts",
        sa.Column("activation_key_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_key_id"],
            ["activation_keys.id"],
            name=op.f("fk_activation_key_hosts_activation_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["hosts.id"],
            name=op.f("fk_activation_key_hosts_host_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "activation_key_id", "host_id", name=op.f("pk_activation_key_hosts")
        ),
    )
    with op.batch_alter_table("activation_key_hosts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_activation_key_hosts_host_id"), ["host_id"], unique=False
        )

    op.create_table(
        "content_overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activation_key_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("content_label", sa.String(length=512), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_key_id"],
            ["activation_keys.id"],
            name=op.f("fk_content_overrides_activation_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["hosts.id"], name=op.f("fk_content_overrides_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_overrides")),
        sa.UniqueConstraint(
            "activation_key_id",
            "content_label",
            "name",
            name=op.f("uq_content_overrides_activation_key_id_content_label_name"),
        ),
        sa.UniqueConstraint(
            "host_id",
            "content_label",
            "name",
            name=op.f("uq_content_overrides_host_id_content_label_name"),
        ),
    )
    op.create_table(
        "host_collection_hosts",
        sa.Column("host_collection_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_collection_id"],
            ["host_collections.id"],
            name=op.f("fk_host_collection_hosts_host_collection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["hosts.id"],
            name=op.f("fk_host_collection_hosts_host_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "host_collection_id", "host_id", name=op.f("pk_host_collection_hosts")
        ),
    )
    with op.batch_alter_table("host_collection_hosts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_host_collection_hosts_host_id"), ["host_id"], unique=False
        )

    op.create_table(
        "host_environments",
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("distribution_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["distribution_id"],
            ["distributions.id"],
            name=op.f("fk_host_environments_distribution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["hosts.id"], name=op.f("fk_host_environments_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("host_id", "distribution_id", name=op.f("pk_host_environments")),
    )
    with op.batch_alter_table("host_environments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_host_environments_distribution_id"), ["distribution_id"], unique=False
        )

    op.create_table(
        "host_facts",
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["hosts.id"], name=op.f("fk_host_facts_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("host_id", "name", name=op.f("pk_host_facts")),
    )
    with op.batch_alter_table("host_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_host_facts_name"), ["name"], unique=False)

    op.create_table(
        "host_parameters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("parameter_type", sa.String(length=16), nullable=False),
        sa.Column("hidden_value", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["hosts.id"], name=op.f("fk_host_parameters_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_parameters")),
        sa.UniqueConstraint("host_id", "name", name=op.f("uq_host_parameters_host_id_name")),
    )
    op.create_table(
        "host_products",
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=64), nullable=False),
        sa.Column("product_name", sa.String(length=255), nullable=False),
        sa.Column("arch", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["hosts.id"], name=op.f("fk_host_products_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("host_id", "product_id", name=op.f("pk_host_products")),
    )
    op.create_table(
        "host_traces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("application", sa.String(length=255), nullable=False),
        sa.Column("helper", sa.String(length=255), nullable=True),
        sa.Column("app_type", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["hosts.id"], name=op.f("fk_host_traces_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_traces")),
        sa.UniqueConstraint(
            "host_id", "application", name=op.f("uq_host_traces_host_id_application")
        ),
    )
    op.drop_table("user_permissions")
    with op.batch_alter_table("content_uploads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("imported_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_seen_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("default_organization_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("default_location_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("auth_source_id", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.add_column(sa.Column("external_subject", sa.String(length=255), nullable=True))
        batch_op.create_unique_constraint(
            batch_op.f("uq_users_external_subject"), ["external_subject"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_users_default_organization_id"),
            "organizations",
            ["default_organization_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_users_default_location_id"),
            "locations",
            ["default_location_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:  # noqa: PLR0915 - a list
    """Remove them."""
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_users_default_location_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_users_default_organization_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_users_external_subject"), type_="unique")
        batch_op.drop_column("external_subject")
        batch_op.drop_column("auth_source_id")
        batch_op.drop_column("default_location_id")
        batch_op.drop_column("default_organization_id")
        batch_op.drop_column("description")

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_column("last_seen_at")

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
    op.drop_table("host_traces")
    op.drop_table("host_products")
    op.drop_table("host_parameters")
    with op.batch_alter_table("host_facts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_host_facts_name"))

    op.drop_table("host_facts")
    with op.batch_alter_table("host_environments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_host_environments_distribution_id"))

    op.drop_table("host_environments")
    with op.batch_alter_table("host_collection_hosts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_host_collection_hosts_host_id"))

    op.drop_table("host_collection_hosts")
    op.drop_table("content_overrides")
    with op.batch_alter_table("activation_key_hosts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activation_key_hosts_host_id"))

    op.drop_table("activation_key_hosts")
    with op.batch_alter_table("hosts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hosts_registered_at"))
        batch_op.drop_index(batch_op.f("ix_hosts_package_profile_id"))
        batch_op.drop_index(batch_op.f("ix_hosts_owner_id"))
        batch_op.drop_index(batch_op.f("ix_hosts_name"))
        batch_op.drop_index(batch_op.f("ix_hosts_module_profile_id"))
        batch_op.drop_index(batch_op.f("ix_hosts_location_id"))
        batch_op.drop_index(batch_op.f("ix_hosts_last_checkin"))
        batch_op.drop_index(batch_op.f("ix_hosts_kickstart_repository_id"))
        batch_op.drop_index(batch_op.f("ix_hosts_content_source_id"))
        batch_op.drop_index(batch_op.f("ix_hosts_bootc_booted_image"))

    op.drop_table("hosts")
    with op.batch_alter_table("activation_key_environments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activation_key_environments_distribution_id"))

    op.drop_table("activation_key_environments")
    with op.batch_alter_table("activation_key_collections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activation_key_collections_host_collection_id"))

    op.drop_table("activation_key_collections")
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
    with op.batch_alter_table("smart_proxy_environments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smart_proxy_environments_environment_id"))

    op.drop_table("smart_proxy_environments")
    with op.batch_alter_table("role_filter_permissions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_filter_permissions_permission_id"))

    op.drop_table("role_filter_permissions")
    with op.batch_alter_table("role_filter_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_filter_organizations_organization_id"))

    op.drop_table("role_filter_organizations")
    op.drop_table("bookmarks")
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audits_user_id"))
        batch_op.drop_index(batch_op.f("ix_audits_organization_id"))
        batch_op.drop_index(batch_op.f("ix_audits_created_at"))
        batch_op.drop_index("ix_audits_auditable")

    op.drop_table("audits")
    with op.batch_alter_table("activation_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activation_keys_user_id"))

    op.drop_table("activation_keys")
    with op.batch_alter_table("usergroup_roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usergroup_roles_role_id"))

    op.drop_table("usergroup_roles")
    with op.batch_alter_table("usergroup_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usergroup_members_member_id"))

    op.drop_table("usergroup_members")
    op.drop_table("smart_proxies")
    with op.batch_alter_table("rpm_pieces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rpm_pieces_anchor"))

    op.drop_table("rpm_pieces")
    with op.batch_alter_table("role_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_organizations_organization_id"))

    op.drop_table("role_organizations")
    with op.batch_alter_table("role_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_locations_location_id"))

    op.drop_table("role_locations")
    with op.batch_alter_table("role_filters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_filters_role_id"))

    op.drop_table("role_filters")
    with op.batch_alter_table("package_profile_packages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_package_profile_packages_profile_id"))
        batch_op.drop_index("ix_package_profile_packages_name")

    op.drop_table("package_profile_packages")
    with op.batch_alter_table("module_profile_streams", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_module_profile_streams_profile_id"))

    op.drop_table("module_profile_streams")
    with op.batch_alter_table("location_organizations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_location_organizations_organization_id"))

    op.drop_table("location_organizations")
    with op.batch_alter_table("http_proxy_locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_http_proxy_locations_location_id"))

    op.drop_table("http_proxy_locations")
    op.drop_table("host_collections")
    op.drop_table("external_usergroups")
    op.drop_table("usergroups")
    op.drop_table("setting_values")
    op.drop_table("roles")
    op.drop_table("permissions")
    op.drop_table("package_profiles")
    with op.batch_alter_table("oauth_nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_oauth_nonces_seen_at"))

    op.drop_table("oauth_nonces")
    op.drop_table("module_profiles")
    with op.batch_alter_table("login_failures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_failures_last_at"))

    op.drop_table("login_failures")
    with op.batch_alter_table("locations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_locations_parent_id"))

    op.drop_table("locations")
