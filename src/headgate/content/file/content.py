"""The `file` content type: mirrors the listed files and serves them at the same paths."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from pyroaring import BitMap
from sqlalchemy import delete, select, update

from headgate.content.file import manifest
from headgate.content.file.tables import file_units
from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId, UnitId
from headgate.domain.paths import safe_relpath
from headgate.engine.port import Run
from headgate.plugin import (
    Change,
    Explained,
    Explanation,
    Filter,
    Ground,
    HeldPart,
    Located,
    MissingFile,
    NamedUnit,
    Ports,
    PublishedFile,
    PublishOptions,
    Restored,
    Solution,
    SolvePart,
    Source,
    Synced,
    SyncWork,
    TrustRules,
    UnitFile,
    UnitType,
    Upload,
)
from headgate.services.storage.blobs import keep
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import load_units
from headgate.services.units.unit_files import fetch_files, note_arrival
from headgate.services.units.unit_rows import insert_units
from headgate.stores.blobs import Digest
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched, rows_of
from headgate.stores.db.tables import blobs
from headgate.upstream import Downloader, Expected, MemorySink, run_downloads

FILE = "file"
MEDIA_TYPE = "application/octet-stream"

_CHUNK = 1 << 20

UNIT_TYPE = UnitType(FILE, file_units, title=file_units.c.path, family=file_units.c.path)


@dataclass(frozen=True, slots=True)
class FileType:
    """Trees of files with a PULP_MANIFEST."""

    name: str = FILE
    pushable: bool = False
    unit_types: Mapping[str, UnitType] = field(
        default_factory=lambda: {
            FILE: UnitType(FILE, file_units, title=file_units.c.path, family=file_units.c.path)
        }
    )

    def sync(self, work: SyncWork) -> Synced | None:
        """Take what the manifest lists; bring the files unless they may wait for a client."""
        found: Mapping[str, Any] = work.run.step("read the manifest", lambda: _read(work))
        if not found:
            return None
        content = Content.loaded(found["content"])
        missing: list[dict[str, Any]] = []
        if work.download_policy == "immediate":
            missing = work.run.step("download files", lambda: _download(self, work, content))
        return Synced(
            content,
            found["state"],
            missing=[MissingFile(**each) for each in missing],
            offered=Content.loaded(found["offered"]),
        )

    def publish(
        self, ports: Ports, run: Run, content: Content, options: PublishOptions
    ) -> Sequence[PublishedFile]:
        """Write the manifest; the files are found by their paths."""
        del options
        columns = [file_units.c.path, file_units.c.checksum, file_units.c.size]
        with ports.database.read() as tx:
            rows = rows_of(tx, columns, file_units.c.id, content[FILE])
            data = manifest.render(manifest.Entry(*row[:3]) for row in rows)
        with ports.store.spool() as spool:
            spool.write(data)
            (kept,) = keep(
                ports.database, ports.store, [spool], holder=run.task_id, clock=ports.clock
            )
        return [PublishedFile(manifest.NAME, kept.id, "text/plain; charset=utf-8")]

    def dispensable(self, key: str, paths: Sequence[str], *, exact: bool) -> Sequence[str]:
        """The manifest is always ours, and written the same again."""
        del key, exact
        return paths

    def located(self, tx: Transaction, content_set_id: ContentSetId, path: str) -> Located | None:
        """Return the file of the set at this path."""
        rows = tx.execute(
            select(file_units.c.id, file_units.c.size, file_units.c.checksum, blobs.c.digest)
            .outerjoin(blobs, blobs.c.id == file_units.c.blob_id)
            .where(file_units.c.path == path)
        ).all()
        held = load_units(tx, content_set_id, FILE) if rows else BitMap()
        row = next((row for row in rows if row.id in held), None)
        if row is None:
            return None
        return Located(
            size=row.size,
            media_type=MEDIA_TYPE,
            digest=None if row.digest is None else Digest(row.digest),
            source=Source(path, "sha256", row.checksum),
            unit_type=FILE,
            unit_id=UnitId(row.id),
        )

    def listed(self, tx: Transaction, content_set_id: ContentSetId, folder: str) -> Sequence[str]:
        """Return the names in a folder; those of folders end with `/`."""
        held = load_units(tx, content_set_id, FILE)
        below = file_units.c.path.startswith(folder, autoescape=True)
        names = {
            "".join(path[len(folder) :].partition("/")[:2])
            for unit_id, path in tx.execute(select(file_units.c.id, file_units.c.path).where(below))
            if unit_id in held
        }
        return sorted(names)

    def arrived(self, tx: Transaction, found: Located, path: str, blob_id: int) -> None:
        """Remember that the bytes of an on-demand file are here now."""
        del path
        tx.execute(
            update(file_units).where(file_units.c.id == found.unit_id).values(blob_id=blob_id)
        )

    def files_of(self, tx: Transaction, content: Content) -> Iterator[UnitFile]:
        """Yield the files, each a unit."""
        columns = [file_units.c[name] for name in ("path", "size", "checksum", "blob_id")]
        for row in rows_of(tx, columns, file_units.c.id, content[FILE]):
            yield UnitFile(
                FILE,
                row.key_,
                row.path,
                row.size,
                "sha256",
                row.checksum,
                row.blob_id,
                source=row.path,
            )

    def forget_bytes(self, tx: Transaction, content: Content) -> None:
        """Let files be fetched again."""
        for batch in batched(content[FILE]):
            gone = update(file_units).where(file_units.c.id.in_(batch))
            tx.execute(gone.values(blob_id=None))

    def metadata_blobs(self, tx: Transaction, content: Content) -> Collection[int]:
        """Return none: a manifest is made of the rows."""
        del tx, content
        return ()

    def restore_metadata(self, work: SyncWork, damaged: Sequence[int]) -> Restored:
        """Do nothing: there is nothing to restore."""
        del work, damaged
        return Restored()

    def filtered(self, tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
        """Return the content: no filter speaks of files (katello.md 1.5)."""
        del tx, filters
        return content

    def named(self, tx: Transaction, text: str) -> Sequence[NamedUnit]:
        """Return the files at this path, of every repository."""
        rows = tx.scalars(select(file_units.c.id).where(file_units.c.path == text))
        return [NamedUnit((FILE,), row, text) for row in rows]

    def explained(self, tx: Transaction, text: str, part: HeldPart) -> Explained:
        """Return whether the file is there; nothing but its being missing keeps it away."""
        found: list[Explanation] = []
        for each in self.named(tx, text):
            if each.unit_id in part.content[FILE]:
                missing = part.missing.get((FILE, each.unit_id))
                reason = Ground("not_filtered", "No filter speaks of files.")
                if missing is not None:
                    details = {"cause": missing.code, "url": missing.url}
                    reason = Ground("missing_file", f"It is missing: {missing.reason}", details)
                here = missing is None
                found.append(Explanation(FILE, each.unit_id, text, here, [reason]))
        return Explained(found)

    def upload(self, ports: Ports, run: Run, uploads: Sequence[Upload]) -> Content:
        """Keep each file under its name, which may be a path with folders."""
        units = BitMap()
        for each in uploads:
            path = safe_relpath(each.name)
            with ports.store.spool() as spool:
                with each.path.open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        spool.write(chunk)
                (kept,) = keep(
                    ports.database, ports.store, [spool], holder=run.task_id, clock=ports.clock
                )
            entry = manifest.Entry(path, kept.digest.raw, kept.size)
            with ports.database.begin() as tx:
                hold_off_collection(tx)
                (unit_id,) = insert_units(tx, file_units, [unit_row(entry, kept.id)]).values()
                here = update(file_units).where(file_units.c.id == unit_id)
                tx.execute(here.values(blob_id=kept.id))
                pin_units(tx, holder=run.task_id, units={FILE: [unit_id]})
            units.add(unit_id)
        return Content.of({FILE: units})

    def with_units(self, tx: Transaction, content: Content, units: Content) -> Content:
        """Return the content with these files in the place of others at the same paths."""
        return _with_files(tx, content, units[FILE])

    def revised(
        self,
        tx: Transaction,
        repository_id: int,
        content: Content,
        *,
        added: Content,
        removed: Content,
    ) -> Content:
        """Nothing depends on files."""
        del repository_id
        return _with_files(tx, content - removed, added[FILE])

    def brought_by(
        self,
        tx: Transaction,
        source: Content,
        errata_ids: Sequence[str],
        package_ids: Sequence[int],
    ) -> Content:
        """No advisory speaks of files."""
        del tx, source, errata_ids, package_ids
        return Content()

    def names_of(self, tx: Transaction, content: Content) -> Mapping[str, Sequence[str]]:
        """Return the paths."""
        rows = rows_of(tx, [file_units.c.path], file_units.c.id, content[FILE])
        paths = [row[0] for row in rows]
        return {FILE: paths} if paths else {}

    def solve(
        self, ports: Ports, run: Run, parts: Sequence[SolvePart], roots: Content | None = None
    ) -> Solution:
        """Files require nothing."""
        del ports, run, parts, roots
        return Solution()

    def distrust(
        self, ports: Ports, rules: TrustRules, found: Located, data: Digest | bytes
    ) -> str | None:
        """Believe all: there are no signatures to ask for."""
        del ports, rules, found, data

    def changed(self, tx: Transaction, change: Change) -> None:
        """Nothing is remembered of it but the versions themselves."""
        del tx, change

    def drop(self, tx: Transaction, units: Mapping[str, BitMap]) -> None:
        """Delete files that nothing holds."""
        for batch in batched(units.get(FILE, BitMap())):
            tx.execute(delete(file_units).where(file_units.c.id.in_(batch)))


def unit_row(entry: manifest.Entry, blob_id: int | None = None) -> dict[str, Any]:
    """Return a file's row; its digest is over path and checksum."""
    digest = sha256(b"%s\0%s" % (entry.path.encode(), entry.checksum)).digest()
    return {"digest": digest, **entry._asdict(), "blob_id": blob_id}


