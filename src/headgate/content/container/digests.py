"""Digests and tags as the registry's clients write them (OCI image-spec, "Descriptors")."""

import re
from hashlib import sha256, sha512
from typing import Any, Final

from headgate.content.container.json_values import shown
from headgate.domain.errors import InvalidContentError
from headgate.stores.blobs import Digest

SHA256: Final = "sha256"
SHA512: Final = "sha512"
HASHES: Final = {SHA256: sha256, SHA512: sha512}

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
# distribution-spec 1.1, "Pulling manifests".
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def is_digest(text: str) -> bool:
    """Say whether the text is a digest of an algorithm that is known here."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Say whether the text may be a tag's name."""
    return _TAG.fullmatch(text) is not None


def require_digest(text: Any, *, where: str) -> str:
    """Return the digest; InvalidContentError says where there is none."""
    if not isinstance(text, str) or not is_digest(text):
        raise InvalidContentError(
            f"{where} is no digest: {shown(text)}; it must be sha256: and 64, or sha512:"
            " and 128 hexadecimal digits in lower case"
        )
    return text


def algorithm_of(digest: str) -> str:
    """Return sha256 or sha512."""
    return digest.partition(":")[0]


def digest_of(content: bytes, algorithm: str = SHA256) -> str:
    """Return the digest of the bytes as text."""
    return f"{algorithm}:{HASHES[algorithm](content).hexdigest()}"


def stored_digest(digest: str) -> Digest | None:
    """Return under which digest the blob store would have it; None if that cannot be told."""
    return Digest.parse(digest) if algorithm_of(digest) == SHA256 else None


def unit_digest(digest: str) -> bytes:
    """Return the 32 bytes that name a manifest as a unit."""
    if algorithm_of(digest) == SHA256:
        return bytes.fromhex(digest.removeprefix("sha256:"))
    return sha256(digest.encode()).digest()


def tag_digest(name: str, manifest: str) -> bytes:
    """Return the 32 bytes that name a tag, with where it points, as a unit."""
    return sha256(f"{name}\0{manifest}".encode()).digest()


def signature_digest(manifest: str, content: bytes) -> bytes:
    """Return the 32 bytes that name a signature, with what it signs, as a unit."""
    return sha256(manifest.encode() + b"\0" + content).digest()
