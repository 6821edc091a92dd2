"""Content views, their filters, versions, and the distributions that serve them."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import UNAUDITED, audited, unaudited
from headgate.stores.db.types import UtcDateTime, link_table, metadata, partial_index

content_views = Table(
    "content_views",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),
    Column("label", String(128), nullable=False),
    Column("description", Text),
    # The organization's default view: Library points at each repository's latest version.
    Column("default", Boolean, nullable=False, default=False),
    Column("composite", Boolean, nullable=False, default=False),
    Column("rolling", Boolean, nullable=False, default=False),
    Column("import_only", Boolean, nullable=False, default=False),
    Column("generated_for", String(64), nullable=False, default="none"),
    Column("auto_publish", Boolean, nullable=False, default=False),
    Column("solve_dependencies", Boolean, nullable=False, default=False),
    Column("next_major", Integer, nullable=False, default=1),
    # Retention: a version stays while one of the rules that are set keeps it; null: not set.
    Column("keep_versions", Integer),
    Column("keep_days", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
    UniqueConstraint("organization_id", "label"),
)

content_view_repositories = link_table(
    "content_view_repositories", content_view_id="content_views", repository_id="repositories"
)

# What a composite view is made of: a version of another view, or always its latest (then
# `version_id` is null).
content_view_components = Table(
    "content_view_components",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "composite_id",
        Integer,
        ForeignKey("content_views.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column(
        "content_view_id",
        Integer,
        ForeignKey("content_views.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column(
        "version_id",
        Integer,
        ForeignKey("content_view_versions.id", ondelete="CASCADE"),
        index=True,
    ),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("composite_id", "content_view_id"),
)

content_view_filters = Table(
    "content_view_filters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "content_view_id",
        Integer,
        ForeignKey("content_views.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("type", String(32), nullable=False),  # rpm | package_group | erratum | modulemd
    Column("inclusion", Boolean, nullable=False, default=False),
    Column("original_packages", Boolean, nullable=False, default=False),
    Column("original_module_streams", Boolean, nullable=False, default=False),
    # Whether it applies only to the repositories that it is linked to, be they none: one whose
    # last repository left the view must not grow to all of it.
    Column("limited", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("content_view_id", "name"),
)

# Of a limited filter: where it applies. Any other applies to every repository of its view.
content_view_filter_repositories = link_table(
    "content_view_filter_repositories",
    filter_id="content_view_filters",
    repository_id="repositories",
)

content_view_filter_rules = Table(
    "content_view_filter_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "filter_id",
        Integer,
        ForeignKey("content_view_filters.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", String(255)),
    Column("version", String(255)),
    Column("min_version", String(255)),
    Column("max_version", String(255)),
    Column("architecture", String(64)),
    # package_group: the unit that it was made from, and the id in comps by which it is known in
    # every later state of the repository.
    Column("uuid", String(64)),
    Column("group_id", String(255)),
    # erratum, by id or by date and type; dates are as 2026-01-31
    Column("errata_id", String(255)),
    Column("start_date", String(10)),
    Column("end_date", String(10)),
    Column("date_type", String(8)),  # issued | updated
    Column("types", JSON(none_as_null=True)),
    Column("allow_other_types", Boolean),
    # modulemd: the unit that it was made from, and name:stream:version:context:arch
    Column("module_stream_id", Integer),
    Column("module_stream", String(700)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

content_view_versions = Table(
    "content_view_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "content_view_id",
        Integer,
        ForeignKey("content_views.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    Column("description", Text),
    # The filters as they were: [{name, type, inclusion, original_packages, repository_ids, rules}]
    Column("filters", JSON, nullable=False),
    # SHA-256 (hex) over the repositories' content sets and filters: "publish only if needed".
    Column("inputs_digest", String(64), nullable=False, info=UNAUDITED),
    Column("published", Boolean, nullable=False, default=False),
    # Whether what packages require is added to what the filters keep.
    Column("solve_dependencies", Boolean, nullable=False, default=False),
    # No retention policy takes it.
    Column("pinned", Boolean, nullable=False, default=False),
    # Who publishes it, or has.
    Column("task_id", String(36)),
    # Of a version that published itself: the component's version that made it do so.
    Column("triggered_by_id", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("content_view_id", "major", "minor"),
    info=audited("major", "minor"),
)
# The collector looks for publishes that died: these are few, versions are many.
partial_index(
    "ix_content_view_versions_unpublished",
    content_view_versions.c.task_id,
    where=~content_view_versions.c.published,
)

content_view_version_repositories = Table(
    "content_view_version_repositories",
    metadata,
    Column(
        "version_id",
        Integer,
        ForeignKey("content_view_versions.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("repository_id", Integer, ForeignKey("repositories.id"), nullable=False, index=True),
    # Repeats the repository's, so that what is served under a version never moves.
    Column("relative_path", String(512), nullable=False),
    Column("content_set_id", Integer, ForeignKey("content_sets.id"), nullable=False, index=True),
    # What the repository held before filters, to explain the version as long as something else
    # keeps it: bytes that filters left out are not kept for that. Null: the same, or gone.
    Column(
        "source_content_set_id",
        Integer,
        ForeignKey("content_sets.id", ondelete="SET NULL"),
        index=True,
    ),
    # Null until the version is published.
    Column("publication_id", Integer, ForeignKey("publications.id"), index=True),
    PrimaryKeyConstraint("version_id", "repository_id"),
    info=unaudited("What a version holds never changes"),
)

# Of versions for which dependencies were solved: what was added and why, what stays open.
content_view_version_dependencies = Table(
    "content_view_version_dependencies",
    metadata,
    Column(
        "version_id",
        Integer,
        ForeignKey("content_view_versions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("report", JSON, nullable=False),  # services/views/dependency_reports.py writes it
    Column("created_at", UtcDateTime, nullable=False),
    info=unaudited("The report of a version"),
)

# What a composite view's version was made from; these versions stay as long as it does.
content_view_version_components = link_table(
    "content_view_version_components",
    version_id="content_view_versions",
    component_id="content_view_versions",
)

# Content view environments: what `ORG/ENV/CV` (or `ORG/Library`) serves. Promotion and rollback
# change `version_id` of one row. Default and rolling views have no versions: theirs is null, and
# the latest versions of repositories are served.
distributions = Table(
    "distributions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("base_path", String(512), nullable=False, unique=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column(
        "environment_id",
        Integer,
        ForeignKey("lifecycle_environments.id"),
        nullable=False,
        index=True,
    ),
    Column("content_view_id", Integer, ForeignKey("content_views.id"), nullable=False),
    Column("version_id", Integer, ForeignKey("content_view_versions.id"), index=True),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("content_view_id", "environment_id"),
    info=audited("base_path", noun="content_view_environment"),
)

# What base paths served from when on; versions and views may be gone.
distribution_changes = Table(
    "distribution_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("base_path", String(512), nullable=False, index=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("content_view_id", Integer, nullable=False),
    Column("serves", String(16), nullable=False),  # version | latest | nothing
    Column(
        "version_id",
        Integer,
        ForeignKey("content_view_versions.id", ondelete="SET NULL"),
        index=True,
    ),
    Column("at", UtcDateTime, nullable=False),
    info=unaudited("It is a log of its own"),
)

content_view_histories = Table(
    "content_view_histories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "content_view_id",
        Integer,
        ForeignKey("content_views.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("version", String(32), nullable=False),
    Column("version_id", Integer),
    Column("environment", String(255)),
    Column("environment_id", Integer),
    Column("action", String(32), nullable=False),  # publish | promotion | removal | deletion
    Column("user", String(255), nullable=False),
    Column("status", String(16), nullable=False),  # in progress | successful | failed
    Column("description", Text),
    Column("task_id", String(36)),
    Column("created_at", UtcDateTime, nullable=False),
    info=unaudited("It is a log of its own"),
)
