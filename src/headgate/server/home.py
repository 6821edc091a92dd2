"""The home folder: everything an installation keeps, and the lock that keeps it to one server."""

import fcntl
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headgate.domain.clock import utc_now
from headgate.domain.errors import ConfigurationError
from headgate.pki.authority import Authority, server_certificate
from headgate.pki.files import make_private_folder
from headgate.pki.sealing import Sealer
from headgate.server.settings import Settings

_ALWAYS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Home:
    """Where things lie below the home folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The CA and the server's certificate."""
        return self.folder / "ca"

    @property
    def keys(self) -> Path:
        """The key that seals secrets in the database."""
        return self.folder / "keys"

    @property
    def blobs(self) -> Path:
        """The files of the blob store, which keeps its spool and trash beside them."""
        return self.folder / "blobs"

    @property
    def uploads(self) -> Path:
        """Uploads in progress, shared by web processes and workers."""
        return self.folder / "uploads"

    @property
    def scratch(self) -> Path:
        """Temporary files of tasks, on the disk of the blobs; emptied at every start."""
        return self.folder / "run" / "scratch"

    @property
    def locks(self) -> Path:
        """What the web processes hold while one of them fetches a file on demand."""
        return self.folder / "run" / "locks"

    @property
    def rate(self) -> Path:
        """Up to when the rate of downloads is used up."""
        return self.folder / "run" / "rate"

    @property
    def workers(self) -> Path:
        """Names of the workers of this family, for the next to know that they are dead."""
        return self.folder / "run" / "workers"

    @property
    def url(self) -> Path:
        """Names the address of the running server."""
        return self.folder / "run" / "url"

    @property
    def metrics(self) -> Path:
        """Counters of the running processes; emptied at every start."""
        return self.folder / "run" / "metrics"

    def lock(self, *, patience: float = 10.0) -> int:
        """Keep the home to this family of processes; ConfigurationError if another has it.

        The lock is held until every process that inherited the returned descriptor has ended; a
        family that is just ending is waited for, `patience` seconds.
        """
        path = self.folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    os.close(descriptor)
                    raise ConfigurationError(
                        f"Another Headgate serves {self.folder}; stop it or choose another --home"
                    ) from None
                time.sleep(0.05)
            else:
                return descriptor


@dataclass(frozen=True, slots=True)
class Keys:
    """The installation's authority and keys, read once at start."""

    authority: Authority
    sealer: Sealer
    server_certificate: Path
    server_key: Path
    authority_file: Path


def open_home(settings: Settings) -> Home:
    """Make the home folder, for its owner alone, if it is not there."""
    home = Home(settings.home)
    try:
        make_private_folder(home.folder)
        for folder in (home.authority, home.keys, home.uploads, home.workers.parent):
            make_private_folder(folder)
    except OSError as error:
        raise ConfigurationError(
            f"The home folder {home.folder} cannot be made: {error.strerror or error}; "
            "choose another with --home"
        ) from error
    return home


def open_keys(home: Home, settings: Settings) -> Keys:
    """Read the authority and the keys; made on first start. The caller holds the home's lock."""
    authority = Authority.open_folder(home.authority, clock=utc_now)
    certificate, key = server_certificate(
        authority, home.authority, host_names(settings.listen.hosts), clock=utc_now
    )
    return Keys(
        authority=authority,
        sealer=Sealer.open_folder(home.keys),
        server_certificate=certificate,
        server_key=key,
        authority_file=home.authority / "ca.crt",
    )


def host_names(given: Sequence[str]) -> list[str]:
    """Return every name of this server without repetition, the preferred one first."""
    own = socket.gethostname()
    return list(dict.fromkeys(name for name in (*given, own, *_ALWAYS) if name))
