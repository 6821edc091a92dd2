"""PULP_MANIFEST: one line per file, `path,sha256,size`."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

NAME = "PULP_MANIFEST"
LINE_BYTES = 4096
MANIFEST_BYTES = 256 << 20  # two million files


class Entry(NamedTuple):
    """A file of the tree."""

    path: str
    checksum: bytes  # raw SHA-256
    size: int  # bytes


def parse(data: bytes) -> Iterator[Entry]:
    """Yield the entries; InvalidContentError names the line that is not one.

    A path may contain commas: digest and size are the last two fields.
    """
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.removesuffix(b"\r")
        if text.strip():
            yield _entry(text, number)


def render(entries: Iterable[Entry]) -> bytes:
    """Return the manifest of the entries in the order of their paths."""
    lines = (f"{path},{checksum.hex()},{size}\n" for path, checksum, size in sorted(entries))
    return "".join(lines).encode()


def _entry(line: bytes, number: int) -> Entry:
    if len(line) > LINE_BYTES:
        raise InvalidContentError(f"{NAME} line {number} is longer than {LINE_BYTES} bytes")
    try:
        path, checksum, size = line.decode().rsplit(",", 2)
        entry = Entry(safe_relpath(path), bytes.fromhex(checksum), int(size))
    except ValueError as error:
        raise InvalidContentError(
            f"{NAME} line {number} is not of the form path,sha256,size: {line[:120]!r}"
        ) from error
    if len(entry.checksum) != 32 or entry.size < 0 or checksum != checksum.strip():
        raise InvalidContentError(f"{NAME} line {number} has no SHA-256 digest or no size")
    return entry
