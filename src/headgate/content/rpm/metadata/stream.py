"""The packages of a repository: primary, filelists and other read side by side.

Almost every repository lists its packages in the same order in all three files, and is read in
lock-step with a few megabytes of memory. From the first difference on, the rest of filelists and
other is spilled to temporary files and looked up there.
"""

import errno
import re
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final, Protocol

from headgate.content.rpm.metadata.ahead import Ahead
from headgate.content.rpm.metadata.compression import STREAM, Limits, Readable, expand
from headgate.content.rpm.metadata.packages import (
    Fragments,
    PackageHeader,
    digest_of,
    is_of,
    is_weak,
    pkgid_of,
    read_header,
)
from headgate.content.rpm.metadata.reserializer import reserialize_elements
from headgate.content.rpm.metadata.shapes import FILELISTS_SHAPE, OTHER_SHAPE, PRIMARY, Shape
from headgate.content.rpm.metadata.slicer import OddXmlError, slice_elements
from headgate.domain.errors import InvalidContentError, StorageFullError


class Rereadable(Readable, Protocol):
    """An open binary file that can be read again from its start."""

    def seek(self, offset: int, /) -> int:
        """Go to `offset`; only 0 is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A metadata file, open; `name` is shown in errors and tells the promised compression."""

    file: Rereadable
    name: str


class Package:
    """One package of a repository: its fragments, its digest, and on demand its header.

    `weak` says that they name it by a checksum that keeps out accidents only.
    """

    __slots__ = ("_header", "digest", "fragments", "weak")

    def __init__(self, fragments: Fragments, *, weak: bool = False) -> None:
        self.fragments = fragments
        self.digest = digest_of(fragments)
        self.weak = weak
        self._header: PackageHeader | None = None

    @property
    def header(self) -> PackageHeader:
        """What the database keeps; parsed when first asked for, so unchanged packages are cheap.

        InvalidContentError when the package breaks a rule (`packages.read_header`).
        """
        if self._header is None:
            self._header = read_header(self.fragments.primary)
        return self._header


def read_packages(
    primary: Source,
    filelists: Source | None,
    other: Source | None,
    *,
    limits: Limits = STREAM,
    spill_folder: Path | None = None,
) -> Generator[Package]:
    """Yield the packages of a repository in the order of primary.

    Repositories without filelists or other are read as if these held empty entries. Memory is
    bounded whatever the size, and some 200 bytes a package when the files differ in order.
    InvalidContentError when a file is broken, hostile, holds another number of packages than it
    declares, or the three do not list the same packages. Close the iterator to stop early: it
    owns threads.
    """
    with ExitStack() as stack:
        primaries = stack.enter_context(closing(read_elements(primary, PRIMARY, limits)))
        sides = [
            _Empty() if source is None else _Side(source, shape, limits, spill_folder, stack)
            for source, shape in ((filelists, FILELISTS_SHAPE), (other, OTHER_SHAPE))
        ]
        count = 0
        for fragment in primaries:
            pkgid = pkgid_of(fragment)
            fragments = Fragments(fragment, *(side.take(pkgid, fragment) for side in sides))
            yield Package(fragments, weak=is_weak(pkgid))
            count += 1
        for side in sides:
            side.check_count(count)


def read_elements(source: Source, shape: Shape, limits: Limits = STREAM) -> Generator[bytes]:
    """Yield the elements of one file: by the slicer or, when it refuses, by the parser."""
    count = 0
    with Ahead(expand(source.file, source.name, limits)) as chunks:
        try:
            for fragment in slice_elements(chunks, shape):
                count += 1
                yield fragment
        except OddXmlError:
            pass
        else:
            return
    source.file.seek(0)
    with Ahead(expand(source.file, source.name, limits)) as chunks:
        yield from islice(reserialize_elements(chunks, shape), count, None)


class _Empty:
    """Stands in for a file that the repository does not have."""

    def take(self, pkgid: bytes, primary: bytes) -> bytes:
        found = _NAMED.search(primary)
        if found is None:
            raise InvalidContentError("A package of primary has no name, arch or version in order")
        name, arch, version = found.groups()
        return b'<package pkgid="%b" name="%b" arch="%b">\n  %b\n</package>' % (
            pkgid,
            name.replace(b'"', b"&quot;"),
            arch.replace(b'"', b"&quot;"),
            version,
        )

    def check_count(self, count: int) -> None:
        pass


_NAMED: Final = re.compile(rb"<name>([^<]*)</name>\s*<arch>([^<]*)</arch>\s*(<version [^<>]*/>)")


class _Side:
    """Filelists or other, asked for the packages in the order of primary."""

    def __init__(
        self, source: Source, shape: Shape, limits: Limits, folder: Path | None, stack: ExitStack
    ) -> None:
        self._name = source.name
        self._elements = stack.enter_context(closing(read_elements(source, shape, limits)))
        self._folder = folder
        self._stack = stack
        self._count = 0
        self._spill: _Spill | None = None

    def take(self, pkgid: bytes, _primary: bytes) -> bytes:
        if self._spill is None:
            entry = next(self._elements, None)
            self._count += entry is not None
            if entry is not None and is_of(entry, pkgid):
                return entry
            self._spill = self._spill_rest(entry)
        entry = self._spill.read(pkgid)
        if entry is None:
            raise InvalidContentError(
                f"{self._name} has no entry for the package {pkgid.decode()} that primary lists"
            )
        return entry

    def check_count(self, count: int) -> None:
        self._count += sum(1 for _ in self._elements)
        if self._count != count:
            raise InvalidContentError(
                f"{self._name} lists {self._count} packages where primary lists {count}"
            )

    def _spill_rest(self, entry: bytes | None) -> "_Spill":
        file = self._stack.enter_context(
            tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # the stack closes it
        )
        spill = _Spill(file)
        try:
            if entry is not None:
                spill.write(pkgid_of(entry), entry)
            for element in self._elements:
                spill.write(pkgid_of(element), element)
                self._count += 1
            file.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StorageFullError(
                f"No room to sort {self._name}, which is not in order"
            ) from error
        return spill


class _Spill:
    """Fragments in a temporary file, found by pkgid."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[bytes, tuple[int, int]] = {}
        self._size = 0

    def write(self, pkgid: bytes, fragment: bytes) -> None:
        self._file.write(fragment)
        self._places[bytes.fromhex(pkgid.decode())] = (self._size, len(fragment))
        self._size += len(fragment)

    def read(self, pkgid: bytes) -> bytes | None:
        place = self._places.get(bytes.fromhex(pkgid.decode()))
        if place is None:
            return None
        self._file.seek(place[0])
        return self._file.read(place[1])
