"""The files that units of a yum repository are made of."""

from collections.abc import Iterator

from sqlalchemy import update

from headgate.content.rpm.metadata.packages import WEAK_CHECKSUMS
from headgate.content.rpm.tables import (
    distribution_tree_files,
    distribution_trees,
    repository_files,
    rpm_packages,
)
from headgate.content.rpm.upstream import source_path
from headgate.domain.content import Content
from headgate.plugin import UnitFile
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of

_PACKAGE = tuple(
    rpm_packages.c[name]
    for name in ("location", "size", "checksum_type", "checksum", "blob_id", "location_base")
)
_TREE_FILE = tuple(
    distribution_tree_files.c[name]
    for name in ("path", "size", "checksum_type", "checksum", "blob_id", "source")
)


def files_of(tx: Transaction, content: Content) -> Iterator[UnitFile]:
    """Yield packages, the images of trees, and the files that are passed through.

    A checksum that vouches for nothing is none: such packages come in a sync only (`vouching`).
    """
    for unit_type in ("rpm", "srpm"):
        for row in rows_of(tx, _PACKAGE, rpm_packages.c.id, content[unit_type]):
            source = source_path(row.location_base, row.location)
            weak = row.checksum_type in WEAK_CHECKSUMS
            checksum = (None, None) if weak else (row.checksum_type, row.checksum)
            yield UnitFile(
                unit_type, row.key_, row.location, row.size, *checksum, row.blob_id, source
            )
    trees = content["distribution_tree"]
    for row in rows_of(tx, _TREE_FILE, distribution_tree_files.c.tree_id, trees):
        yield UnitFile("distribution_tree", row.key_, *row[:5], source=row.source or row.path)
    for unit_type, table in (
        ("distribution_tree", distribution_trees),
        ("repository_file", repository_files),
    ):
        columns = (table.c.path, table.c.blob_id)
        for row in rows_of(tx, columns, table.c.id, content[unit_type]):
            yield UnitFile(unit_type, row.key_, row.path, None, None, None, row.blob_id, row.path)


def forget_bytes(tx: Transaction, content: Content) -> None:
    """Let packages and the images of trees be fetched again."""
    for batch in batched(content["rpm"] | content["srpm"]):
        gone = update(rpm_packages).where(rpm_packages.c.id.in_(batch))
        tx.execute(gone.values(blob_id=None))
    files = distribution_tree_files
    for batch in batched(content["distribution_tree"]):
        # Metadata of a tree's repositories is small, and upstream may have newer.
        metadata = files.c.path.contains("/repodata/", autoescape=True)
        gone = update(files).where(files.c.tree_id.in_(batch), ~metadata)
        tx.execute(gone.values(blob_id=None))
