"""What the control plane is given: everything outside of itself, made by `server/`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.domain.clock import Clock, utc_now
from headgate.domain.identity import ConsumerRules, ProviderRules
from headgate.domain.sessions import DEFAULT_SESSIONS, SessionRules
from headgate.pki.authority import Authority
from headgate.plugin import ContentType
from headgate.stores.blobs.port import BlobStore
from headgate.stores.db import Database
from headgate.upstream import DownloadRules

FOREMAN_VERSION = "3.18.0"
KATELLO_VERSION = "4.20.0"


@dataclass(frozen=True, slots=True)
class Services:
    """The ports of the control plane; one bundle per process.

    `secret` (32 random bytes, one per installation) keys hashes of credentials in memory.
    `seal` and `unseal` protect secrets at rest.
    `uploads` is the folder of uploads in progress, shared with the workers.
    `fixed_settings`: settings that the server's own fix, by the names of `domain/settings.py`.
    `threads` bounds the requests served at once and thereby the database connections in use.
    """

    database: Database
    blobs: BlobStore
    secret: bytes
    seal: Callable[[bytes], bytes]
    unseal: Callable[[bytes], bytes]
    uploads: Path
    clock: Clock = utc_now
    content_types: Mapping[str, ContentType] = field(default_factory=dict[str, ContentType])
    sessions: SessionRules = DEFAULT_SESSIONS
    provider: ProviderRules | None = None  # of users of the external source
    consumer: ConsumerRules | None = None  # who may ask in the name of users
    downloads: DownloadRules = field(default_factory=DownloadRules)
    authority: Authority | None = None  # signs debug certificates
    base_url: str = ""  # https://host:port, for links to published content; "": the request's
    fixed_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    threads: int = 16
