"""Making OpenPGP keys: the numbers are OpenSSL's, the packets around them are written here.

Sequoia makes keys, too, but takes many seconds for the primes of an RSA key and holds Python's
lock meanwhile. RSA, because the gpg of EL 7 knows nothing newer. (RFC 9580: 5.2.3, 5.2.4, 5.5.)
"""

import struct
from datetime import datetime
from hashlib import sha1, sha512
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA512

BITS: Final = 3072

_SECRET_KEY, _USER_ID, _SIGNATURE = 5, 13, 2
_RSA, _SHA512 = 1, 10
_POSITIVE_CERTIFICATION: Final = 0x13
_CERTIFIES_AND_SIGNS: Final = b"\x03"
_SHA512_256: Final = b"\x0a\x08"


def make_secret_key(user: str, now: datetime) -> bytes:
    """Return an unprotected secret key with its user id, certified by itself; it never expires."""
    key = generate_private_key(65537, BITS)
    made = struct.pack(">I", int(now.timestamp()))
    numbers = key.private_numbers()
    public = b"\x04" + made + bytes([_RSA])
    public += _integer(numbers.public_numbers.n) + _integer(numbers.public_numbers.e)
    # OpenPGP wants the smaller prime first, and its inverse modulo the other.
    p, q = sorted((numbers.p, numbers.q))
    secret = b"".join(_integer(each) for each in (numbers.d, p, q, pow(p, -1, q)))
    checksum = struct.pack(">H", sum(secret) & 0xFFFF)
    name = user.encode()
    return b"".join(
        (
            _packet(_SECRET_KEY, public + b"\0" + secret + checksum),
            _packet(_USER_ID, name),
            _packet(_SIGNATURE, _certification(key, public, name, made)),
        )
    )


def _certification(key: RSAPrivateKey, public: bytes, name: bytes, made: bytes) -> bytes:
    """Return the signature that ties the user id to the key and says what the key is for."""
    hashed_key = b"\x99" + struct.pack(">H", len(public)) + public
    fingerprint = sha1(hashed_key).digest()  # noqa: S324 - what identifies a key of version 4
    told = b"".join(
        (
            _subpacket(2, made),
            _subpacket(27, _CERTIFIES_AND_SIGNS),
            _subpacket(21, _SHA512_256),
            _subpacket(33, b"\x04" + fingerprint),
        )
    )
    head = bytes([4, _POSITIVE_CERTIFICATION, _RSA, _SHA512]) + struct.pack(">H", len(told)) + told
    digest = sha512(
        hashed_key
        + b"\xb4"
        + struct.pack(">I", len(name))
        + name
        + head
        + b"\x04\xff"
        + struct.pack(">I", len(head))
    ).digest()
    signature = key.sign(digest, PKCS1v15(), Prehashed(SHA512()))
    issuer = _subpacket(16, fingerprint[-8:])
    return (
        head
        + struct.pack(">H", len(issuer))
        + issuer
        + digest[:2]
        + _integer(int.from_bytes(signature, "big"))
    )


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + struct.pack(">I", len(body)) + body


def _subpacket(kind: int, body: bytes) -> bytes:
    return bytes([len(body) + 1, kind]) + body


def _integer(number: int) -> bytes:
    """A multiprecision integer: its length in bits, then its bytes."""
    bits = number.bit_length()
    return struct.pack(">H", bits) + number.to_bytes((bits + 7) // 8, "big")
