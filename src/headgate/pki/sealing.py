"""Secrets: a type that never prints, and their sealing for the database (AES-256-GCM)."""

import os
import secrets
from pathlib import Path
from typing import Never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headgate.domain.errors import ConfigurationError
from headgate.pki.files import make_private_folder, write_file

_VERSION = b"\x01"
_NONCE = 12
_KEY = 32


class Secret:
    """Text that may be used but not shown: not in logs, tracebacks, JSON or pickles."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, to the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return secrets.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not serialised; seal it")


class Sealer:
    """Seals secrets for storage and opens them again, with one key per installation."""

    def __init__(self, key: bytes) -> None:
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

    def seal(self, secret: Secret | str, *, purpose: str = "") -> bytes:
        """Return what may be stored; it opens only with the same `purpose` (a column's name)."""
        text = secret.reveal() if isinstance(secret, Secret) else secret
        nonce = os.urandom(_NONCE)
        return (
            _VERSION
            + nonce
            + self._cipher.encrypt(nonce, text.encode(), _VERSION + purpose.encode())
        )

    def open(self, sealed: bytes, *, purpose: str = "") -> Secret:
        """Return the secret; ConfigurationError if it was sealed with another key or purpose."""
        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            # The version is authenticated with the purpose: an unknown one cannot open.
            return Secret(self._cipher.decrypt(nonce, text, version + purpose.encode()).decode())
        except (InvalidTag, ValueError) as error:
            raise ConfigurationError(
                "A stored secret does not open with this installation's seal.key; "
                "restore the key that belongs to the database"
            ) from error
