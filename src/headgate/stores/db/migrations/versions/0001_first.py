"""The first schema, as it was: tables may have gained columns since, by later revisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateSequence, DropSequence

from headgate.stores.db.types import UtcDateTime

revision = "0001"
down_revision = None

_TASK_NUMBERS = sa.Sequence("task_numbers")


def upgrade() -> None:  # noqa: PLR0915 - a list
    """Make every table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(CreateSequence(_TASK_NUMBERS))
    op.create_table(
        "blobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
        sa.UniqueConstraint("digest", name=op.f("uq_blobs_digest")),
    )
    op.create_table(
        "collection_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_requests")),
    )
    op.create_table(
        "content_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_sets")),
        sa.UniqueConstraint("digest", name=op.f("uq_content_sets_digest")),
    )
    op.create_table(
        "errata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("errata_id", sa.String(length=255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=64), nullable=False),
        sa.Column("issued", UtcDateTime(), nullable=True),
        sa.Column("updated", UtcDateTime(), nullable=True),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("reboot_suggested", sa.Boolean(), nullable=False),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("packages", sa.JSON(), nullable=False),
        sa.Column("modules", sa.JSON(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errata")),
        sa.UniqueConstraint("digest", name=op.f("uq_errata_digest")),
    )
    op.create_index(op.f("ix_errata_errata_id"), "errata", ["errata_id"], unique=False)
    op.create_table(
        "executors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("process", sa.String(length=128), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executors")),
    )
    op.create_table(
        "http_proxies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("content_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_http_proxies")),
        sa.UniqueConstraint("name", name=op.f("uq_http_proxies_name")),
    )
    _partial_index(
        "ix_http_proxies_content_default",
        "http_proxies",
        "content_default",
        sqlite="content_default = 1",
        postgresql="content_default",
        unique=True,
    )
    op.create_table(
        "module_documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("stream", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("context", sa.String(length=64), nullable=False),
        sa.Column("arch", sa.String(length=32), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("artifacts", sa.JSON(), nullable=False),
        sa.Column("profiles", sa.JSON(), nullable=False),
        sa.Column("dependencies", sa.JSON(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_documents")),
        sa.UniqueConstraint("digest", name=op.f("uq_module_documents_digest")),
    )
    op.create_index(op.f("ix_module_documents_name"), "module_documents", ["name"], unique=False)
    op.create_table(
        "organizations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("debug_certificate", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("label", name=op.f("uq_organizations_label")),
        sa.UniqueConstraint("name", name=op.f("uq_organizations_name")),
    )
    op.create_table(
        "package_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_groups")),
        sa.UniqueConstraint("digest", name=op.f("uq_package_groups_digest")),
    )
    op.create_table(
        "revoked_certificates",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_revoked_certificates")),
    )
    op.create_table(
        "task_schedules",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("timing", sa.String(length=128), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("executor", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_task_schedules")),
    )
    op.create_table(
        "unit_pins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("unit_type", sa.String(length=32), nullable=False),
        sa.Column("units", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_pins")),
    )
    op.create_index(op.f("ix_unit_pins_holder"), "unit_pins", ["holder"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=100), nullable=False),
        sa.Column("firstname", sa.String(length=50), nullable=True),
        sa.Column("lastname", sa.String(length=50), nullable=True),
        sa.Column("mail", sa.String(length=254), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("last_login_on", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_table(
        "blob_pins",
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_blob_pins_blob_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("blob_id", "holder", name=op.f("pk_blob_pins")),
    )
    op.create_index(op.f("ix_blob_pins_holder"), "blob_pins", ["holder"], unique=False)
    op.create_table(
        "content_credentials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_content_credentials_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_credentials")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_content_credentials_organization_id_name")
        ),
    )
    op.create_table(
        "content_set_members",
        sa.Column("content_set_id", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=32), nullable=False),
        sa.Column("units", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_set_id"],
            ["content_sets.id"],
            name=op.f("fk_content_set_members_content_set_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "content_set_id", "content_type", name=op.f("pk_content_set_members")
        ),
    )
    op.create_table(
        "content_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("default", sa.Boolean(), nullable=False),
        sa.Column("composite", sa.Boolean(), nullable=False),
        sa.Column("rolling", sa.Boolean(), nullable=False),
        sa.Column("import_only", sa.Boolean(), nullable=False),
        sa.Column("generated_for", sa.String(length=64), nullable=False),
        sa.Column("auto_publish", sa.Boolean(), nullable=False),
        sa.Column("solve_dependencies", sa.Boolean(), nullable=False),
        sa.Column("next_major", sa.Integer(), nullable=False),
        sa.Column("keep_versions", sa.Integer(), nullable=True),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_content_views_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_views")),
        sa.UniqueConstraint(
            "organization_id", "label", name=op.f("uq_content_views_organization_id_label")
        ),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_content_views_organization_id_name")
        ),
    )
    op.create_table(
        "file_units",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("checksum", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_file_units_blob_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_units")),
        sa.UniqueConstraint("digest", name=op.f("uq_file_units_digest")),
    )
    op.create_index(op.f("ix_file_units_blob_id"), "file_units", ["blob_id"], unique=False)
    op.create_index(op.f("ix_file_units_checksum"), "file_units", ["checksum"], unique=False)
    op.create_index(op.f("ix_file_units_path"), "file_units", ["path"], unique=False)
    op.create_table(
        "http_proxy_organizations",
        sa.Column("http_proxy_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["http_proxy_id"],
            ["http_proxies.id"],
            name=op.f("fk_http_proxy_organizations_http_proxy_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_http_proxy_organizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "http_proxy_id", "organization_id", name=op.f("pk_http_proxy_organizations")
        ),
    )
    op.create_index(
        op.f("ix_http_proxy_organizations_organization_id"),
        "http_proxy_organizations",
        ["organization_id"],
        unique=False,
    )
    op.create_table(
        "lifecycle_environments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("library", sa.Boolean(), nullable=False),
        sa.Column("prior_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_lifecycle_environments_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prior_id"],
            ["lifecycle_environments.id"],
            name=op.f("fk_lifecycle_environments_prior_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycle_environments")),
        sa.UniqueConstraint(
            "organization_id", "label", name=op.f("uq_lifecycle_environments_organization_id_label")
        ),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_lifecycle_environments_organization_id_name")
        ),
    )
    op.create_index(
        op.f("ix_lifecycle_environments_prior_id"),
        "lifecycle_environments",
        ["prior_id"],
        unique=False,
    )
    op.create_table(
        "organization_quotas",
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("soft_bytes", sa.BigInteger(), nullable=True),
        sa.Column("hard_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_organization_quotas_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_organization_quotas")),
    )
    op.create_table(
        "personal_access_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_personal_access_tokens_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_access_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_personal_access_tokens_token_hash")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_personal_access_tokens_user_id_name")),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_set_id", sa.Integer(), nullable=False),
        sa.Column("options", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("dormant", sa.Boolean(), nullable=False),
        sa.Column("awake_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["content_set_id"], ["content_sets.id"], name=op.f("fk_publications_content_set_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint(
            "content_set_id", "options", name=op.f("uq_publications_content_set_id_options")
        ),
    )
    op.create_table(
        "recurring_logics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("workflow", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("cron_line", sa.String(length=128), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("iteration", sa.Integer(), nullable=False),
        sa.Column("last_task_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_recurring_logics_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring_logics")),
    )
    _partial_index(
        "ix_recurring_logics_next_at",
        "recurring_logics",
        "next_at",
        sqlite="next_at IS NOT NULL",
        postgresql="next_at IS NOT NULL",
    )
    op.create_table(
        "rpm_distribution_trees",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("path", sa.String(length=32), nullable=False),
        sa.Column("family", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("arch", sa.String(length=32), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_rpm_distribution_trees_blob_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rpm_distribution_trees")),
        sa.UniqueConstraint("digest", name=op.f("uq_rpm_distribution_trees_digest")),
    )
    op.create_index(
        op.f("ix_rpm_distribution_trees_blob_id"),
        "rpm_distribution_trees",
        ["blob_id"],
        unique=False,
    )
    op.create_table(
        "rpm_packs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("primary_gz", sa.Integer(), nullable=False),
        sa.Column("primary_zst", sa.Integer(), nullable=False),
        sa.Column("filelists_gz", sa.Integer(), nullable=False),
        sa.Column("filelists_zst", sa.Integer(), nullable=False),
        sa.Column("other_gz", sa.Integer(), nullable=False),
        sa.Column("other_zst", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filelists_gz"], ["blobs.id"], name=op.f("fk_rpm_packs_filelists_gz")
        ),
        sa.ForeignKeyConstraint(
            ["filelists_zst"], ["blobs.id"], name=op.f("fk_rpm_packs_filelists_zst")
        ),
        sa.ForeignKeyConstraint(["other_gz"], ["blobs.id"], name=op.f("fk_rpm_packs_other_gz")),
        sa.ForeignKeyConstraint(["other_zst"], ["blobs.id"], name=op.f("fk_rpm_packs_other_zst")),
        sa.ForeignKeyConstraint(["primary_gz"], ["blobs.id"], name=op.f("fk_rpm_packs_primary_gz")),
        sa.ForeignKeyConstraint(
            ["primary_zst"], ["blobs.id"], name=op.f("fk_rpm_packs_primary_zst")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rpm_packs")),
    )
    op.create_index(op.f("ix_rpm_packs_filelists_gz"), "rpm_packs", ["filelists_gz"], unique=False)
    op.create_index(
        op.f("ix_rpm_packs_filelists_zst"), "rpm_packs", ["filelists_zst"], unique=False
    )
    op.create_index(op.f("ix_rpm_packs_other_gz"), "rpm_packs", ["other_gz"], unique=False)
    op.create_index(op.f("ix_rpm_packs_other_zst"), "rpm_packs", ["other_zst"], unique=False)
    op.create_index(op.f("ix_rpm_packs_primary_gz"), "rpm_packs", ["primary_gz"], unique=False)
    op.create_index(op.f("ix_rpm_packs_primary_zst"), "rpm_packs", ["primary_zst"], unique=False)
    op.create_table(
        "rpm_repository_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_rpm_repository_files_blob_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rpm_repository_files")),
        sa.UniqueConstraint("digest", name=op.f("uq_rpm_repository_files_digest")),
    )
    op.create_index(
        op.f("ix_rpm_repository_files_blob_id"), "rpm_repository_files", ["blob_id"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("former", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_signing_keys_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_signing_keys_organization_id_name")
        ),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("workflow", sa.String(length=64), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("output", sa.JSON(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("fraction", sa.Float(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("cancellable", sa.Boolean(), nullable=False),
        sa.Column("start_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("executor", sa.String(length=64), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_tasks_organization_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["tasks.id"], name=op.f("fk_tasks_parent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tasks_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("number", name=op.f("uq_tasks_number")),
    )
    op.create_index(op.f("ix_tasks_label"), "tasks", ["label"], unique=False)
    op.create_index(op.f("ix_tasks_organization_id"), "tasks", ["organization_id"], unique=False)
    op.create_index(op.f("ix_tasks_parent_id"), "tasks", ["parent_id"], unique=False)
    op.create_index("ix_tasks_state_number", "tasks", ["state", "number"], unique=False)
    op.create_table(
        "user_organizations",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_user_organizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_organizations_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "organization_id", name=op.f("pk_user_organizations")),
    )
    op.create_index(
        op.f("ix_user_organizations_organization_id"),
        "user_organizations",
        ["organization_id"],
        unique=False,
    )
    op.create_table(
        "user_permissions",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("permission", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_permissions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "permission", name=op.f("pk_user_permissions")),
    )
    op.create_table(
        "content_view_filters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("inclusion", sa.Boolean(), nullable=False),
        sa.Column("original_packages", sa.Boolean(), nullable=False),
        sa.Column("original_module_streams", sa.Boolean(), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_view_id"],
            ["content_views.id"],
            name=op.f("fk_content_view_filters_content_view_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_view_filters")),
        sa.UniqueConstraint(
            "content_view_id", "name", name=op.f("uq_content_view_filters_content_view_id_name")
        ),
    )
    op.create_table(
        "content_view_histories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("environment", sa.String(length=255), nullable=True),
        sa.Column("environment_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_view_id"],
            ["content_views.id"],
            name=op.f("fk_content_view_histories_content_view_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_view_histories")),
    )
    op.create_index(
        op.f("ix_content_view_histories_content_view_id"),
        "content_view_histories",
        ["content_view_id"],
        unique=False,
    )
    op.create_table(
        "content_view_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("major", sa.Integer(), nullable=False),
        sa.Column("minor", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("solve_dependencies", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("triggered_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_view_id"],
            ["content_views.id"],
            name=op.f("fk_content_view_versions_content_view_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_view_versions")),
        sa.UniqueConstraint(
            "content_view_id",
            "major",
            "minor",
            name=op.f("uq_content_view_versions_content_view_id_major_minor"),
        ),
    )
    _partial_index(
        "ix_content_view_versions_unpublished",
        "content_view_versions",
        "task_id",
        sqlite="published = 0",
        postgresql="NOT published",
    )
    op.create_table(
        "dormant_files",
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_dormant_files_publication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publication_id", "path", name=op.f("pk_dormant_files")),
    )
    op.create_table(
        "publication_files",
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_publication_files_blob_id")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_publication_files_publication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publication_id", "path", name=op.f("pk_publication_files")),
    )
    op.create_index("ix_publication_files_blob_id", "publication_files", ["blob_id"], unique=False)
    op.create_table(
        "rpm_distribution_tree_files",
        sa.Column("tree_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("checksum_type", sa.String(length=8), nullable=True),
        sa.Column("checksum", sa.LargeBinary(), nullable=True),
        sa.Column("blob_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_rpm_distribution_tree_files_blob_id")
        ),
        sa.ForeignKeyConstraint(
            ["tree_id"],
            ["rpm_distribution_trees.id"],
            name=op.f("fk_rpm_distribution_tree_files_tree_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tree_id", "path", name=op.f("pk_rpm_distribution_tree_files")),
    )
    op.create_index(
        op.f("ix_rpm_distribution_tree_files_blob_id"),
        "rpm_distribution_tree_files",
        ["blob_id"],
        unique=False,
    )
    op.create_table(
        "rpm_segments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("layout", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["rpm_packs.id"], name=op.f("fk_rpm_segments_pack_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rpm_segments")),
    )
    op.create_index(op.f("ix_rpm_segments_pack_id"), "rpm_segments", ["pack_id"], unique=False)
    op.create_table(
        "sync_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("interval", sa.String(length=16), nullable=False),
        sa.Column("cron_expression", sa.String(length=128), nullable=True),
        sa.Column("sync_date", UtcDateTime(), nullable=False),
        sa.Column("recurring_logic_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_sync_plans_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recurring_logic_id"],
            ["recurring_logics.id"],
            name=op.f("fk_sync_plans_recurring_logic_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_plans")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_sync_plans_organization_id_name")
        ),
        sa.UniqueConstraint("recurring_logic_id", name=op.f("uq_sync_plans_recurring_logic_id")),
    )
    op.create_table(
        "task_locks",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("resource", sa.String(length=128), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_locks_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "resource", name=op.f("pk_task_locks")),
    )
    _partial_index("ix_task_locks_live", "task_locks", "resource", sqlite="live", postgresql="live")
    op.create_index(op.f("ix_task_locks_resource"), "task_locks", ["resource"], unique=False)
    op.create_table(
        "task_steps",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_steps_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "name", name=op.f("pk_task_steps")),
    )
    op.create_table(
        "content_view_components",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("composite_id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["composite_id"],
            ["content_views.id"],
            name=op.f("fk_content_view_components_composite_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["content_view_id"],
            ["content_views.id"],
            name=op.f("fk_content_view_components_content_view_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["content_view_versions.id"],
            name=op.f("fk_content_view_components_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_view_components")),
        sa.UniqueConstraint(
            "composite_id",
            "content_view_id",
            name=op.f("uq_content_view_components_composite_id_content_view_id"),
        ),
    )
    op.create_index(
        op.f("ix_content_view_components_content_view_id"),
        "content_view_components",
        ["content_view_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_content_view_components_version_id"),
        "content_view_components",
        ["version_id"],
        unique=False,
    )
    op.create_table(
        "content_view_filter_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filter_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("version", sa.String(length=255), nullable=True),
        sa.Column("min_version", sa.String(length=255), nullable=True),
        sa.Column("max_version", sa.String(length=255), nullable=True),
        sa.Column("architecture", sa.String(length=64), nullable=True),
        sa.Column("uuid", sa.String(length=64), nullable=True),
        sa.Column("group_id", sa.String(length=255), nullable=True),
        sa.Column("errata_id", sa.String(length=255), nullable=True),
        sa.Column("start_date", sa.String(length=10), nullable=True),
        sa.Column("end_date", sa.String(length=10), nullable=True),
        sa.Column("date_type", sa.String(length=8), nullable=True),
        sa.Column("types", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("allow_other_types", sa.Boolean(), nullable=True),
        sa.Column("module_stream_id", sa.Integer(), nullable=True),
        sa.Column("module_stream", sa.String(length=700), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["content_view_filters.id"],
            name=op.f("fk_content_view_filter_rules_filter_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_view_filter_rules")),
    )
    op.create_index(
        op.f("ix_content_view_filter_rules_filter_id"),
        "content_view_filter_rules",
        ["filter_id"],
        unique=False,
    )
    op.create_table(
        "content_view_version_components",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["content_view_versions.id"],
            name=op.f("fk_content_view_version_components_component_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["content_view_versions.id"],
            name=op.f("fk_content_view_version_components_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "version_id", "component_id", name=op.f("pk_content_view_version_components")
        ),
    )
    op.create_index(
        op.f("ix_content_view_version_components_component_id"),
        "content_view_version_components",
        ["component_id"],
        unique=False,
    )
    op.create_table(
        "content_view_version_dependencies",
        sa.Column("version_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["content_view_versions.id"],
            name=op.f("fk_content_view_version_dependencies_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_content_view_version_dependencies")),
    )
    op.create_table(
        "distribution_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("base_path", sa.String(length=512), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("serves", sa.String(length=16), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_distribution_changes_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["content_view_versions.id"],
            name=op.f("fk_distribution_changes_version_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_changes")),
    )
    op.create_index(
        op.f("ix_distribution_changes_base_path"),
        "distribution_changes",
        ["base_path"],
        unique=False,
    )
    op.create_index(
        op.f("ix_distribution_changes_organization_id"),
        "distribution_changes",
        ["organization_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_distribution_changes_version_id"),
        "distribution_changes",
        ["version_id"],
        unique=False,
    )
    op.create_table(
        "distributions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("base_path", sa.String(length=512), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_view_id"], ["content_views.id"], name=op.f("fk_distributions_content_view_id")
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["lifecycle_environments.id"],
            name=op.f("fk_distributions_environment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_distributions_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["content_view_versions.id"], name=op.f("fk_distributions_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distributions")),
        sa.UniqueConstraint("base_path", name=op.f("uq_distributions_base_path")),
        sa.UniqueConstraint(
            "content_view_id",
            "environment_id",
            name=op.f("uq_distributions_content_view_id_environment_id"),
        ),
    )
    op.create_index(
        op.f("ix_distributions_environment_id"), "distributions", ["environment_id"], unique=False
    )
    op.create_index(
        op.f("ix_distributions_organization_id"), "distributions", ["organization_id"], unique=False
    )
    op.create_index(
        op.f("ix_distributions_version_id"), "distributions", ["version_id"], unique=False
    )
    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("cp_id", sa.String(length=32), nullable=False),
        sa.Column("sync_plan_id", sa.Integer(), nullable=True),
        sa.Column("gpg_key_id", sa.Integer(), nullable=True),
        sa.Column("ssl_ca_cert_id", sa.Integer(), nullable=True),
        sa.Column("ssl_client_cert_id", sa.Integer(), nullable=True),
        sa.Column("ssl_client_key_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gpg_key_id"],
            ["content_credentials.id"],
            name=op.f("fk_products_gpg_key_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_products_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_ca_cert_id"],
            ["content_credentials.id"],
            name=op.f("fk_products_ssl_ca_cert_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_client_cert_id"],
            ["content_credentials.id"],
            name=op.f("fk_products_ssl_client_cert_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_client_key_id"],
            ["content_credentials.id"],
            name=op.f("fk_products_ssl_client_key_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["sync_plan_id"],
            ["sync_plans.id"],
            name=op.f("fk_products_sync_plan_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("cp_id", name=op.f("uq_products_cp_id")),
        sa.UniqueConstraint(
            "organization_id", "label", name=op.f("uq_products_organization_id_label")
        ),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_products_organization_id_name")
        ),
    )
    op.create_index(op.f("ix_products_sync_plan_id"), "products", ["sync_plan_id"], unique=False)
    op.create_table(
        "rpm_packages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("release", sa.String(length=255), nullable=False),
        sa.Column("arch", sa.String(length=32), nullable=False),
        sa.Column("evr", sa.LargeBinary(), nullable=False),
        sa.Column("checksum_type", sa.String(length=8), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.String(length=1024), nullable=False),
        sa.Column("location_base", sa.String(length=1024), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("sourcerpm", sa.String(length=512), nullable=True),
        sa.Column("blob_id", sa.Integer(), nullable=True),
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_rpm_packages_blob_id")),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["rpm_segments.id"], name=op.f("fk_rpm_packages_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rpm_packages")),
        sa.UniqueConstraint("digest", name=op.f("uq_rpm_packages_digest")),
    )
    op.create_index(op.f("ix_rpm_packages_blob_id"), "rpm_packages", ["blob_id"], unique=False)
    op.create_index(op.f("ix_rpm_packages_location"), "rpm_packages", ["location"], unique=False)
    op.create_index("ix_rpm_packages_name_evr", "rpm_packages", ["name", "evr"], unique=False)
    op.create_index(
        op.f("ix_rpm_packages_segment_id"), "rpm_packages", ["segment_id"], unique=False
    )
    op.create_table(
        "repositories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("content_type", sa.String(length=32), nullable=False),
        sa.Column("relative_path", sa.String(length=512), nullable=False),
        sa.Column("content_id", sa.String(length=32), nullable=False),
        sa.Column("arch", sa.String(length=32), nullable=False),
        sa.Column("unprotected", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("upstream_username", sa.String(length=255), nullable=True),
        sa.Column("upstream_password", sa.LargeBinary(), nullable=True),
        sa.Column("verify_ssl_on_sync", sa.Boolean(), nullable=False),
        sa.Column("http_proxy_url", sa.LargeBinary(), nullable=True),
        sa.Column("http_proxy_policy", sa.String(length=32), nullable=False),
        sa.Column("http_proxy_id", sa.Integer(), nullable=True),
        sa.Column("mirrors", sa.JSON(), nullable=True),
        sa.Column("download_concurrency", sa.Integer(), nullable=True),
        sa.Column("download_rate", sa.Integer(), nullable=True),
        sa.Column("ignorable_content", sa.JSON(), nullable=True),
        sa.Column("retain_package_versions_count", sa.Integer(), nullable=True),
        sa.Column("os_versions", sa.JSON(), nullable=True),
        sa.Column("metadata_expire", sa.Integer(), nullable=True),
        sa.Column("download_policy", sa.String(length=16), nullable=False),
        sa.Column("mirroring_policy", sa.String(length=32), nullable=False),
        sa.Column("missing_files_policy", sa.String(length=16), nullable=False),
        sa.Column("snapshot_days", sa.Integer(), nullable=False),
        sa.Column("checksum_type", sa.String(length=16), nullable=True),
        sa.Column("metadata_compression", sa.String(length=8), nullable=True),
        sa.Column("gpg_key_id", sa.Integer(), nullable=True),
        sa.Column("ssl_ca_cert_id", sa.Integer(), nullable=True),
        sa.Column("ssl_client_cert_id", sa.Integer(), nullable=True),
        sa.Column("ssl_client_key_id", sa.Integer(), nullable=True),
        sa.Column("package_signature_policy", sa.String(length=8), nullable=False),
        sa.Column("metadata_signature_policy", sa.String(length=8), nullable=False),
        sa.Column("replay_policy", sa.String(length=8), nullable=False),
        sa.Column("unchanged_warning_days", sa.Integer(), nullable=True),
        sa.Column("trust_stamp", sa.Integer(), nullable=False),
        sa.Column("upstream_seen", sa.JSON(), nullable=True),
        sa.Column("signing_key_id", sa.Integer(), nullable=True),
        sa.Column("signing_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("upstream_state", sa.JSON(), nullable=True),
        sa.Column("latest_version_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gpg_key_id"],
            ["content_credentials.id"],
            name=op.f("fk_repositories_gpg_key_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["http_proxy_id"], ["http_proxies.id"], name=op.f("fk_repositories_http_proxy_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_repositories_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_repositories_product_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signing_key_id"],
            ["signing_keys.id"],
            name=op.f("fk_repositories_signing_key_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_ca_cert_id"],
            ["content_credentials.id"],
            name=op.f("fk_repositories_ssl_ca_cert_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_client_cert_id"],
            ["content_credentials.id"],
            name=op.f("fk_repositories_ssl_client_cert_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_client_key_id"],
            ["content_credentials.id"],
            name=op.f("fk_repositories_ssl_client_key_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
        sa.UniqueConstraint("content_id", name=op.f("uq_repositories_content_id")),
        sa.UniqueConstraint("product_id", "label", name=op.f("uq_repositories_product_id_label")),
        sa.UniqueConstraint("product_id", "name", name=op.f("uq_repositories_product_id_name")),
    )
    op.create_index(
        op.f("ix_repositories_http_proxy_id"), "repositories", ["http_proxy_id"], unique=False
    )
    op.create_index(
        op.f("ix_repositories_organization_id"), "repositories", ["organization_id"], unique=False
    )
    op.create_table(
        "rpm_verified_packages",
        sa.Column("package_id", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"],
            ["rpm_packages.id"],
            name=op.f("fk_rpm_verified_packages_package_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("package_id", "certificate", name=op.f("pk_rpm_verified_packages")),
    )
    op.create_table(
        "content_uploads",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_content_uploads_repository_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_content_uploads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_uploads")),
    )
    op.create_index(
        op.f("ix_content_uploads_repository_id"), "content_uploads", ["repository_id"], unique=False
    )
    op.create_table(
        "content_view_filter_repositories",
        sa.Column("filter_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["content_view_filters.id"],
            name=op.f("fk_content_view_filter_repositories_filter_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_content_view_filter_repositories_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "filter_id", "repository_id", name=op.f("pk_content_view_filter_repositories")
        ),
    )
    op.create_index(
        op.f("ix_content_view_filter_repositories_repository_id"),
        "content_view_filter_repositories",
        ["repository_id"],
        unique=False,
    )
    op.create_table(
        "content_view_repositories",
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_view_id"],
            ["content_views.id"],
            name=op.f("fk_content_view_repositories_content_view_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_content_view_repositories_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "content_view_id", "repository_id", name=op.f("pk_content_view_repositories")
        ),
    )
    op.create_index(
        op.f("ix_content_view_repositories_repository_id"),
        "content_view_repositories",
        ["repository_id"],
        unique=False,
    )
    op.create_table(
        "content_view_version_repositories",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("relative_path", sa.String(length=512), nullable=False),
        sa.Column("content_set_id", sa.Integer(), nullable=False),
        sa.Column("source_content_set_id", sa.Integer(), nullable=True),
        sa.Column("publication_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["content_set_id"],
            ["content_sets.id"],
            name=op.f("fk_content_view_version_repositories_content_set_id"),
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_content_view_version_repositories_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_content_view_version_repositories_repository_id"),
        ),
        sa.ForeignKeyConstraint(
            ["source_content_set_id"],
            ["content_sets.id"],
            name=op.f("fk_content_view_version_repositories_source_content_set_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["content_view_versions.id"],
            name=op.f("fk_content_view_version_repositories_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "version_id", "repository_id", name=op.f("pk_content_view_version_repositories")
        ),
    )
    op.create_index(
        op.f("ix_content_view_version_repositories_content_set_id"),
        "content_view_version_repositories",
        ["content_set_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_content_view_version_repositories_publication_id"),
        "content_view_version_repositories",
        ["publication_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_content_view_version_repositories_repository_id"),
        "content_view_version_repositories",
        ["repository_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_content_view_version_repositories_source_content_set_id"),
        "content_view_version_repositories",
        ["source_content_set_id"],
        unique=False,
    )
    op.create_table(
        "missing_files",
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("unit_type", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.String(length=160), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_missing_files_publication_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_missing_files_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "publication_id", "unit_type", "unit_id", "path", name=op.f("pk_missing_files")
        ),
    )
    op.create_index(
        op.f("ix_missing_files_repository_id"), "missing_files", ["repository_id"], unique=False
    )
    op.create_table(
        "offered_units",
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("unit_type", sa.String(length=32), nullable=False),
        sa.Column("units", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_offered_units_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", "unit_type", name=op.f("pk_offered_units")),
    )
    op.create_table(
        "repository_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_set_id", sa.Integer(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_set_id"],
            ["content_sets.id"],
            name=op.f("fk_repository_versions_content_set_id"),
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_repository_versions_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_repository_versions_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repository_versions")),
        sa.UniqueConstraint(
            "repository_id", "number", name=op.f("uq_repository_versions_repository_id_number")
        ),
    )
    op.create_index(
        op.f("ix_repository_versions_content_set_id"),
        "repository_versions",
        ["content_set_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_repository_versions_publication_id"),
        "repository_versions",
        ["publication_id"],
        unique=False,
    )


def downgrade() -> None:
    """Remove every table."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(DropSequence(_TASK_NUMBERS))


def _partial_index(
    name: str, table: str, column: str, *, sqlite: str, postgresql: str, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        sqlite_where=sa.text(sqlite),
        postgresql_where=sa.text(postgresql),
    )


# In the order in which they are made: each refers to earlier ones.
_TABLES = (
    "blobs",
    "collection_requests",
    "content_sets",
    "errata",
    "executors",
    "http_proxies",
    "module_documents",
    "organizations",
    "package_groups",
    "revoked_certificates",
    "task_schedules",
    "unit_pins",
    "users",
    "blob_pins",
    "content_credentials",
    "content_set_members",
    "content_views",
    "file_units",
    "http_proxy_organizations",
    "lifecycle_environments",
    "organization_quotas",
    "personal_access_tokens",
    "publications",
    "recurring_logics",
    "rpm_distribution_trees",
    "rpm_packs",
    "rpm_repository_files",
    "sessions",
    "signing_keys",
    "tasks",
    "user_organizations",
    "user_permissions",
    "content_view_filters",
    "content_view_histories",
    "content_view_versions",
    "dormant_files",
    "publication_files",
    "rpm_distribution_tree_files",
    "rpm_segments",
    "sync_plans",
    "task_locks",
    "task_steps",
    "content_view_components",
    "content_view_filter_rules",
    "content_view_version_components",
    "content_view_version_dependencies",
    "distribution_changes",
    "distributions",
    "products",
    "rpm_packages",
    "repositories",
    "rpm_verified_packages",
    "content_uploads",
    "content_view_filter_repositories",
    "content_view_repositories",
    "content_view_version_repositories",
    "missing_files",
    "offered_units",
    "repository_versions",
)
