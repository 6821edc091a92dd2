"""RPM files put together byte by byte: what rpmbuild would never write, signed by whom we like."""

import struct
from collections.abc import Sequence
from hashlib import sha256

from headgate.pki.openpgp_packets import split_signatures
from headgate.pki.openpgp_signing import SigningKey

INT32, STRING, BIN, STRING_ARRAY = 4, 6, 7, 8
LEAD = b"\xed\xab\xee\xdb\x03\x00" + bytes(90)
Entry = tuple[int, int, int, bytes]  # tag, type, count, data


def header(
    *entries: Entry, region: int | None = 63, trailer: int | None = None, dribble: bytes = b""
) -> bytes:
    """Return a header; with a region its first entry spans them all, as rpm wants it."""
    index, store = b"", b""
    count = len(entries) + (region is not None)
    for tag, kind, number, data in entries:
        store += b"\0" * (-len(store) % 4)
        index += struct.pack(">IIII", tag, kind, len(store), number)
        store += data
    if region is not None:
        index = struct.pack(">IIII", region, BIN, len(store), 16) + index
        spanned = count if trailer is None else trailer
        store += struct.pack(">IIiI", region, BIN, -16 * spanned, 16)
    store += dribble
    return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", count, len(store)) + index + store


def main_header(
    payload: bytes | None,
    *,
    name: str = "reed",
    more: Sequence[Entry] = (),
    region: int = 63,
    trailer: int | None = None,
) -> bytes:
    """Return the header of a package; without a payload it does not say which that is."""
    texts = {1000: name, 1001: "1.0", 1002: "1", 1022: "noarch", 1044: "reed-1.0-1.src.rpm"}
    entries = [(tag, STRING, 1, text.encode() + b"\0") for tag, text in texts.items()]
    if payload is not None:
        digest = sha256(payload).hexdigest().encode() + b"\0"
        entries += [(5092, STRING_ARRAY, 1, digest), (5093, INT32, 1, struct.pack(">I", 8))]
    return header(*entries, *more, region=region, trailer=trailer)


def package(main: bytes, payload: bytes, *signatures: Entry) -> bytes:
    """Return the file."""
    signed = header(*signatures, region=62)
    return LEAD + signed + b"\0" * (-len(signed) % 8) + main + payload


def signature(key: SigningKey, data: bytes, tag: int = 268) -> Entry:
    """Return an entry of the signature header."""
    (packet,) = split_signatures(key.sign(data))
    return (tag, BIN, len(packet), packet)
