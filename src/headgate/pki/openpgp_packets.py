"""OpenPGP framing: armor taken off and packets told apart, before any of them is believed.

Sequoia reads what is in a packet. What reaches it is cut out here: only packets of the types
that a key or a signature is made of, so no compressed packet is ever expanded, and no more bytes
or packets than any real key or signature has (RFC 9580, sections 4 and 6).
"""

import binascii
import re
from collections.abc import Iterator
from typing import Final

from headgate.domain.errors import InvalidContentError

SIGNATURE: Final = 2
SECRET_KEYS: Final = frozenset({5, 7})
# Keys and subkeys, user ids and attributes, signatures; trust packets are of local use only.
_OF_PUBLIC_KEYS: Final = frozenset({SIGNATURE, 6, 12, 13, 14, 17})
_OF_SECRET_KEYS: Final = _OF_PUBLIC_KEYS | SECRET_KEYS
_PASSED_OVER: Final = frozenset({10, 12, 21})  # marker, trust, padding

_MOST_KEY_PACKETS: Final = 20_000  # a key that many have certified
_MOST_SIGNATURES: Final = 16
_MOST_SIGNATURE_BYTES: Final = 256 << 10

_BEGIN: Final = re.compile(rb"-----BEGIN PGP ([A-Z ]{1,40})-----")
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]*: ?[^\n]*")


def split_signatures(data: bytes) -> list[bytes]:
    """Return the signature packets of a detached signature, armored or not.

    InvalidContentError when it holds anything else, or nothing.
    """
    if len(data) > _MOST_SIGNATURE_BYTES:
        raise InvalidContentError(f"The signature is larger than {_MOST_SIGNATURE_BYTES} bytes")
    found: list[bytes] = []
    for raw in _raw(data, "SIGNATURE"):
        for tag, packet in _packets(raw):
            if tag in _PASSED_OVER:
                continue
            if tag != SIGNATURE:
                raise InvalidContentError(f"The signature holds an OpenPGP packet of type {tag}")
            found.append(packet)
            if len(found) > _MOST_SIGNATURES:
                raise InvalidContentError(f"There are more than {_MOST_SIGNATURES} signatures")
    if not found:
        raise InvalidContentError("There is no OpenPGP signature in it")
    return found


def public_packets(data: bytes) -> list[bytes]:
    """Return each block of public keys without armor; InvalidContentError for anything else."""
    return [_checked(raw, _OF_PUBLIC_KEYS) for raw in _raw(data, "PUBLIC KEY BLOCK")]


def secret_packets(data: bytes) -> bytes:
    """Return the one private key block without armor; InvalidContentError for anything else."""
    blocks = list(_raw(data, "PRIVATE KEY BLOCK"))
    if len(blocks) != 1:
        raise InvalidContentError("It must hold one PGP private key block")
    return _checked(blocks[0], _OF_SECRET_KEYS)


def _checked(raw: bytes, allowed: frozenset[int]) -> bytes:
    kept = bytearray()
    for number, (tag, packet) in enumerate(_packets(raw)):
        if number >= _MOST_KEY_PACKETS:
            raise InvalidContentError(f"The key has more than {_MOST_KEY_PACKETS} parts")
        if tag in _PASSED_OVER:
            continue
        if tag not in allowed:
            raise InvalidContentError(f"The key block holds an OpenPGP packet of type {tag}")
        kept += packet
    if not kept:
        raise InvalidContentError("The key block is empty")
    return bytes(kept)


def _raw(data: bytes, kind: str) -> Iterator[bytes]:
    """Yield the content of each armored block of the kind, or the data if it has no armor."""
    if data[:1] and data[0] & 0x80:
        yield data
        return
    found = False
    at = 0
    while begin := _BEGIN.search(data, at):
        end = data.find(b"-----END PGP " + begin[1] + b"-----", begin.end())
        if end < 0:
            break
        if begin[1] == kind.encode():
            found = True
            yield _dearmored(data[begin.end() : end])
        at = end
    if not found:
        raise InvalidContentError(f"It holds no PGP {kind.lower()}")


def _dearmored(body: bytes) -> bytes:
    """Decode what is between the lines of the armor.

    The checksum at its end is optional and nobody's proof of anything (RFC 9580, 6.1).
    """
    lines = [line.strip() for line in body.replace(b"\r\n", b"\n").split(b"\n")]
    text = bytearray()
    in_headers = True
    for line in lines[1:]:
        if in_headers and (not line or _HEADER.fullmatch(line)):
            in_headers = bool(line)
            continue
        in_headers = False
        if line.startswith(b"="):
            break
        text += line
    try:
        return binascii.a2b_base64(bytes(text), strict_mode=True)
    except binascii.Error as error:
        raise InvalidContentError("Its armor is damaged") from error


def _packets(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each packet, header included."""
    at = 0
    while at < len(raw):
        tag, body, end = _frame(raw, at)
        if end > len(raw) or body > len(raw):
            raise InvalidContentError("It is cut short in the midst of an OpenPGP packet")
        yield tag, raw[at:end]
        at = end


def _frame(raw: bytes, at: int) -> tuple[int, int, int]:
    """Return type, start of the body and end of the packet at `at`."""
    first = raw[at]
    if not first & 0x80:
        raise InvalidContentError("It is no sequence of OpenPGP packets")
    if first & 0x40:
        return first & 0x3F, *_new_length(raw, at + 1)
    octets = (1, 2, 4, 0)[first & 3]
    if not octets:
        raise InvalidContentError("It has an OpenPGP packet of no told length")
    body = at + 1 + octets
    return (first >> 2) & 0x0F, body, body + int.from_bytes(raw[at + 1 : body], "big")


def _new_length(raw: bytes, at: int) -> tuple[int, int]:
    """Return start and end of a body; partial lengths are for data, never for keys."""
    octet = raw[at] if at < len(raw) else 0
    if octet < 192:
        return at + 1, at + 1 + octet
    if octet < 224:
        second = raw[at + 1] if at + 1 < len(raw) else 0
        return at + 2, at + 2 + ((octet - 192) << 8) + second + 192
    if octet == 255:
        return at + 5, at + 5 + int.from_bytes(raw[at + 1 : at + 5], "big")
    raise InvalidContentError("It has an OpenPGP packet in parts")
