"""What the processes that use the stores are made of; opened by each after its fork."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headgate.domain.clock import Clock, utc_now
from headgate.pki.sealing import Sealer
from headgate.plugin import ContentType, Ports, SolvingLimits
from headgate.server.content_types import content_types
from headgate.server.home import Home, Keys
from headgate.server.settings import Settings, Upstream
from headgate.stores.blobs import BlobStore, FolderBlobStore
from headgate.stores.db import Database
from headgate.upstream import AddressRules, DownloadLimits, DownloadRules, SharedRate


@dataclass(frozen=True, slots=True)
class Parts:
    """The stores of one process and what it needs to use them."""

    settings: Settings
    home: Home
    keys: Keys
    database: Database
    blobs: BlobStore
    content_types: Mapping[str, ContentType]
    downloads: DownloadRules
    clock: Clock = utc_now

    @property
    def sealer(self) -> Sealer:
        """The key to sealed columns."""
        return self.keys.sealer

    @property
    def ports(self) -> Ports:
        """The world as content types see it."""
        return Ports(
            database=self.database,
            store=self.blobs,
            downloads=self.downloads,
            clock=self.clock,
            scratch=self.home.scratch,
            unseal=self.sealer.unseal,
            solving=SolvingLimits(
                memory_bytes=self.settings.solving.memory << 20,
                seconds=self.settings.solving.seconds,
            ),
        )

    def close(self) -> None:
        """Close the connections of this process."""
        self.database.close()


def open_parts(settings: Settings, *, home: Home, keys: Keys) -> Parts:
    """Open this process's own connections and stores."""
    return Parts(
        settings=settings,
        home=home,
        keys=keys,
        database=Database(settings.database_url, pool_size=settings.storage.pool),
        blobs=FolderBlobStore(home.folder),
        content_types=content_types(),
        downloads=download_rules(settings.upstream, rate_file=home.rate),
    )


def download_rules(settings: Upstream, *, rate_file: Path) -> DownloadRules:
    """Return what settings decide about downloads; the file makes a rate that of all processes."""
    return DownloadRules(
        limits=DownloadLimits(
            per_host=settings.connections_per_host, read_timeout=float(settings.timeout)
        ),
        addresses=AddressRules.allowing(settings.allow_networks, denying=settings.deny_networks),
        file_roots=settings.file_roots,
        pace=SharedRate(settings.rate_limit * 1000, rate_file) if settings.rate_limit > 0 else None,
    )
