"""Writing the metadata of any content: whole segments are copied, the rest is put together."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from hashlib import new as new_hash
from typing import Final

import zstandard
from pyroaring import BitMap
from sqlalchemy import ColumnElement, Table

from headgate.content.rpm.media import media_type
from headgate.content.rpm.metadata.comps import render_comps
from headgate.content.rpm.metadata.modules import render_modules
from headgate.content.rpm.metadata.pieces import Piece
from headgate.content.rpm.metadata.repomd import Checksum, MetadataFile, Repomd, render_repomd
from headgate.content.rpm.metadata.segments import KINDS, Codec, compress
from headgate.content.rpm.metadata.updateinfo import render_updateinfo
from headgate.content.rpm.metadata.writer import write_metadata
from headgate.content.rpm.reusing import Noted, earlier_files, note
from headgate.content.rpm.selection import cuts_of, pack_reader
from headgate.content.rpm.signing import signatures
from headgate.content.rpm.tables import errata, module_documents, package_groups, repository_files
from headgate.content.rpm.trust_metadata import SIGNATURE
from headgate.content.rpm.upstream import REPOMD
from headgate.domain.content import Content
from headgate.engine.port import Progress, Run
from headgate.plugin import Ports, PublishedFile, PublishOptions, signer_of
from headgate.services.storage.blobs import keep
from headgate.stores.blobs import Digest, Spool
from headgate.stores.db.statements import rows_of
from headgate.stores.db.tables import blobs
from headgate.stores.db.writes import write

Render = Callable[[Iterable[bytes]], Iterator[bytes]]

# Fragments kept in the database, in the order in which clients expect what they describe.
_DOCUMENTS: Final[Sequence[tuple[str, str, Table, str, Render]]] = (
    ("updateinfo", "erratum", errata, "updateinfo.xml", render_updateinfo),
    ("group", "package_group", package_groups, "comps.xml", render_comps),
)
UPSTREAM_KEY: Final = "yum:upstream:"  # begins the key of a publication that a sync took over
_REWRITTEN: Final = re.compile(
    r"repodata/[0-9a-f]+-(primary|filelists|other|updateinfo|comps|modules)\.(xml|yaml)\.(gz|zst)"
)
_CHECKSUM_TYPES: Final = frozenset({"sha256", "sha384", "sha512"})
# Fragments gathered before they are compressed as one member.
_PIECE_BYTES: Final = 1 << 20


def publish(
    ports: Ports, run: Run, content: Content, options: PublishOptions
) -> Sequence[PublishedFile]:
    """Write primary, filelists, other, updateinfo, comps, modules and repomd.xml.

    Files of unknown types are listed as they came. All blobs are pinned by the run's task.
    """
    with ExitStack() as stack:
        making = _Making(ports, run, options, stack)
        making.write_packages(content)
        for kind, unit_type, table, name, render in _DOCUMENTS:
            making.write_document(kind, table, content[unit_type], name, render)
        modules = content["module_stream"] | content["module_defaults"]
        making.write_document("modules", module_documents, modules, "modules.yaml", render_modules)
        making.pass_through(content)
        return making.finish()


def dispensable(key: str, paths: Sequence[str], *, exact: bool) -> Sequence[str]:
    """Return what can be let go of: what is made of segments and fragments, and comes out equal.

    repomd.xml and its signature stay: hosts that have the rest need no more. Upstream's own files
    (docs/decisions/0013) cannot be made again. Where they are promised, or signed by upstream,
    they stay; else ours take their place when they are needed.
    """
    if not key.startswith(UPSTREAM_KEY):
        return [path for path in paths if _REWRITTEN.fullmatch(path)]
    upstream_signed = SIGNATURE in paths and signer_of(key) is None
    return () if exact or upstream_signed else paths


@dataclass(frozen=True, slots=True)
class _Making:
    """The files of one publication while they are written."""

    ports: Ports
    run: Run
    options: PublishOptions
    stack: ExitStack
    written: list[tuple[MetadataFile, Spool]] = field(
        default_factory=list[tuple[MetadataFile, Spool]]
    )
    passed: list[tuple[MetadataFile, PublishedFile]] = field(
        default_factory=list[tuple[MetadataFile, PublishedFile]]
    )

    # Of the files that list packages, which are the first: the anchor, and the pieces.
    pieces: list[tuple[bytes, Sequence[Piece]]] = field(
        default_factory=list[tuple[bytes, Sequence[Piece]]]
    )

    @property
    def codec(self) -> Codec:
        return "zst" if self.options.compression == "zstd" else "gz"

    @property
    def checksum_type(self) -> str:
        wanted = self.options.checksum_type
        return wanted if wanted in _CHECKSUM_TYPES else "sha256"

    def write_packages(self, content: Content) -> None:
        """Write the three files that list packages, in the same order of packages."""
        with self.ports.database.read() as tx:
            cuts = cuts_of(tx, content["rpm"] | content["srpm"])
            reader = pack_reader(tx, self.ports.store, {cut.pack for cut in cuts})
            files = earlier_files(tx, self.ports.store, self.codec, cuts, reader)
        for number, kind in enumerate(KINDS):
            self.run.report(Progress(items_done=number, items_total=len(KINDS)))
            spool = self.spool()
            made = write_metadata(
                kind,
                self.codec,
                cuts,
                read=reader,
                sink=spool,
                earlier=files.earlier,
            )
            self.pieces.append((files.anchors.get(kind, b""), made.pieces))
            checksum = self.checksum(spool)
            name = f"repodata/{checksum.raw.hex()}-{kind}.xml.{self.codec}"
            entry = MetadataFile(kind, name, checksum, made.size, open_size=made.open_size)
            self.written.append((entry, spool))

    def write_document(
        self, kind: str, table: Table, units: Iterable[int], name: str, render: Render
    ) -> None:
        """Write one file made of the fragments that the units keep; none for no units."""
        wanted = BitMap(units)
        if not wanted:
            return
        spool = self.spool()
        opened = new_hash(self.checksum_type)
        open_size = 0
        for piece in _pieces(render(self.fragments(table, wanted))):
            opened.update(piece)
            open_size += len(piece)
            spool.write(compress(self.codec, piece))
        checksum = self.checksum(spool)
        path = f"repodata/{checksum.raw.hex()}-{name}.{self.codec}"
        entry = MetadataFile(
            kind,
            path,
            checksum,
            spool.size,
            Checksum(self.checksum_type, opened.digest()),
            open_size,
        )
        self.written.append((entry, spool))

    def fragments(self, table: Table, units: BitMap) -> Iterator[bytes]:
        """Yield the units' fragments in the order in which they first came."""
        with self.ports.database.read() as tx:
            packed = {row[1]: row[0] for row in rows_of(tx, [table.c.fragment], table.c.id, units)}
        expand = zstandard.ZstdDecompressor().decompress
        for unit_id in units:
            yield expand(packed[unit_id])

    def pass_through(self, content: Content) -> None:
        """List files of unknown types as upstream had them."""
        columns: list[ColumnElement[object]] = [
            repository_files.c.type,
            repository_files.c.path,
            repository_files.c.blob_id,
        ]
        with self.ports.database.read() as tx:
            rows = list(rows_of(tx, columns, repository_files.c.id, content["repository_file"]))
            ids = BitMap(row.blob_id for row in rows)
            found = {
                row[2]: (Digest(row[0]), row[1])
                for row in rows_of(tx, [blobs.c.digest, blobs.c.size], blobs.c.id, ids)
            }
        for row in sorted(rows, key=lambda row: row.path):
            digest, size = found[row.blob_id]
            checksum = self.checksum_of(digest, partial(self.ports.store.read, digest))
            entry = MetadataFile(row.type, row.path, checksum, size)
            published = PublishedFile(row.path, row.blob_id, media_type(row.path))
            self.passed.append((entry, published))

    def finish(self) -> list[PublishedFile]:
        """Write repomd.xml and make everything durable."""
        entries = [entry for entry, _ in self.written] + [entry for entry, _ in self.passed]
        revision = str(int(self.ports.clock().timestamp()))
        repomd = render_repomd(Repomd(files=tuple(entries), revision=revision))
        index = {REPOMD: repomd, **signatures(self.ports, self.options, repomd)}
        spools = [spool for _, spool in self.written]
        for data in index.values():
            spools.append(self.spool())
            spools[-1].write(data)
        kept = keep(
            self.ports.database,
            self.ports.store,
            spools,
            holder=self.run.task_id,
            clock=self.ports.clock,
        )
        self.note_pieces([blob.id for blob in kept])
        paths = [*(entry.location for entry, _ in self.written), *index]
        own = [
            PublishedFile(path, blob.id, media_type(path))
            for path, blob in zip(paths, kept, strict=True)
        ]
        return [*own, *(published for _, published in self.passed)]

    def note_pieces(self, blob_ids: Sequence[int]) -> None:
        """Let later publications copy what was compressed for this one."""
        noted = [
            Noted(blob_id, *of_one) for blob_id, of_one in zip(blob_ids, self.pieces, strict=False)
        ]
        write(self.ports.database, lambda tx: note(tx, noted))

    def checksum(self, spool: Spool) -> Checksum:
        return self.checksum_of(spool.digest(), spool.read)

    def checksum_of(self, digest: Digest, read: Callable[[], Iterator[bytes]]) -> Checksum:
        """Return the checksum that is wanted; the content is read for one that is not known."""
        if self.checksum_type == "sha256":
            return Checksum("sha256", digest.raw)
        hashed = new_hash(self.checksum_type)
        for chunk in read():
            hashed.update(chunk)
        return Checksum(self.checksum_type, hashed.digest())

    def spool(self) -> Spool:
        return self.stack.enter_context(self.ports.store.spool())


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts to pieces that compress well."""
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= _PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
