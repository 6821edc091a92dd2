"""`headgate doctor`: looks at an installation, says what is wrong and what to do about it.

It works on the home folder, whether a server runs there or not, and changes nothing unless it is
asked to fix what it found; then it does only what a starting server does, too, or takes rights
away that nobody should have. It makes no folder, key or database: what is missing is a finding.
"""

import fcntl
import json
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from headgate.domain.clock import Clock, utc_now
from headgate.domain.errors import ConfigurationError
from headgate.domain.findings import Finding, Level
from headgate.server import doctor_keys as keys
from headgate.server import doctor_machine as machine
from headgate.server.content_types import content_types
from headgate.server.home import Home
from headgate.server.migrate import current_revision
from headgate.server.schema import import_tables
from headgate.server.settings import Settings
from headgate.services.repositories.uploads import sweep_uploads
from headgate.services.storage import blob_collection
from headgate.services.storage.blob_checkup import check_blobs, check_strays
from headgate.services.storage.space_map import unit_tables
from headgate.services.work.work_checkup import check_clock, check_integrity, check_work
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database
from headgate.stores.db.migrations import HEAD

# Exit codes.
HEALTHY: Final = 0
WARNINGS: Final = 2
ERRORS: Final = 3

SLOW_MILLISECONDS: Final = 100


@dataclass(frozen=True, slots=True)
class Examination:
    """What to look at: everything; `deep` also reads every byte."""

    deep: bool = False
    fix: bool = False
    slow_milliseconds: int = SLOW_MILLISECONDS


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, and what of that has been fixed."""

    findings: Sequence[Finding]
    fixed: Sequence[Finding]

    @property
    def exit_code(self) -> int:
        """HEALTHY, WARNINGS or ERRORS: what is left after fixing."""
        left = [each for each in self.findings if each not in self.fixed]
        if any(each.level is Level.ERROR for each in left):
            return ERRORS
        return WARNINGS if left else HEALTHY

    def as_json(self) -> str:
        """Return it for programs."""
        findings = [{**asdict(each), "fixed": each in self.fixed} for each in self.findings]
        return json.dumps({"healthy": self.exit_code == HEALTHY, "findings": findings}, indent=2)

    def as_text(self) -> str:
        """Return it for people."""
        if not self.findings:
            return "Nothing is wrong.\n"
        return "\n".join(self._told(each) for each in self.findings)

    def _told(self, finding: Finding) -> str:
        head = f"{finding.level.upper()}: {finding.message}."
        done = "Fixed." if finding in self.fixed else f"What to do: {finding.fix}."
        return f"{head}\n  {done}\n"


def examine(settings: Settings, examination: Examination, *, clock: Clock = utc_now) -> Diagnosis:
    """Look at the installation, fix what may be fixed if asked to, and say what was found.

    ConfigurationError when there is nothing to look at.
    """
    home = Home(settings.home)
    if not home.folder.is_dir():
        raise ConfigurationError(f"There is no home folder {home.folder}; name another with --home")
    findings = list(_findings(settings, home, examination, clock))
    fixable = [each for each in findings if each.fixable]
    if not (examination.fix and fixable):
        return Diagnosis(findings, ())
    _fix(settings, home, {each.code for each in fixable}, clock)
    left = {each.code for each in _findings(settings, home, examination, clock)}
    return Diagnosis(findings, [each for each in fixable if each.code not in left])


def _findings(
    settings: Settings, home: Home, examination: Examination, clock: Clock
) -> Iterator[Finding]:
    yield from machine.check_folders(home)
    yield from machine.check_disks(home, slow_seconds=examination.slow_milliseconds / 1000)
    yield from keys.check_certificates(home, clock())
    yield from machine.check_leftovers(home)
    with _opened(settings, home) as database:
        if isinstance(database, Finding):
            yield database
            return
        yield from _check_database(database, home, examination, clock)


def _check_database(
    database: Database, home: Home, examination: Examination, clock: Clock
) -> Iterator[Finding]:
    revision = current_revision(database)
    yield from check_integrity(database, deep=examination.deep)
    if revision != HEAD:
        yield Finding(
            "schema_revision",
            Level.ERROR,
            f"The database is at revision {revision or 'none'}, this version needs {HEAD}",
            "start the server, or run `headgate migrate` for a database of your own; if the"
            " revision is newer, install the newer version again",
        )
        return  # its tables may be others
    yield from check_clock(database, clock=clock)
    yield from check_work(database, clock=clock, running=is_running(home))
    yield from keys.check_stored(database, home, clock())
    if not home.blobs.is_dir():
        yield Finding(
            "blob_folder_missing",
            Level.ERROR,
            f"The folder {home.blobs} is not there",
            "mount the disk that holds it, or restore it from a backup",
        )
        return
    store = FolderBlobStore(home.folder)
    tables = unit_tables(content_types().values())
    yield from check_blobs(database, store, tables, deep=examination.deep)
    yield from check_strays(database, store)


@contextmanager
def _opened(settings: Settings, home: Home) -> Generator[Database | Finding]:
    """Open the database, if there is one; a finding says why not."""
    import_tables()
    if settings.embedded_database and not (home.folder / "headgate.db").is_file():
        yield Finding(
            "database_missing",
            Level.ERROR,
            f"There is no database {home.folder / 'headgate.db'}",
            "restore it from a backup; an empty home folder is filled by `headgate serve`",
        )
        return
    database = Database(settings.database_url, pool_size=1)
    try:
        current_revision(database)
    except SQLAlchemyError as error:
        words = str(error.__cause__ or error).partition("\n")[0]
        yield Finding(
            "database_unreachable",
            Level.ERROR,
            f"The database cannot be read: {words}",
            "start the database server, or correct storage.database; a damaged file is restored"
            " from a backup",
        )
    else:
        yield database
    finally:
        database.close()


def is_running(home: Home) -> bool:
    """Say whether a server has the home folder now."""
    try:
        descriptor = os.open(home.folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _fix(settings: Settings, home: Home, codes: Iterable[str], clock: Clock) -> None:
    """Do what a starting server does: everything in it is safe beside one that runs."""
    chosen = set(codes)
    if "readable_keys" in chosen:
        machine.close_keys(home)
    if not chosen & {"orphan_spool_files", "orphan_blobs", "interrupted_collection"}:
        return
    with _opened(settings, home) as database:
        if isinstance(database, Finding):
            return
        store = FolderBlobStore(home.folder)
        blob_collection.reconcile(database, store, clock=clock)
        blob_collection.collect(database, store, clock=clock)
        if home.uploads.is_dir():
            with database.begin() as tx:
                sweep_uploads(tx, home.uploads, clock=clock)
