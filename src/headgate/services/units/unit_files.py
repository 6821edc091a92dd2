"""Bringing the files of units from upstream, with or without patience for those that fail."""

from collections.abc import Callable, Sequence

from headgate.domain.errors import UpstreamError
from headgate.domain.ids import UnitId
from headgate.engine.port import Run
from headgate.plugin import ContentType, Located, MissingFile, Ports, UnitFile
from headgate.services.repositories.downloads import Wanted, download_all
from headgate.services.storage.blobs import Kept
from headgate.stores.db import Transaction
from headgate.upstream import Remote, UpstreamUnreachableError

# So many missing files are kept up with in any repository; in larger ones a tenth of the files.
FEW = 50
MOST_SHARE = 0.1
# So many files in a row without an answer, and the upstream is taken to be down.
_MOST_UNREACHABLE = 24

Arrived = Callable[[Transaction, UnitFile, int], None]


def fetch_files(
    ports: Ports,
    run: Run,
    remote: Remote,
    files: Sequence[UnitFile],
    arrived: Arrived,
    *,
    keep_good: bool,
    of: int,
) -> list[MissingFile]:
    """Bring the files; return those that upstream did not give as announced.

    `arrived(tx, file, blob_id)` records each. Without `keep_good` the first failure is raised; so
    it is with it when upstream does not answer at all, or when too many `of` so many files that
    the content has are missing: then something else is wrong than a file.
    """
    misses = _Misses(files, of)

    def note(tx: Transaction, arrivals: Sequence[tuple[Wanted, Kept]]) -> None:
        misses.unreachable = 0
        for each, kept in arrivals:
            arrived(tx, files[each.unit_id], kept.id)

    wanted = [_wanted(number, file) for number, file in enumerate(files)]
    missed = misses if keep_good else None
    download_all(ports, run, remote, wanted, note, missed=missed)
    misses.require_some()
    return misses.missing


def note_arrival(content_type: ContentType) -> Arrived:
    """Return what records the bytes of a file of this content type."""

    def arrived(tx: Transaction, file: UnitFile, blob_id: int) -> None:
        found = Located(
            size=file.size,
            media_type="",
            digest=None,
            source=None,
            unit_type=file.unit_type,
            unit_id=UnitId(file.unit_id),
        )
        content_type.arrived(tx, found, file.path, blob_id)

    return arrived


def missing_file(file: UnitFile, error: UpstreamError) -> MissingFile:
    """Return what is told of a file that could not be had."""
    return MissingFile(
        unit_type=file.unit_type,
        unit_id=file.unit_id,
        path=file.path,
        size=file.size,
        checksum=checksum_text(file),
        url=error.url,
        code=error.code,
        reason=error.message,
    )


def checksum_text(file: UnitFile) -> str | None:
    """Return `sha256:...` or its like."""
    if file.checksum_type is None or file.checksum is None:
        return None
    return f"{file.checksum_type}:{file.checksum.hex()}"


class _Misses:
    """Takes note of failed files until there are too many."""

    def __init__(self, files: Sequence[UnitFile], of: int) -> None:
        self._files = files
        self._of = of
        self._first: UpstreamError | None = None
        self.missing: list[MissingFile] = []
        self.unreachable = 0  # since a file came

    def __call__(self, wanted: Wanted, error: UpstreamError) -> None:
        """Note one; raise when that is one too many."""
        self._first = self._first or error
        self.missing.append(missing_file(self._files[wanted.unit_id], error))
        self.unreachable += isinstance(error, UpstreamUnreachableError)
        if self.unreachable > _MOST_UNREACHABLE:
            raise error
        if len(self.missing) > max(FEW, self._of * MOST_SHARE):
            raise self._too_many(error)

    def require_some(self) -> None:
        """Raise the first error if nothing good would be kept."""
        if self._first is not None and len(self.missing) >= self._of:
            raise self._first

    def _too_many(self, error: UpstreamError) -> UpstreamError:
        message = (
            f"{len(self.missing)} files of {self._of} are missing, too many to publish the rest;"
            f" the last of them: {error.message}"
        )
        return type(error)(message, url=error.url)


def _wanted(number: int, file: UnitFile) -> Wanted:
    checksums: dict[str, str] = {}
    if file.checksum_type is not None and file.checksum is not None:
        checksums = {file.checksum_type: file.checksum.hex()}
    return Wanted(number, file.source, file.size, checksums)
