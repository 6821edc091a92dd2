"""What a server holds and serves, without anything that differs between two equal runs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from headgate.domain.ids import ContentSetId
from headgate.server.content_types import content_types
from headgate.services.units.content_sets import load_content, unit_digests
from headgate.stores.blobs import Digest, FolderBlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import (
    blobs,
    content_view_histories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    publication_files,
    repositories,
    repository_versions,
)

Picture = dict[str, Any]
# It comes without types.
CREATEREPO: Any = import_module("createrepo_c")
_REPOMD = "repodata/repomd.xml"


@dataclass(frozen=True, slots=True)
class _Camera:
    tx: Transaction
    store: FolderBlobStore


def picture(database: Database, root: Path) -> Picture:
    """Return repositories, versions and environments with their content and what is published."""
    with database.read() as tx:
        camera = _Camera(tx, FolderBlobStore(root))
        return {
            "repositories": dict(_repositories(camera)),
            "versions": dict(_versions(camera)),
            "environments": dict(_environments(tx)),
            "histories": sorted(_histories(tx)),
        }


def _repositories(camera: _Camera) -> Iterator[tuple[str, Any]]:
    rows = camera.tx.execute(
        select(repositories.c.relative_path, repository_versions).join(
            repository_versions, repository_versions.c.repository_id == repositories.c.id
        )
    )
    for row in rows.all():
        yield f"{row.relative_path} {row.number}", _content(camera, row)


def _versions(camera: _Camera) -> Iterator[tuple[str, Any]]:
    held = content_view_version_repositories
    rows = camera.tx.execute(
        select(content_views.c.label, content_view_versions, held)
        .join(content_view_versions, content_view_versions.c.content_view_id == content_views.c.id)
        .outerjoin(held, held.c.version_id == content_view_versions.c.id)
    )
    for row in rows.all():
        name = f"{row.label} {row.major}.{row.minor} {row.relative_path}"
        yield name, _content(camera, row) if row.content_set_id else None


def _environments(tx: Transaction) -> Iterator[tuple[str, Any]]:
    version = content_view_versions
    rows = tx.execute(
        select(distributions.c.base_path, version.c.major, version.c.minor).outerjoin(
            version, version.c.id == distributions.c.version_id
        )
    )
    for path, major, minor in rows:
        # The organization's label counts up within a test process.
        yield path.partition("/")[2], (major, minor)


def _histories(tx: Transaction) -> Iterator[tuple[str, ...]]:
    for row in tx.execute(select(content_view_histories)):
        yield row.version, row.environment or "", row.action, row.status


def _content(camera: _Camera, row: Any) -> Any:
    content = load_content(camera.tx, ContentSetId(row.content_set_id))
    tables = {
        name: unit_type.table
        for content_type in content_types().values()
        for name, unit_type in content_type.unit_types.items()
    }
    units = {
        name: sorted(digest.hex() for digest in unit_digests(camera.tx, tables[name], ids))
        for name, ids in content.units.items()
    }
    return {"units": units, "published": _published(camera, row.publication_id)}


def _published(camera: _Camera, publication_id: int) -> Any:
    files = {
        row.path: b"".join(camera.store.read(Digest(row.digest)))
        for row in camera.tx.execute(
            select(publication_files.c.path, blobs.c.digest)
            .join(blobs, blobs.c.id == publication_files.c.blob_id)
            .where(publication_files.c.publication_id == publication_id)
        ).all()
    }
    if _REPOMD not in files:
        return {path: sha256(content).hexdigest() for path, content in files.items()}
    with TemporaryDirectory() as folder:
        for path, content in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return _as_createrepo_reads(Path(folder), set(files))


def _as_createrepo_reads(folder: Path, paths: set[str]) -> Any:
    """Read a yum repository's metadata, without order, and check it against repomd.xml."""
    repomd = CREATEREPO.Repomd(str(folder / _REPOMD))
    listed = {record.location_href for record in repomd.records}
    assert listed == paths - {_REPOMD}
    for record in repomd.records:
        content = (folder / record.location_href).read_bytes()
        checksum = sha256(content).hexdigest()
        assert (record.checksum, record.size) == (checksum, len(content)), record.type
    packages = CREATEREPO.RepositoryReader.from_path(str(folder)).iter_packages()
    return {
        "packages": sorted(_package(each) for each in packages),
        "advisories": sorted(_advisories(folder, repomd)),
        "types": sorted(record.type for record in repomd.records),
    }


def _package(package: Any) -> str:
    facts = [package.nevra(), package.pkgId, package.location_href, package.summary]
    return json.dumps([*facts, package.files, package.changelogs, package.requires], default=str)


def _advisories(folder: Path, repomd: Any) -> Iterator[str]:
    for record in repomd.records:
        if record.type == "updateinfo":
            info = CREATEREPO.UpdateInfo(str(folder / record.location_href))
            for update in info.updates:
                names = [p.filename for c in update.collections for p in c.packages]
                yield f"{update.id} {update.title} {' '.join(names)}"
