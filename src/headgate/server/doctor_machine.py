"""What `headgate doctor` looks at besides content: folders, disks, certificates."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from headgate.domain.errors import HeadgateError
from headgate.domain.findings import Finding, Level, several
from headgate.pki.sealing import Sealer
from headgate.server.home import Home
from headgate.services.organizations.stored_certificates import stored_certificates
from headgate.stores.blobs import owners
from headgate.stores.db import Database

_WRITES: Final = 9
_PROBE: Final = bytes(4096)
_GIB: Final = 1 << 30
_SCARCE: Final = 0.05
_ENOUGH: Final = 20 * _GIB


def check_folders(home: Home) -> Iterator[Finding]:
    """Find keys that others may read."""
    secrets = [*home.keys.glob("*"), home.authority / "ca.key", home.authority / "server.pem"]
    open_ones = [path for path in secrets if path.is_file() and _mode(path) & 0o077]
    if open_ones:
        yield Finding(
            "readable_keys",
            Level.ERROR,
            f"Others than the server's user may read keys: {several(open_ones)}",
            "`headgate doctor --fix` takes that right away; if others may have used it, restore"
            " or make new keys",
            fixable=True,
        )


def close_keys(home: Home) -> None:
    """Take from others the right to read keys."""
    for path in (*home.keys.glob("*"), home.authority / "ca.key", home.authority / "server.pem"):
        if path.is_file() and _mode(path) & 0o077:
            path.chmod(0o600)


def check_leftovers(home: Home) -> Iterator[Finding]:
    """Find what killed processes were writing."""
    spool = home.folder / "spool"
    dead = [path for path in _entries(spool) if owners.is_dead(path.name)]
    if dead:
        yield Finding(
            "orphan_spool_files",
            Level.WARNING,
            f"{len(dead)} files of {sum(_size(path) for path in dead)} bytes in {spool} were left"
            " by processes that are dead",
            "`headgate doctor --fix` removes them, and so does the server's next start",
            fixable=True,
        )


def check_disks(home: Home, *, slow_seconds: float) -> Iterator[Finding]:
    """Find disks that are full, or slow to make something durable."""
    for folder in _file_systems(home):
        yield from _room(folder)
        yield from _speed(folder, slow_seconds)


def check_certificates(home: Home, now: datetime) -> Iterator[Finding]:
    """Find certificates of the server that are over, or soon will be, and keys that do not fit."""
    authority = home.authority / "ca.crt"
    found = _read(authority)
    if found is None:
        yield Finding(
            "authority_unreadable",
            Level.ERROR,
            f"{authority} is not there or is no certificate",
            "restore the folder `ca` from a backup; a new authority locks out every client",
        )
        return
    yield from _ends(found, _AUTHORITY, now)
    if not _is_key_of(home.authority / "ca.key", found):
        yield Finding(
            "authority_key",
            Level.ERROR,
            f"{home.authority / 'ca.key'} is not the key of {authority}",
            "restore the folder `ca` from a backup",
        )
    server = _read(home.authority / "server.pem")
    if server is not None:
        what = f"The server's certificate ({home.authority / 'server.pem'})"
        kind = _Kind("server_certificate", what, _RESTART, soon=timedelta(days=7))
        yield from _ends(server, kind, now)


def check_stored_certificates(database: Database, home: Home, now: datetime) -> Iterator[Finding]:
    """Find debug certificates and content credentials that are over, or soon will be."""
    if not (home.keys / "seal.key").exists():
        yield Finding(
            "seal_key_missing",
            Level.ERROR,
            f"{home.keys / 'seal.key'} is not there: passwords and keys in the database cannot be"
            " read",
            "restore it from a backup",
        )
        return
    with database.read() as tx:
        stored = stored_certificates(tx)
    try:
        sealer = Sealer((home.keys / "seal.key").read_bytes())
        opened = [(each, sealer.unseal(each.sealed)) for each in stored]
    except (HeadgateError, ValueError) as error:
        message = f"{home.keys / 'seal.key'} does not open what the database holds: {error}"
        yield Finding("seal_key_wrong", Level.ERROR, message, "restore `keys` from a backup")
        return
    for each, pem in opened:
        with suppress(ValueError):
            for certificate in x509.load_pem_x509_certificates(pem):
                yield from _ends(certificate, _Kind(each.code, each.what, each.fix), now)


_RESTART: Final = "restart the server: it renews the certificate"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How findings about a certificate read."""

    code: str
    what: str
    fix: str
    soon: timedelta = timedelta(days=30)


