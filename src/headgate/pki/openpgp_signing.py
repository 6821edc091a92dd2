"""OpenPGP keys with which an organization signs what it publishes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pysequoia import ArmorKind, SignatureMode, Tsk, armor, sign

from headgate.domain.errors import InvalidContentError
from headgate.domain.secret import Secret
from headgate.pki.openpgp import guarded, read_keyring, read_signature
from headgate.pki.openpgp_maker import make_secret_key
from headgate.pki.openpgp_packets import secret_packets, split_signatures

_TRIAL: Final = b"Headgate tries whether this key signs.\n"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret key and, with it, everything that its public half tells."""

    secret: Secret  # armored
    passphrase: Secret
    fingerprint: str  # hex digits, lower case
    user: str
    public: str  # armored

    def sign(self, data: bytes) -> bytes:
        """Return an armored detached signature."""
        return guarded(lambda: self._signed(data))

    def _signed(self, data: bytes) -> bytes:
        key = Tsk.from_bytes(self.secret.reveal().encode())
        signer = key.signer(self.passphrase.reveal() or None)
        return sign(signer, data, mode=SignatureMode.DETACHED)


def make_signing_key(user: str, now: datetime) -> SigningKey:
    """Make a key for the user id; it does not expire."""
    raw = make_secret_key(user, now)
    return read_signing_key(guarded(lambda: armor(raw, ArmorKind.SecretKey)))


def read_signing_key(text: str, passphrase: str = "") -> SigningKey:
    """Read an armored secret key; InvalidContentError unless it signs what its public half checks.

    That leaves out what is expired, revoked, too weak, locked by another passphrase, or has its
    secret elsewhere (on a card).
    """
    packets = secret_packets(text.encode())
    cert = guarded(lambda: Tsk.from_bytes(packets).extract_certificate())
    public = guarded(lambda: str(cert))
    keyring = read_keyring(public)
    key = SigningKey(
        secret=Secret(text),
        passphrase=Secret(passphrase),
        fingerprint=keyring.keys[0].fingerprint,
        user=keyring.keys[0].user,
        public=public,
    )
    try:
        (packet,) = split_signatures(key.sign(_TRIAL))
    except InvalidContentError as error:
        raise InvalidContentError(f"It does not sign: {error.message}") from None
    finding = keyring.check(read_signature(packet), _TRIAL)
    if not finding.good:
        raise InvalidContentError(f"Its signatures would not be accepted: {finding}")
    return key