def _with_files(tx: Transaction, content: Content, unit_ids: BitMap) -> Content:
    taken = {row[0] for row in rows_of(tx, [file_units.c.path], file_units.c.id, unit_ids)}
    older = content[FILE] - unit_ids
    columns = [file_units.c.id, file_units.c.path]
    gone = [row[0] for row in rows_of(tx, columns, file_units.c.id, older) if row[1] in taken]
    return content.replaced(file=(older - BitMap(gone)) | unit_ids)


def _read(work: SyncWork) -> dict[str, Any]:
    """Fetch the manifest and insert its entries; empty when it is the one of the last sync."""
    sink = MemorySink()

    async def fetch(downloader: Downloader) -> None:
        expected = Expected(most_bytes=manifest.MANIFEST_BYTES)
        await downloader.fetch(work.remote, manifest.NAME, sink, expected=expected)

    run_downloads(work.ports.downloads, fetch, check=work.run.check)
    state = {"manifest": sha256(sink.data).hexdigest()}
    if work.state == state:
        return {}
    entries = {entry.path: entry for entry in manifest.parse(bytes(sink.data))}
    with work.ports.database.begin() as tx:
        hold_off_collection(tx)
        found = insert_units(tx, file_units, [unit_row(entry) for entry in entries.values()])
        units = BitMap(found.values())
        pin_units(tx, holder=work.run.task_id, units={FILE: units})
        content = Content.of({FILE: units})
        if work.mirroring_policy == "additive":
            content = _with_files(tx, work.previous, units)
    offered = Content.of({FILE: units})
    return {"content": content.dumped(), "offered": offered.dumped(), "state": state}


def _download(files: FileType, work: SyncWork, content: Content) -> list[dict[str, Any]]:
    with work.ports.database.read() as tx:
        held = list(files.files_of(tx, content))
    wanted = [file for file in held if file.blob_id is None]
    missing = fetch_files(
        work.ports,
        work.run,
        work.remote,
        wanted,
        note_arrival(files),
        keep_good=work.keep_good,
        of=len(held),
    )
    return [asdict(each) for each in missing]
