"""Metadata of packages that nobody built: XML as createrepo_c writes it, and ways to read it."""

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from headgate.content.rpm.metadata.cuts import Cut
from headgate.content.rpm.metadata.packages import Fragments
from headgate.content.rpm.metadata.segments import CODECS, KINDS, Codec, Kind, Layout, PackWriter
from headgate.content.rpm.metadata.stream import Package, Source, read_packages
from headgate.content.rpm.metadata.writer import ReadPack, Written, write_metadata

createrepo_c: Any = import_module("createrepo_c")  # it has no types

HEADS = {
    "primary": '<metadata xmlns="http://linux.duke.edu/metadata/common" '
    'xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="{}">\n',
    "filelists": '<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="{}">\n',
    "other": '<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="{}">\n',
}
FEET = {"primary": "</metadata>\n", "filelists": "</filelists>\n", "other": "</otherdata>\n"}


def package(
    name: str = "reed",
    *,
    version: str = "1.0",
    summary: str = "A package",
    files: Iterable[str] = ("/usr/bin/reed",),
    log: str = "- made",
    location: str | None = None,
) -> Fragments:
    """Return the fragments of a package; equal arguments give equal fragments."""
    pkgid = hashlib.sha256(f"{name}-{version}".encode()).hexdigest()
    href = location or f"Packages/{name[0]}/{name}-{version}-1.noarch.rpm"
    primary = f"""<package type="rpm">
  <name>{escape(name)}</name>
  <arch>noarch</arch>
  <version epoch="0" ver={_quoted(version)} rel="1"/>
  <checksum type="sha256" pkgid="YES">{pkgid}</checksum>
  <summary>{escape(summary)}</summary>
  <description>About it.</description>
  <packager>Someone</packager>
  <url>https://example.org/?a=1&amp;b=2</url>
  <time file="1700000000" build="1700000000"/>
  <size package="1234" installed="100" archive="200"/>
  <location href={_quoted(href)}/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor/>
    <rpm:group>Tests</rpm:group>
    <rpm:buildhost>example.org</rpm:buildhost>
    <rpm:sourcerpm>{escape(name)}-{escape(version)}-1.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="100" end="200"/>
    <rpm:provides>
      <rpm:entry name={_quoted(name)} flags="EQ" epoch="0" ver={_quoted(version)} rel="1"/>
    </rpm:provides>
  </format>
</package>"""
    head = (
        f'<package pkgid="{pkgid}" name={_quoted(name)} arch="noarch">\n'
        f'  <version epoch="0" ver={_quoted(version)} rel="1"/>\n'
    )
    listed = "".join(f"  <file>{escape(path)}</file>\n" for path in files)
    entry = f'  <changelog author="Someone" date="1700000000">{escape(log)}</changelog>\n'
    texts = (primary, f"{head}{listed}</package>", f"{head}{entry}</package>")
    return Fragments(*(text.encode() for text in texts))


def _quoted(text: str) -> str:
    return '"' + escape(text, {'"': "&quot;"}) + '"'


def document(kind: Kind, packages: Sequence[Fragments]) -> bytes:
    """Return a whole metadata file, not compressed."""
    body = b"".join(getattr(each, kind) + b"\n" for each in packages)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' + HEADS[kind].format(len(packages))
    return head.encode() + body + FEET[kind].encode()


def documents(packages: Sequence[Fragments]) -> dict[Kind, bytes]:
    """Return the three metadata files."""
    return {kind: document(kind, packages) for kind in KINDS}


def read(files: dict[Kind, bytes]) -> list[Package]:
    """Read metadata files as a sync does."""
    sources = [
        Source(io.BytesIO(files[kind]), f"{kind}.xml") if kind in files else None for kind in KINDS
    ]
    assert sources[0] is not None
    return list(read_packages(sources[0], sources[1], sources[2]))


class Pack:
    """A pack in memory."""

    def __init__(self, packages: Iterable[Fragments]) -> None:
        sinks: dict[tuple[Kind, Codec], io.BytesIO] = {
            (kind, codec): io.BytesIO() for kind in KINDS for codec in CODECS
        }
        with PackWriter(sinks) as writer:
            self.places = [writer.add(fragments) for fragments in packages]
        self.layouts = [Layout.decode(data) for data in writer.take_layouts()]
        self.data = {key: sink.getvalue() for key, sink in sinks.items()}

    @property
    def reader(self) -> ReadPack:
        """What `write_metadata` reads the pack with."""
        return lambda _, kind, codec, place: self.data[kind, codec][
            place.offset : place.offset + place.length
        ]

    def cuts(self, keep: Callable[[int], bool] = lambda _: True) -> list[Cut]:
        """Return the packages whose number satisfies `keep`."""
        numbers: dict[int, list[int]] = {}
        for number, (segment, position) in enumerate(self.places):
            if keep(number):
                numbers.setdefault(segment, []).append(position)
        return [Cut(0, self.layouts[segment], positions) for segment, positions in numbers.items()]

    def write(self, folder: Path, cuts: Sequence[Cut], codec: Codec) -> dict[Kind, Written]:
        """Write the three files of a selection, named as `path_of` says."""
        written: dict[Kind, Written] = {}
        for kind in KINDS:
            with path_of(folder, kind, codec).open("wb") as file:
                written[kind] = write_metadata(kind, codec, cuts, read=self.reader, sink=file)
        return written


def path_of(folder: Path, kind: Kind, codec: Codec) -> Path:
    """Return where `Pack.write` puts a file."""
    return folder / f"{kind}.xml.{codec}"


def read_by_createrepo_c(folder: Path, codec: Codec) -> list[Any]:
    """Return the packages that createrepo_c finds in the files."""
    paths = {f"{kind}_path": str(path_of(folder, kind, codec)) for kind in KINDS}
    return list(createrepo_c.PackageIterator(**paths))
