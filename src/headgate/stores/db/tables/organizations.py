"""Organizations and what they own: environments, credentials, products, repositories."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import UNAUDITED, unaudited
from headgate.stores.db.types import UtcDateTime, metadata

organizations = Table(
    "organizations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("label", String(128), nullable=False, unique=True),
    Column("description", Text),
    # The organization's debug certificate and key (PEM), sealed; made on first download.
    Column("debug_certificate", LargeBinary),
    # Whether a push into a product that is not there makes it.
    Column("container_push_creates_products", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

lifecycle_environments = Table(
    "lifecycle_environments",
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
    Column("library", Boolean, nullable=False, default=False),
    # Null only for Library: environments are a tree of paths that start there.
    Column("prior_id", Integer, ForeignKey("lifecycle_environments.id"), index=True),
    # How the registry names the repositories that it serves here; null: ORG/ENV/CV/PRODUCT/REPO.
    Column("registry_name_pattern", String(255)),
    Column("registry_unauthenticated_pull", Boolean, nullable=False, default=False),
    # Everybody sees in the index which flatpaks there are, also where pulling takes a login.
    Column("registry_unauthenticated_index", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
    UniqueConstraint("organization_id", "label"),
)

content_credentials = Table(
    "content_credentials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),
    Column("content_type", String(16), nullable=False),  # gpg_key | cert
    # Sealed: a client key may be stored here.
    Column("content", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)


def _credential(name: str) -> Column[int]:
    return Column(name, Integer, ForeignKey("content_credentials.id", ondelete="SET NULL"))


products = Table(
    "products",
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
    Column("cp_id", String(32), nullable=False, unique=True),
    Column("sync_plan_id", Integer, ForeignKey("sync_plans.id", ondelete="SET NULL"), index=True),
    _credential("gpg_key_id"),
    _credential("ssl_ca_cert_id"),
    _credential("ssl_client_cert_id"),
    _credential("ssl_client_key_id"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
    UniqueConstraint("organization_id", "label"),
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", Integer, ForeignKey("products.id", ondelete="CASCADE"), nullable=False),
    # Repeats the product's, so that every scoped query is one comparison.
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", String(255), nullable=False),
    Column("label", String(128), nullable=False),
    Column("description", Text),
    Column("content_type", String(32), nullable=False),  # yum | file | docker
    # Below ORG/ENV[/CV]: custom/PRODUCT_LABEL/REPOSITORY_LABEL
    Column("relative_path", String(512), nullable=False),
    Column("content_id", String(32), nullable=False, unique=True),
    Column("arch", String(32), nullable=False, default="noarch"),
    Column("unprotected", Boolean, nullable=False, default=False),
    Column("url", Text),
    Column("upstream_username", String(255)),
    Column("upstream_password", LargeBinary),  # sealed
    Column("verify_ssl_on_sync", Boolean, nullable=False, default=True),
    Column("http_proxy_url", LargeBinary),  # sealed: it may carry credentials
    # global_default_http_proxy | none | use_selected_http_proxy
    Column("http_proxy_policy", String(32), nullable=False, default="global_default_http_proxy"),
    # Deleting a proxy resets the policy first, so this is never left dangling.
    Column("http_proxy_id", Integer, ForeignKey("http_proxies.id"), index=True),
    # What the last sync read from the list of mirrors at `url`, best first; null: no such list.
    Column("mirrors", JSON, info=UNAUDITED),
    Column("download_concurrency", Integer),  # null: as the server's settings say
    Column("download_rate", Integer),  # bytes a second; null: no limit
    Column("ignorable_content", JSON),  # [srpm, treeinfo]: not taken from upstream
    Column("retain_package_versions_count", Integer),  # null or 0: all
    # What hosts are told, who get the repository only if they are of one of these.
    Column("os_versions", JSON),  # [rhel-9]
    Column("metadata_expire", Integer),  # seconds; null: Katello's default
    Column("download_policy", String(16), nullable=False),  # immediate | on_demand
    Column("mirroring_policy", String(32), nullable=False),
    # strict | keep_good: whether a file that upstream does not give ends the sync.
    Column("missing_files_policy", String(16), nullable=False, default="keep_good"),
    # How long earlier versions are kept for `@DATE` paths of Library and rolling views.
    Column("snapshot_days", Integer, nullable=False, default=0),
    Column("checksum_type", String(16)),  # sha256 | sha384 | sha512 | null: as upstream
    Column("metadata_compression", String(8)),  # gz | zstd | null: as upstream
    _credential("gpg_key_id"),
    _credential("ssl_ca_cert_id"),
    _credential("ssl_client_cert_id"),
    _credential("ssl_client_key_id"),
    # Signatures upstream: off | warn | enforce.
    Column("package_signature_policy", String(8), nullable=False, default="warn"),
    Column("metadata_signature_policy", String(8), nullable=False, default="warn"),
    # What is done about metadata older than what was synced before: off | warn | enforce.
    Column("replay_policy", String(8), nullable=False, default="enforce"),
    Column("unchanged_warning_days", Integer),
    # Moves whenever other keys are trusted, or for other ends.
    Column("trust_stamp", Integer, nullable=False, default=0, info=UNAUDITED),
    # The newest metadata seen upstream, by its own times; outlives `upstream_state`.
    Column("upstream_seen", JSON, info=UNAUDITED),
    Column("signing_key_id", Integer, ForeignKey("signing_keys.id", ondelete="SET NULL")),
    Column("signing_fingerprint", String(64)),  # the key's own: names what is signed by it
    # What the last sync saw upstream (repomd digest, ETag, options): equal means nothing to do.
    Column("upstream_state", JSON, info=UNAUDITED),
    Column("latest_version_id", Integer, info=UNAUDITED),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("product_id", "name"),
    UniqueConstraint("product_id", "label"),
)

repository_versions = Table(
    "repository_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "repository_id", Integer, ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False
    ),
    Column("number", Integer, nullable=False),
    Column("content_set_id", Integer, ForeignKey("content_sets.id"), nullable=False, index=True),
    Column("publication_id", Integer, ForeignKey("publications.id"), nullable=False, index=True),
    Column("cause", String(32), nullable=False),  # created | sync | upload | remove | push
    Column("task_id", String(36)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("repository_id", "number"),
    info=unaudited("A version says itself what made it and in which task"),
)
