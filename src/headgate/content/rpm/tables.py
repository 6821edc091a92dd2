"""The tables of RPM content: packages and their metadata segments, errata, groups, modules."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

# Six blobs hold the fragments of one sync: three metadata files, each as the gzip members and as
# the zstd frames of all its segments, end to end.
rpm_packs = Table(
    "rpm_packs",
    metadata,
    Column("id", Integer, primary_key=True),
    *(
        Column(f"{kind}_{codec}", Integer, ForeignKey("blobs.id"), nullable=False, index=True)
        for kind in ("primary", "filelists", "other")
        for codec in ("gz", "zst")
    ),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# About 100 packages. `layout` says where the segment lies in each blob of its pack and how long
# each of its fragments is (content/rpm/metadata/segments.py packs and reads it).
rpm_segments = Table(
    "rpm_segments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pack_id", Integer, ForeignKey("rpm_packs.id"), nullable=False, index=True),
    Column("layout", LargeBinary, nullable=False),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Where the pieces of a metadata file lie that were compressed for it, so that later files may copy
# them (content/rpm/metadata/pieces.py). Goes with the blob, and does not keep it.
rpm_pieces = Table(
    "rpm_pieces",
    metadata,
    Column("blob_id", Integer, ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True),
    Column("anchor", LargeBinary(8), nullable=False, index=True),
    Column("pieces", LargeBinary, nullable=False),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Binary and source packages: a source package has the architecture src or nosrc.
rpm_packages = Table(
    "rpm_packages",
    metadata,
    Column("id", Integer, primary_key=True),
    # BLAKE3 over the three fragments: what a repository said of the package is its identity,
    # so one tenant's false metadata never describes another's package. With the repository's id
    # where upstream names it by a weak checksum: such a package is nobody else's.
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("epoch", String(16), nullable=False),
    Column("version", String(255), nullable=False),
    Column("release", String(255), nullable=False),
    Column("arch", String(32), nullable=False),
    Column("evr", LargeBinary, nullable=False),  # rpm-version sort key: SQL compares it
    Column("checksum_type", String(8), nullable=False),
    Column("checksum", LargeBinary, nullable=False),  # raw
    Column("size", BigInteger, nullable=False),  # bytes of the package file
    Column("location", String(1024), nullable=False, index=True),  # as in primary.xml
    Column("location_base", String(1024)),  # xml:base, if upstream gives one
    Column("summary", Text, nullable=False),
    Column("sourcerpm", String(512)),
    # Null until the bytes are here (on demand).
    Column("blob_id", Integer, ForeignKey("blobs.id"), index=True),
    Column("segment_id", Integer, ForeignKey("rpm_segments.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),  # within the segment, from 0
    # What a page is sorted by, and what a search of a million names looks at.
    Index("ix_rpm_packages_name_evr", "name", "evr", "version", "release", "arch"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Packages whose bytes were here and signed by a key, with all that a signature must cover.
rpm_verified_packages = Table(
    "rpm_verified_packages",
    metadata,
    Column(
        "package_id", Integer, ForeignKey("rpm_packages.id", ondelete="CASCADE"), nullable=False
    ),
    # SHA-256 of the key's certificate: a revocation makes another one of it.
    Column("certificate", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("package_id", "certificate"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Which package a repository's upstream means by what it says of one that it names by md5 or sha1:
# the same package, named by the SHA-256 of the bytes that came.
rpm_vouched_packages = Table(
    "rpm_vouched_packages",
    metadata,
    Column(
        "repository_id", Integer, ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False
    ),
    Column("digest", LargeBinary(32), nullable=False),  # of the package as upstream describes it
    Column(
        "package_id",
        Integer,
        ForeignKey("rpm_packages.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    PrimaryKeyConstraint("repository_id", "digest"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

errata = Table(
    "errata",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the fragment
    Column("errata_id", String(255), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("type", String(64), nullable=False),
    Column("severity", String(64), nullable=False),
    Column("issued", UtcDateTime),
    Column("updated", UtcDateTime),
    Column("version", String(64), nullable=False),
    Column("reboot_suggested", Boolean, nullable=False, default=False),
    Column("references", JSON, nullable=False),  # [{type, id, href, title}]
    # [[filename, name, epoch, version, release, arch], ...] over all collections
    Column("packages", JSON, nullable=False),
    Column("modules", JSON, nullable=False),  # [{name, stream, version, context, arch}]
    Column("fragment", LargeBinary, nullable=False),  # <update>...</update>, zstd
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# One row per element of comps: group, category, environment, langpacks.
package_groups = Table(
    "package_groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("group_id", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False),
    # group: [{name, type, requires}]; category and environment: ids of groups
    Column("members", JSON, nullable=False),
    Column("fragment", LargeBinary, nullable=False),  # zstd
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# One row per document of modules.yaml.
module_documents = Table(
    "module_documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),  # stream | defaults | obsoletes | packager ...
    Column("name", String(255), nullable=False, index=True),
    Column("stream", String(255), nullable=False),
    Column("version", String(64), nullable=False),
    Column("context", String(64), nullable=False),
    Column("arch", String(32), nullable=False),
    Column("summary", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("artifacts", JSON, nullable=False),  # NEVRA strings, streams only
    Column("profiles", JSON, nullable=False),  # profile -> package names
    Column("dependencies", JSON, nullable=False),
    Column("fragment", LargeBinary, nullable=False),  # the YAML document, zstd
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Whatever else repomd.xml lists, passed through as it came: productid and the like.
repository_files = Table(
    "rpm_repository_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # over type, name and bytes
    Column("type", String(64), nullable=False),
    Column("path", String(1024), nullable=False),  # relative to the repository
    Column("blob_id", Integer, ForeignKey("blobs.id"), nullable=False, index=True),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# A treeinfo with the images that it lists.
distribution_trees = Table(
    "rpm_distribution_trees",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("path", String(32), nullable=False),  # .treeinfo or treeinfo
    Column("family", String(255), nullable=False),
    Column("variant", String(255)),  # null: it came before this was kept
    Column("version", String(64), nullable=False),
    Column("arch", String(32), nullable=False),
    Column("blob_id", Integer, ForeignKey("blobs.id"), nullable=False, index=True),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

distribution_tree_files = Table(
    "rpm_distribution_tree_files",
    metadata,
    Column(
        "tree_id",
        Integer,
        ForeignKey("rpm_distribution_trees.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("path", String(1024), nullable=False),
    # What to fetch if not the path: a URL, of a repository that moved into the tree.
    Column("source", Text),
    Column("size", BigInteger),  # bytes, if known
    Column("checksum_type", String(8)),
    Column("checksum", LargeBinary),
    Column("blob_id", Integer, ForeignKey("blobs.id"), index=True),
    PrimaryKeyConstraint("tree_id", "path"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)
