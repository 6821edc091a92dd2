"""When OpenPGP keys end: what they say of themselves, that of their subkeys included."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pysequoia.packet import (  # pyright: ignore[reportMissingModuleSource]
    Packet,
    PacketPile,
    SignatureType,
    Tag,
)

from headgate.pki.openpgp import PublicKey, guarded

_CERTIFIES: Final = (
    SignatureType.GenericCertification,
    SignatureType.PersonaCertification,
    SignatureType.CasualCertification,
    SignatureType.PositiveCertification,
    SignatureType.DirectKey,
    SignatureType.SubkeyBinding,
)


@dataclass(slots=True)
class _Part:
    """The key itself or one of its subkeys, as the newest certification tells it."""

    made: datetime
    told: datetime | None = None  # when it was certified
    signs: bool = False
    end: datetime | None = None


def is_revoked(key: PublicKey) -> bool:
    """Say whether the key is revoked; InvalidContentError when that cannot be told."""
    return guarded(lambda: key.cert.is_revoked)


def signs_until(key: PublicKey) -> datetime | None:
    """Return until when something of the key signs; None: for ever.

    A key whose subkeys alone sign ends with the last of them, and no subkey outlives its key.
    InvalidContentError when that cannot be told.
    """
    whole = guarded(lambda: key.cert.expiration)
    signing = [part.end for part in guarded(lambda: _parts(key)) if part.signs]
    known = [end for end in signing if end is not None]
    last = max(known) if known and len(known) == len(signing) else None
    ends = [end for end in (whole, last) if end is not None]
    return min(ends, default=None)


def _parts(key: PublicKey) -> list[_Part]:
    parts: list[_Part] = []
    for packet in PacketPile.from_bytes(bytes(key.cert)):
        if packet.tag in (Tag.PublicKey, Tag.PublicSubkey) and packet.key_created is not None:
            parts.append(_Part(packet.key_created))
        elif parts and packet.signature_type in _CERTIFIES:
            _note(parts[-1], packet)
    return parts


def _note(part: _Part, packet: Packet) -> None:
    told, flags, period = packet.signature_created, packet.key_flags, packet.key_validity_period
    if told is None or (part.told is not None and told < part.told):
        return
    part.told = told
    part.signs = flags is not None and flags.signing
    part.end = None if period is None else part.made + period
