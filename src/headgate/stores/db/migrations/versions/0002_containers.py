"""Container content, the names of the registry, and what belongs to them."""

import sqlalchemy as sa
from alembic import op

from headgate.stores.db.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:  # noqa: PLR0915 - a list
    """Make the tables and columns."""
    op.create_table(
        "container_signatures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("manifest", sa.String(length=135), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_signatures")),
        sa.UniqueConstraint("digest", name=op.f("uq_container_signatures_digest")),
    )
    with op.batch_alter_table("container_signatures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_container_signatures_manifest"), ["manifest"], unique=False
        )

    op.create_table(
        "container_tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("manifest", sa.String(length=135), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_tags")),
        sa.UniqueConstraint("digest", name=op.f("uq_container_tags_digest")),
    )
    with op.batch_alter_table("container_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_container_tags_manifest"), ["manifest"], unique=False)
        batch_op.create_index(batch_op.f("ix_container_tags_name"), ["name"], unique=False)

    op.create_table(
        "container_manifests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=135), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("listing", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("artifact_type", sa.String(length=255), nullable=True),
        sa.Column("subject", sa.String(length=135), nullable=True),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("os", sa.String(length=64), nullable=True),
        sa.Column("architecture", sa.String(length=64), nullable=True),
        sa.Column("variant", sa.String(length=64), nullable=True),
        sa.Column("compressed_size", sa.BigInteger(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=True),
        sa.Column("bootable", sa.Boolean(), nullable=False),
        sa.Column("flatpak", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_container_manifests_blob_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_manifests")),
        sa.UniqueConstraint("digest", name=op.f("uq_container_manifests_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_container_manifests_name")),
    )
    with op.batch_alter_table("container_manifests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_container_manifests_blob_id"), ["blob_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_container_manifests_flatpak"), ["flatpak"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_container_manifests_subject"), ["subject"], unique=False
        )

    op.create_table(
        "container_children",
        sa.Column("manifest_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("child", sa.String(length=135), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("os", sa.String(length=64), nullable=True),
        sa.Column("architecture", sa.String(length=64), nullable=True),
        sa.Column("variant", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["container_manifests.id"],
            name=op.f("fk_container_children_manifest_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("manifest_id", "position", name=op.f("pk_container_children")),
    )
    with op.batch_alter_table("container_children", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_container_children_child"), ["child"], unique=False)

    op.create_table(
        "container_manifest_blobs",
        sa.Column("manifest_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=135), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("foreign", sa.Boolean(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_container_manifest_blobs_blob_id")
        ),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["container_manifests.id"],
            name=op.f("fk_container_manifest_blobs_manifest_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "manifest_id", "position", name=op.f("pk_container_manifest_blobs")
        ),
    )
    with op.batch_alter_table("container_manifest_blobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_container_manifest_blobs_blob_id"), ["blob_id"], unique=False
        )
        batch_op.create_index(
            "ix_container_manifest_blobs_digest", ["digest", "manifest_id"], unique=False
        )

    op.create_table(
        "flatpak_remotes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("ssl_ca_cert_id", sa.Integer(), nullable=True),
        sa.Column("registry_url", sa.Text(), nullable=True),
        sa.Column("registry_url_chosen", sa.Boolean(), nullable=False),
        sa.Column("scanned_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_flatpak_remotes_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ssl_ca_cert_id"],
            ["content_credentials.id"],
            name=op.f("fk_flatpak_remotes_ssl_ca_cert_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flatpak_remotes")),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_flatpak_remotes_organization_id_name")
        ),
    )
    op.create_table(
        "container_pushed_blobs",
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=135), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=True),
        sa.Column("pushed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name=op.f("fk_container_pushed_blobs_blob_id")
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_container_pushed_blobs_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_container_pushed_blobs")),
    )
    with op.batch_alter_table("container_pushed_blobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_container_pushed_blobs_blob_id"), ["blob_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_container_pushed_blobs_digest"), ["digest"], unique=False
        )

    op.create_table(
        "container_repositories",
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("docker_upstream_name", sa.String(length=255), nullable=True),
        sa.Column("include_tags", sa.JSON(), nullable=True),
        sa.Column("exclude_tags", sa.JSON(), nullable=True),
        sa.Column("platforms", sa.JSON(), nullable=True),
        sa.Column("tag_limit_count", sa.Integer(), nullable=True),
        sa.Column("tag_limit_days", sa.Integer(), nullable=True),
        sa.Column("authentication_hosts", sa.JSON(), nullable=True),
        sa.Column("sigstore_url", sa.String(length=2048), nullable=True),
        sa.Column("immutable_tags", sa.JSON(), nullable=True),
        sa.Column("push_name", sa.String(length=255), nullable=True),
        sa.Column("push_name_format", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_container_repositories_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_container_repositories")),
        sa.UniqueConstraint("push_name", name=op.f("uq_container_repositories_push_name")),
    )
    op.create_table(
        "container_tag_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("manifest", sa.String(length=135), nullable=True),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=100), nullable=True),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_container_tag_moves_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_tag_moves")),
    )
    with op.batch_alter_table("container_tag_moves", schema=None) as batch_op:
        batch_op.create_index(
            "ix_container_tag_moves_repository_id", ["repository_id", "name"], unique=False
        )

    op.create_table(
        "container_uploads",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_container_uploads_repository_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_container_uploads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_uploads")),
    )
    with op.batch_alter_table("container_uploads", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_container_uploads_repository_id"), ["repository_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_container_uploads_user_id"), ["user_id"], unique=False)

    op.create_table(
        "flatpak_remote_repositories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flatpak_remote_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("mirror_id", sa.Integer(), nullable=True),
        sa.Column("mirrored_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["flatpak_remote_id"],
            ["flatpak_remotes.id"],
            name=op.f("fk_flatpak_remote_repositories_flatpak_remote_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mirror_id"],
            ["repositories.id"],
            name=op.f("fk_flatpak_remote_repositories_mirror_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flatpak_remote_repositories")),
        sa.UniqueConstraint(
            "flatpak_remote_id",
            "name",
            name=op.f("uq_flatpak_remote_repositories_flatpak_remote_id_name"),
        ),
    )
    with op.batch_alter_table("flatpak_remote_repositories", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_flatpak_remote_repositories_mirror_id"), ["mirror_id"], unique=False
        )

    op.create_table(
        "registry_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("content_view_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_view_id"],
            ["content_views.id"],
            name=op.f("fk_registry_names_content_view_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["lifecycle_environments.id"],
            name=op.f("fk_registry_names_environment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_registry_names_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_registry_names_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_names")),
        sa.UniqueConstraint("name", name=op.f("uq_registry_names_name")),
    )
    with op.batch_alter_table("registry_names", schema=None) as batch_op:
        batch_op.create_index(
            "ix_registry_names_content_view_id", ["content_view_id", "environment_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_registry_names_environment_id"), ["environment_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_registry_names_organization_id"), ["organization_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_registry_names_repository_id"), ["repository_id"], unique=False
        )

    op.create_table(
        "rpm_vouched_packages",
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("package_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"],
            ["rpm_packages.id"],
            name=op.f("fk_rpm_vouched_packages_package_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_rpm_vouched_packages_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_rpm_vouched_packages")),
    )
    with op.batch_alter_table("rpm_vouched_packages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_rpm_vouched_packages_package_id"), ["package_id"], unique=False
        )

    op.create_table(
        "flatpak_remote_manifests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flatpak_remote_repository_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=135), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("flatpak_ref", sa.String(length=255), nullable=False),
        sa.Column("runtime", sa.String(length=255), nullable=True),
        sa.Column("os", sa.String(length=64), nullable=True),
        sa.Column("architecture", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["flatpak_remote_repository_id"],
            ["flatpak_remote_repositories.id"],
            name=op.f("fk_flatpak_remote_manifests_flatpak_remote_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flatpak_remote_manifests")),
        sa.UniqueConstraint(
            "flatpak_remote_repository_id",
            "digest",
            name=op.f("uq_flatpak_remote_manifests_flatpak_remote_repository_id_digest"),
        ),
    )
    with op.batch_alter_table("flatpak_remote_manifests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_flatpak_remote_manifests_flatpak_ref"), ["flatpak_ref"], unique=False
        )

    with op.batch_alter_table("lifecycle_environments", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("registry_name_pattern", sa.String(length=255), nullable=True)
        )
        batch_op.add_column(
            sa.Column(
                "registry_unauthenticated_pull",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
            )
        )
        batch_op.add_column(
            sa.Column(
                "registry_unauthenticated_index",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
            )
        )

    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "container_push_creates_products",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
            )
        )


