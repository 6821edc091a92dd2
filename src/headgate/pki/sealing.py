"""Sealing of secrets for the database (AES-256-GCM)."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from headgate.domain.errors import ConfigurationError
from headgate.pki.files import make_private_folder, write_file

_VERSION = b"\x01"
_NONCE = 12
_KEY = 32


class Sealer:
    """Seals secrets for storage and opens them again, with one key per installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def open_folder(cls, folder: Path) -> "Sealer":
        """Return the sealer whose key is `folder`/seal.key; a random key is made if absent.

        Without the file everything sealed is lost: it belongs in every backup. Not for two
        processes at once on an empty folder.
        """
        path = folder / "seal.key"
        make_private_folder(folder)
        if not path.exists():
            write_file(path, os.urandom(_KEY), mode=0o600)
        key = path.read_bytes()
        if len(key) != _KEY:
            raise ConfigurationError(
                f"{path} is not a key of {_KEY} bytes; restore it from a backup"
            )
        return cls(key)

    def seal(self, plain: bytes, *, purpose: str = "") -> bytes:
        """Return what may be stored; it opens only with the same `purpose`."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + purpose.encode())

    def unseal(self, sealed: bytes, *, purpose: str = "") -> bytes:
        """Return what was sealed; ConfigurationError if by another key or for another purpose."""
        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            # The version is authenticated with the purpose: an unknown one cannot open.
            return self._cipher.decrypt(nonce, text, version + purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise ConfigurationError(
                "A stored secret does not open with this installation's seal.key; "
                "restore the key that belongs to the database"
            ) from error

    def derived_key(self, purpose: str) -> bytes:
        """Return 32 bytes that are this installation's for the purpose and tell nothing else."""
        return HKDF(hashes.SHA256(), _KEY, salt=None, info=purpose.encode()).derive(self._key)
