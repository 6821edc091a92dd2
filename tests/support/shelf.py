"""Published content made of rows and blobs, for tests of serving: no sync, no tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from pyroaring import BitMap
from sqlalchemy import insert, select, update

from headgate.content.file.content import FileType
from headgate.domain.clock import utc_now
from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId
from headgate.services.storage.blobs import keep, lease
from headgate.services.units.content_sets import save_content
from headgate.stores.blobs import BlobStore
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import blobs as blob_rows
from headgate.stores.db.tables import (
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
    products,
    publication_files,
    publications,
    repositories,
    repository_versions,
)

_numbers = count(1)
_FILES = FileType()


@dataclass(frozen=True, slots=True)
class Shelved:
    """A repository version: what a publication would be made of."""

    repository_id: int
    relative_path: str
    content_set_id: ContentSetId
    publication_id: int


@dataclass(slots=True)
class Shelf:
    """Puts files of repositories where clients find them."""

    database: Database
    store: BlobStore
    _environments: dict[tuple[int, str], int] = field(default_factory=dict[tuple[int, str], int])

    def organization(self, label: str) -> int:
        """Make an organization with Library and its default view; return its id."""
        now = utc_now()
        times = {"created_at": now, "updated_at": now}
        with self.database.begin() as tx:
            organization = insert_row(tx, organizations, {"name": label, "label": label, **times})
            environment = self._environment(tx, organization, "Library")
            view = self._view(tx, organization, "Default", default=True)
            row = {
                "base_path": f"{label}/Library",
                "organization_id": organization,
                "environment_id": environment,
                "content_view_id": view,
                "updated_at": now,
            }
            insert_row(tx, distributions, row)
        return organization

    def repository(
        self, organization: int, label: str, *, unprotected: bool = True, url: str | None = None
    ) -> int:
        """Make a file repository in a product of its own; return its id."""
        now = utc_now()
        times = {"created_at": now, "updated_at": now}
        number = next(_numbers)
        with self.database.begin() as tx:
            names = {"name": f"P{number}", "label": f"P{number}", "cp_id": str(number)}
            product = insert_row(tx, products, {"organization_id": organization, **names, **times})
            row = {
                "product_id": product,
                "organization_id": organization,
                "name": label,
                "label": label,
                "content_type": "file",
                "relative_path": f"custom/P/{label}",
                "content_id": str(number),
                "unprotected": unprotected,
                "url": url,
                "download_policy": "on_demand",
                "mirroring_policy": "additive",
                **times,
            }
            return insert_row(tx, repositories, row)

    def put(
        self,
        repository: int,
        files: Mapping[str, bytes] | None = None,
        *,
        metadata: Mapping[str, bytes] | None = None,
        absent: Mapping[str, bytes] | None = None,
    ) -> Shelved:
        """Make these files the repository's latest version; `absent` ones are on demand."""
        files, metadata, absent = files or {}, metadata or {}, absent or {}
        blobs = self._kept({**files, **metadata})
        with self.database.begin() as tx:
            units = BitMap(self._unit(tx, path, body, blobs[path]) for path, body in files.items())
            units |= BitMap(self._unit(tx, path, body, None) for path, body in absent.items())
            content_set = save_content(
                tx, clock=utc_now, content=Content.of({"file": units}), unit_types=_FILES.unit_types
            )
            row = {"content_set_id": content_set, "options": str(next(_numbers))}
            publication = insert_row(tx, publications, {**row, "created_at": utc_now()})
            for path in metadata:
                kind = "text/html" if path.endswith(".html") else "text/xml"
                row = {"publication_id": publication, "path": path, "content_type": kind}
                tx.execute(insert(publication_files).values(blob_id=blobs[path], **row))
            self._latest(tx, repository, content_set, publication)
            relative = tx.scalar(
                select(repositories.c.relative_path).where(repositories.c.id == repository)
            )
        return Shelved(repository, str(relative), content_set, publication)

    def version(self, organization: int, view: str, *shelved: Shelved) -> int:
        """Make a version of a view that holds these; return its id."""
        with self.database.begin() as tx:
            number = next(_numbers)
            row = {
                "content_view_id": self._view(tx, organization, view),
                "major": number,
                "minor": 0,
                "filters": list[Any](),
                "inputs_digest": "",
                "published": True,
                "created_at": utc_now(),
            }
            version = insert_row(tx, content_view_versions, row)
            for each in shelved:
                row = {
                    "version_id": version,
                    "repository_id": each.repository_id,
                    "relative_path": each.relative_path,
                    "content_set_id": each.content_set_id,
                    "publication_id": each.publication_id,
                }
                tx.execute(insert(content_view_version_repositories).values(**row))
        return version

    def promote(self, organization: int, environment: str, view: str, version: int) -> None:
        """Let the environment serve the version: one row."""
        with self.database.begin() as tx:
            base = self._base(tx, organization, environment, view)
            changed = tx.execute(
                update(distributions)
                .where(distributions.c.base_path == base)
                .values(version_id=version)
            )
            if not changed.rowcount:
                row = {
                    "base_path": base,
                    "organization_id": organization,
                    "environment_id": self._environment(tx, organization, environment),
                    "content_view_id": self._view(tx, organization, view),
                    "version_id": version,
                    "updated_at": utc_now(),
                }
                insert_row(tx, distributions, row)

    def _kept(self, contents: Mapping[str, bytes]) -> dict[str, int]:
        spools = [self.store.spool() for _ in contents]
        for spool, body in zip(spools, contents.values(), strict=True):
            spool.write(body)
        holder = lease(utc_now, timedelta(hours=1))
        kept = keep(self.database, self.store, spools, holder=holder, clock=utc_now)
        return {path: blob.id for path, blob in zip(contents, kept, strict=True)}

    def _unit(self, tx: Transaction, path: str, body: bytes, blob_id: int | None) -> int:
        table = _FILES.unit_types["file"].table
        checksum = sha256(body).digest()
        digest = sha256(path.encode() + checksum).digest()
        known = tx.scalar(select(table.c.id).where(table.c.digest == digest))
        if known is not None:
            return int(known)
        row: dict[str, Any] = {"digest": digest, "path": path, "checksum": checksum}
        return insert_row(tx, table, {**row, "size": len(body), "blob_id": blob_id})

    def _latest(self, tx: Transaction, repository: int, content_set: int, publication: int) -> None:
        row = {
            "repository_id": repository,
            "number": next(_numbers),
            "content_set_id": content_set,
            "publication_id": publication,
            "cause": "sync",
            "created_at": utc_now(),
        }
        version = insert_row(tx, repository_versions, row)
        tx.execute(
            update(repositories)
            .where(repositories.c.id == repository)
            .values(latest_version_id=version)
        )

    def _environment(self, tx: Transaction, organization: int, label: str) -> int:
        key = (organization, label)
        if key not in self._environments:
            now = utc_now()
            row = {"organization_id": organization, "name": label, "label": label}
            times = {"created_at": now, "updated_at": now}
            self._environments[key] = insert_row(tx, lifecycle_environments, {**row, **times})
        return self._environments[key]

    def _view(
        self, tx: Transaction, organization: int, label: str, *, default: bool = False
    ) -> int:
        known = tx.scalar(
            select(content_views.c.id).where(
                content_views.c.organization_id == organization, content_views.c.label == label
            )
        )
        if known is not None:
            return int(known)
        now = utc_now()
        row = {"organization_id": organization, "name": label, "label": label, "default": default}
        return insert_row(tx, content_views, {**row, "created_at": now, "updated_at": now})

    def _base(self, tx: Transaction, organization: int, environment: str, view: str) -> str:
        label = tx.scalar(select(organizations.c.label).where(organizations.c.id == organization))
        return f"{label}/{environment}/{view}"


def blob_count(database: Database) -> int:
    """Return how many blobs are registered."""
    with database.read() as tx:
        return len(tx.scalars(select(blob_rows.c.id)).all())
