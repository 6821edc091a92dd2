"""The one guarded way out: everything that Headgate fetches goes through a `Downloader`."""

from headgate.upstream.addresses import AddressRules
from headgate.upstream.downloader import Downloader, Fetched
from headgate.upstream.errors import (
    UpstreamAbsentError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
    WrongBytesError,
)
from headgate.upstream.limits import DownloadLimits, DownloadRules
from headgate.upstream.pace import SharedRate
from headgate.upstream.remote import Remote, with_credentials
from headgate.upstream.running import run_downloads
from headgate.upstream.transfer import Expected, MemorySink, Sink, Validators

__all__ = [
    "AddressRules",
    "DownloadLimits",
    "DownloadRules",
    "Downloader",
    "Expected",
    "Fetched",
    "MemorySink",
    "Remote",
    "SharedRate",
    "Sink",
    "UpstreamAbsentError",
    "UpstreamTimeoutError",
    "UpstreamUnreachableError",
    "Validators",
    "WrongBytesError",
    "run_downloads",
    "with_credentials",
]
