"""Bringing many files: what happens to the rest when one cannot be kept."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from headgate.domain.clock import utc_now
from headgate.domain.errors import StorageFullError
from headgate.domain.ids import TaskId
from headgate.engine.claims import Claim
from headgate.engine.ledger import Lease
from headgate.engine.port import Progress
from headgate.engine.run import TaskRun
from headgate.plugin import Ports
from headgate.services.repositories.downloads import AT_ONCE, GROUP, Wanted, download_all
from headgate.stores.blobs import Digest, FolderBlobStore, Spool
from headgate.stores.db import Database
from headgate.upstream import AddressRules, DownloadRules, Remote
from support.stage import Alone
from support.upstream import Upstream, upstream

# As many as wait to be kept, and those that are under way.
BACKLOG = 2 * GROUP + AT_ONCE


class FullStore(FolderBlobStore):
    """A store that has no room, and says so late: when downloads are far ahead."""

    def __init__(self, root: Path, source: Upstream) -> None:
        super().__init__(root)
        self._source = source

    def keep_many(self, spools: Sequence[Spool]) -> list[Digest]:
        """See `BlobStore.keep_many`."""
        del spools
        deadline = time.monotonic() + 10
        while len(self._source.asked) < BACKLOG and time.monotonic() < deadline:
            time.sleep(0.01)
        raise StorageFullError("No room")


@pytest.mark.timeout(60)
def test_a_full_disk_ends_downloads_that_are_far_ahead(database: Database, tmp_path: Path) -> None:
    root = tmp_path / "upstream"
    root.mkdir()
    wanted = [Wanted(number, str(number)) for number in range(2 * BACKLOG)]
    for each in wanted:
        (root / each.path).write_text(each.path)
    claim = Claim(Lease(TaskId("task"), "me", 1), "sync", {}, None, None, None, 0, False)
    run = TaskRun(claim, database=database, workplace=Alone(), clock=utc_now)

    with upstream(root, tmp_path / "keys") as source:
        rules = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8"]))
        store = FullStore(tmp_path / "home", source)
        ports = Ports(database, store, rules, utc_now, tmp_path)
        with pytest.raises(StorageFullError):
            download_all(ports, run, Remote(url=source.url), wanted, lambda _tx, _arrivals: None)

    assert list((tmp_path / "home" / "spool").iterdir()) == []


class _Told(TaskRun):
    """A run that remembers what it was told."""

    urls: list[str | None]

    def report(self, progress: Progress) -> None:
        """See `Run.report`."""
        self.urls.append(progress.url)


def test_progress_tells_the_address_that_gives_the_file(database: Database, tmp_path: Path) -> None:
    root = tmp_path / "upstream"
    root.mkdir()
    (root / "reed.rpm").write_text("reed")
    claim = Claim(Lease(TaskId("task"), "me", 1), "sync", {}, None, None, None, 0, False)
    run = _Told(claim, database=database, workplace=Alone(), clock=utc_now)
    run.urls = []

    with upstream(root, tmp_path / "keys") as source:
        remote = Remote(
            "http://lists.example.org/", mirrors=(f"{source.url}absent/", f"{source.url}?token=x")
        )
        rules = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8"]))
        ports = Ports(database, FolderBlobStore(tmp_path / "home"), rules, utc_now, tmp_path)
        download_all(ports, run, remote, [Wanted(1, "reed.rpm")], lambda _tx, _arrivals: None)

    assert f"{source.url}reed.rpm?..." in run.urls
    assert not any(url and "absent" in url for url in run.urls)