def downgrade() -> None:  # noqa: PLR0915 - a list
    """Remove them."""
    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.drop_column("container_push_creates_products")

    with op.batch_alter_table("lifecycle_environments", schema=None) as batch_op:
        batch_op.drop_column("registry_unauthenticated_index")
        batch_op.drop_column("registry_unauthenticated_pull")
        batch_op.drop_column("registry_name_pattern")

    with op.batch_alter_table("flatpak_remote_manifests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_flatpak_remote_manifests_flatpak_ref"))

    op.drop_table("flatpak_remote_manifests")
    with op.batch_alter_table("rpm_vouched_packages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rpm_vouched_packages_package_id"))

    op.drop_table("rpm_vouched_packages")
    with op.batch_alter_table("registry_names", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registry_names_repository_id"))
        batch_op.drop_index(batch_op.f("ix_registry_names_organization_id"))
        batch_op.drop_index(batch_op.f("ix_registry_names_environment_id"))
        batch_op.drop_index("ix_registry_names_content_view_id")

    op.drop_table("registry_names")
    with op.batch_alter_table("flatpak_remote_repositories", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_flatpak_remote_repositories_mirror_id"))

    op.drop_table("flatpak_remote_repositories")
    with op.batch_alter_table("container_uploads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_uploads_user_id"))
        batch_op.drop_index(batch_op.f("ix_container_uploads_repository_id"))

    op.drop_table("container_uploads")
    with op.batch_alter_table("container_tag_moves", schema=None) as batch_op:
        batch_op.drop_index("ix_container_tag_moves_repository_id")

    op.drop_table("container_tag_moves")
    op.drop_table("container_repositories")
    with op.batch_alter_table("container_pushed_blobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_pushed_blobs_digest"))
        batch_op.drop_index(batch_op.f("ix_container_pushed_blobs_blob_id"))

    op.drop_table("container_pushed_blobs")
    op.drop_table("flatpak_remotes")
    with op.batch_alter_table("container_manifest_blobs", schema=None) as batch_op:
        batch_op.drop_index("ix_container_manifest_blobs_digest")
        batch_op.drop_index(batch_op.f("ix_container_manifest_blobs_blob_id"))

    op.drop_table("container_manifest_blobs")
    with op.batch_alter_table("container_children", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_children_child"))

    op.drop_table("container_children")
    with op.batch_alter_table("container_manifests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_manifests_subject"))
        batch_op.drop_index(batch_op.f("ix_container_manifests_flatpak"))
        batch_op.drop_index(batch_op.f("ix_container_manifests_blob_id"))

    op.drop_table("container_manifests")
    with op.batch_alter_table("container_tags", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_tags_name"))
        batch_op.drop_index(batch_op.f("ix_container_tags_manifest"))

    op.drop_table("container_tags")
    with op.batch_alter_table("container_signatures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_container_signatures_manifest"))

    op.drop_table("container_signatures")
