"""What `headgate doctor` finds about certificates and keys: over, or soon to be."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from headgate.domain.errors import HeadgateError, InvalidContentError
from headgate.domain.findings import Finding, Level
from headgate.pki.openpgp import PublicKey, read_keyring
from headgate.pki.openpgp_ends import is_revoked, signs_until
from headgate.pki.sealing import Sealer
from headgate.server.home import Home
from headgate.services.organizations.stored_certificates import (
    StoredKey,
    stored_certificates,
    stored_keys,
)
from headgate.stores.db import Database

_SOON: Final = timedelta(days=30)


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


def check_stored(database: Database, home: Home, now: datetime) -> Iterator[Finding]:
    """Find certificates and keys in the database that are over, or soon will be."""
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
        certificates, keys = stored_certificates(tx), stored_keys(tx)
    try:
        sealer = Sealer((home.keys / "seal.key").read_bytes())
        opened = [(each, sealer.unseal(each.sealed)) for each in certificates]
        readable = [(each, each.public or sealer.unseal(each.sealed).decode()) for each in keys]
    except (HeadgateError, ValueError) as error:
        message = f"{home.keys / 'seal.key'} does not open what the database holds: {error}"
        yield Finding("seal_key_wrong", Level.ERROR, message, "restore `keys` from a backup")
        return
    for each, pem in opened:
        with suppress(ValueError):
            for certificate in x509.load_pem_x509_certificates(pem):
                yield from _ends(certificate, _Kind(each.code, each.what, each.fix), now)
    for key, text in readable:
        with suppress(InvalidContentError):
            yield from _key_ends(key, read_keyring(text).keys, now)


_RESTART: Final = "restart the server: it renews the certificate"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How findings about a certificate read."""

    code: str
    what: str
    fix: str
    soon: timedelta = _SOON


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


def _key_ends(stored: StoredKey, keys: Sequence[PublicKey], now: datetime) -> Iterator[Finding]:
    """Find keys that end; one that has a successor beside it is as it should be."""
    ends = {key.fingerprint: now if is_revoked(key) else signs_until(key) for key in keys}
    if any(end is None or end - now >= _SOON for end in ends.values()):
        return
    over = Level.WARNING if stored.verifies else Level.ERROR
    for key in keys:
        code, what = stored.code, f"The key {key.shown} of {stored.what}"
        end = ends[key.fingerprint]
        if is_revoked(key):
            yield Finding(f"{code}_revoked", over, f"{what} is revoked", stored.fix)
        elif end is not None and end <= now:
            message = f"{what} ended on {end:%Y-%m-%d}: {stored.consequence}"
            yield Finding(f"{code}_expired", over, message, stored.fix)
        elif end is not None:
            message = f"{what} ends on {end:%Y-%m-%d}: {stored.consequence}"
            yield Finding(f"{code}_expiring", Level.WARNING, message, stored.fix)


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