# The authority's end is that of every certificate, and every client has to be told in time.
_AUTHORITY: Final = _Kind(
    "authority",
    "The certificate authority",
    "stop the server, move the folder `ca` away, start it, and give the new `ca/ca.crt` and new"
    " certificates to every client",
    soon=timedelta(days=180),
)


def _ends(certificate: x509.Certificate, kind: _Kind, now: datetime) -> Iterator[Finding]:
    code, what, fix = kind.code, kind.what, kind.fix
    end, begin = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if end <= now:
        message = f"{what} ended on {end:%Y-%m-%d}"
        yield Finding(f"{code}_expired", Level.ERROR, message, fix)
    elif begin > now:
        message = f"{what} is valid from {begin:%Y-%m-%d} on only"
        yield Finding(f"{code}_not_yet_valid", Level.ERROR, message, "set this machine's clock")
    elif end - now < kind.soon:
        message = f"{what} ends on {end:%Y-%m-%d}"
        yield Finding(f"{code}_expiring", Level.WARNING, message, fix)


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _is_key_of(path: Path, certificate: x509.Certificate) -> bool:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError):
        return False
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    mine = key.public_key().public_bytes(serialization.Encoding.DER, public)
    return mine == certificate.public_key().public_bytes(serialization.Encoding.DER, public)


def _file_systems(home: Home) -> list[Path]:
    """Return one folder on each file system that holds a part of the home."""
    wanted = (home.folder, home.blobs, home.folder / "spool", home.uploads, home.scratch)
    by_device = {path.stat().st_dev: path for path in reversed(wanted) if path.is_dir()}
    return sorted(by_device.values())


def _room(folder: Path) -> Iterator[Finding]:
    found = os.statvfs(folder)
    free, whole = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    if free < _GIB or (free < _ENOUGH and free < _SCARCE * whole):
        level = Level.ERROR if free < _GIB else Level.WARNING
        yield Finding(
            "disk_full",
            level,
            f"The disk of {folder} has {free / _GIB:.1f} GiB of {whole / _GIB:.1f} left",
            "`headgate space info` tells whose content needs most; delete some, or add a disk",
        )
    if found.f_files and found.f_favail < 0.01 * found.f_files:
        yield Finding(
            "inodes_used_up",
            Level.WARNING,
            f"The disk of {folder} has room for {found.f_favail} more files only",
            "make a file system with more inodes, such as XFS",
        )


def _speed(folder: Path, slow_seconds: float) -> Iterator[Finding]:
    """Time what every commit waits for, on a file without a name: nobody ever sees it."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            yield Finding(
                "disk_read_only",
                Level.ERROR,
                f"Nothing can be written in {folder}: {error.strerror}",
                "run this as the server's user; if the disk turned read-only, the system's log"
                " tells why",
            )
        return
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        taken = median(_timed_write(file.fileno()) for _ in range(_WRITES))
        apart = abs(os.fstat(file.fileno()).st_mtime - time.time())
    if taken > slow_seconds:
        yield Finding(
            "slow_disk",
            Level.WARNING,
            f"The disk of {folder} takes {taken * 1000:.0f} ms to make 4 KiB durable, and every"
            " change waits for that",
            "put the home folder on an SSD, and not on a network file system",
        )
    if apart > 60:
        yield Finding(
            "clock_skew",
            Level.ERROR,
            f"This machine's clock differs from that of the disk of {folder} by {apart:.0f} s",
            "let chrony or systemd-timesyncd set both",
        )


def _timed_write(descriptor: int) -> float:
    began = time.perf_counter()
    os.write(descriptor, _PROBE)
    os.fsync(descriptor)
    return time.perf_counter() - began


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
