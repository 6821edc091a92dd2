"""OpenPGP: public keys, detached signatures and what they are worth (Sequoia does the sums).

Sequoia's standard policy decides which algorithms count, as it does in rpm since 4.18: no MD5, no
SHA-1 over data (of the last ten years). What a key says of itself counts from the day on which it
said so: one that has expired since is good for what it signed before, one whose life was made
longer is good from then on. A revoked key is good for what it signed before only where the
revocation says that its secret was never lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from pysequoia import Cert, Sig, verify
from pysequoia.packet import (  # pyright: ignore[reportMissingModuleSource]
    HashAlgorithm,
    PacketPile,
    SignatureType,
)

from headgate.domain.errors import InvalidContentError
from headgate.pki.openpgp_packets import public_packets

T = TypeVar("T")

_MOST_KEYS: Final = 200
_KEYRINGS: Final = 64
_CERTIFICATIONS: Final = (SignatureType.PositiveCertification, SignatureType.DirectKey)
_WEAK: Final = (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.RipeMD)


class Verdict(Enum):
    """What a signature turned out to be; the value says it in words."""

    GOOD = "signed"
    UNSIGNED = "not signed"
    UNKNOWN = "signed by a key that is not one of the repository's"
    WEAK = "signed with an algorithm that is too weak to count"
    EXPIRED = "signed by a key that had expired"
    REVOKED = "signed by a key that is revoked"
    BAD = "signed, but the signature does not match"
    PARTIAL = "signed, but the signature leaves its payload open"
    OTHER = "signed, but as another package"
    BROKEN = "not readable as a signed file"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key with its subkeys (an OpenPGP certificate)."""

    fingerprint: str  # hex digits, lower case
    user: str
    digest: bytes  # SHA-256 of the certificate: another one may say more or less of the key
    ids: frozenset[str]  # fingerprints and 64-bit ids of the key and its subkeys
    certified: datetime | None  # when it last said of itself what it is for
    cert: Cert = field(compare=False, repr=False)

    @property
    def shown(self) -> str:
        """The key as people compare it."""
        return f"{self.fingerprint[-16:].upper()} ({self.user})" if self.user else self.key_id

    @property
    def key_id(self) -> str:
        """The last 16 digits of the fingerprint."""
        return self.fingerprint[-16:].upper()


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature, not believed yet."""

    issuer: str | None  # fingerprint or key id, as the signature claims
    sig: Sig = field(compare=False, repr=False)

    @property
    def key_id(self) -> str | None:
        """The claimed key's id."""
        return None if self.issuer is None else self.issuer[-16:].upper()


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of checking one signature."""

    verdict: Verdict
    key_id: str | None = None
    key: PublicKey | None = None  # which made it; set only when it is good
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the signed bytes are what the key's owner signed."""
        return self.verdict is Verdict.GOOD

    def __str__(self) -> str:
        words = self.verdict.value
        if self.key_id is not None and not self.good:
            words += f" (key id {self.key_id})"
        return f"{words}: {self.detail}" if self.detail else words


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that one repository trusts."""

    keys: tuple[PublicKey, ...] = ()

    @property
    def shown(self) -> str:
        """The keys for a message, a few of them."""
        names = [key.shown for key in self.keys[:5]]
        more = len(self.keys) - len(names)
        return ", ".join(names) + (f" and {more} more" if more > 0 else "") if names else "none"

    @property
    def digest(self) -> str:
        """Names this set of certificates."""
        return sha256(b"".join(sorted(key.digest for key in self.keys))).hexdigest()

    def check(self, signature: Signature, data: bytes | Path) -> Finding:
        """Say whether one of the keys made the signature over the data (bytes, or a file)."""
        key_id, issuer = signature.key_id, signature.issuer
        known = [key for key in self.keys if issuer is not None and issuer in key.ids]
        try:
            of_file = guarded(lambda: signature.sig.signature_type == SignatureType.Binary)
        except InvalidContentError:
            of_file = False
        if not of_file:
            return Finding(Verdict.BAD, key_id, detail="it is no signature of a file")
        if not known:
            return Finding(Verdict.UNKNOWN, key_id)
        certs = [key.cert for key in known]
        try:
            valid = guarded(lambda: _verified(certs, signature.sig, data))
        except InvalidContentError:
            return self._why_not(signature, known)
        for key in known:
            if key.fingerprint in valid:
                return Finding(Verdict.GOOD, key.key_id, key)
        return Finding(Verdict.BAD, key_id)

    def _why_not(self, signature: Signature, known: Sequence[PublicKey]) -> Finding:
        """Tell people why Sequoia refused; it does not say so itself."""
        key_id, sig = signature.key_id, signature.sig
        try:
            # What the packet says of these may be a number that nobody has given a meaning.
            algorithm, made = guarded(lambda: (sig.hash_algorithm, sig.created))
        except InvalidContentError as error:
            return Finding(Verdict.BAD, key_id, detail=error.message)
        if algorithm in _WEAK:
            return Finding(Verdict.WEAK, key_id, detail=str(algorithm).partition(".")[2])
        if any(guarded(lambda key=key: key.cert.is_revoked) for key in known):
            return Finding(Verdict.REVOKED, key_id)
        for key in known:
            ends = guarded(lambda key=key: key.cert.expiration)
            if ends is not None and made is not None and ends <= made:
                return Finding(Verdict.EXPIRED, key_id, detail=f"{ends:%Y-%m-%d}")
            if made is not None and key.certified is not None and made < key.certified:
                words = (
                    f"or the key was not valid on {made:%Y-%m-%d}: its certification of"
                    f" {key.certified:%Y-%m-%d} is newer"
                )
                return Finding(Verdict.BAD, key_id, detail=words)
        return Finding(Verdict.BAD, key_id)


def read_signature(packet: bytes) -> Signature:
    """Read one signature packet; InvalidContentError when it is none."""
    sig = guarded(lambda: Sig.from_bytes(packet))
    issuer = guarded(lambda: sig.issuer_fingerprint or sig.issuer_key_id)
    return Signature(None if issuer is None else issuer.lower(), sig)


@lru_cache(maxsize=_KEYRINGS)
def read_keyring(text: str) -> Keyring:
    """Read public keys, armored: any number of blocks with any number of keys.

    InvalidContentError when one of them cannot be read: a key that were silently left out would
    be missed only when it counts.
    """
    certs: dict[str, Cert] = {}
    for block in public_packets(text.encode()):
        for cert in guarded(lambda block=block: Cert.split_bytes(block)):
            same = certs.get(cert.fingerprint)
            # One block may bring what revokes the key of another.
            both = cert if same is None else guarded(lambda a=same, b=cert: a.merge(b))
            certs[cert.fingerprint] = both
            if len(certs) > _MOST_KEYS:
                raise InvalidContentError(f"There are more than {_MOST_KEYS} keys in it")
    if not certs:
        raise InvalidContentError("There is no key in it")
    return Keyring(tuple(guarded(lambda each=cert: _public_key(each)) for cert in certs.values()))


def guarded(work: Callable[[], T]) -> T:
    """Call Sequoia: whatever it thinks of hostile bytes becomes an InvalidContentError.

    A panic of Rust code comes as a BaseException of its own, which none of our handlers knows.
    """
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - it raises RuntimeError, ValueError and others
        raise InvalidContentError(_first_line(error)) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InvalidContentError(
            f"OpenPGP data that cannot be read: {_first_line(error)}"
        ) from None


def _public_key(cert: Cert) -> PublicKey:
    raw = bytes(cert)
    ids: set[str] = set()
    certified: list[datetime] = []
    for packet in PacketPile.from_bytes(raw):
        if packet.fingerprint is not None:
            ids.add(packet.fingerprint.lower())
        if packet.key_id is not None:
            ids.add(packet.key_id.lower())
        if packet.signature_type in _CERTIFICATIONS and packet.signature_created is not None:
            certified.append(packet.signature_created)
    users = [str(user) for user in cert.user_ids]
    user = users[0] if users else ""
    printable = "".join(letter if letter.isprintable() else "?" for letter in user)
    return PublicKey(
        fingerprint=cert.fingerprint.lower(),
        user=printable[:100],
        digest=sha256(raw).digest(),
        ids=frozenset(ids),
        certified=max(certified, default=None),
        cert=cert,
    )


def _verified(certs: Sequence[Cert], sig: Sig, data: bytes | Path) -> frozenset[str]:
    """Return the fingerprints of the certificates whose signature it is."""

    def store(_: object) -> Sequence[Cert]:
        return certs

    if isinstance(data, Path):
        found = verify(file=str(data), store=store, signature=sig)
    else:
        found = verify(bytes=data, store=store, signature=sig)
    return frozenset(str(each.certificate).lower() for each in found.valid_sigs)


def _first_line(error: BaseException) -> str:
    """Return the first line: Sequoia may add a backtrace."""
    return (str(error).strip().splitlines() or ["it cannot be read"])[0][:200]
