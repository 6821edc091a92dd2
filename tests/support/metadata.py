"""Yum metadata as others write and read it: createrepo_c's library, and Debian's sqliterepo_c."""

import bz2
import gzip
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import new as new_hash
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import zstandard

from headgate.content.rpm.metadata.packages import Fragments
from support import needs, yum_xml

createrepo_c: Any = import_module("createrepo_c")  # it has no types

# What may differ between two equal packages: the reader's own state.
_FIELDS = (
    *("pkgId", "checksum_type", "nevra", "summary", "description", "url", "location_href"),
    *("rpm_license", "rpm_vendor", "rpm_group", "rpm_buildhost", "rpm_sourcerpm", "rpm_packager"),
    *("rpm_header_start", "rpm_header_end", "size_package", "size_installed", "size_archive"),
    *("time_file", "time_build", "requires", "provides", "conflicts", "obsoletes", "recommends"),
    *("suggests", "supplements", "enhances", "files", "changelogs"),
)

Packages = Mapping[str, Mapping[str, Any]]


def write_repository(folder: Path, packages: Sequence[Fragments], *, compression: str) -> Path:
    """Write metadata of packages that nobody built."""
    suffix = {"gz": "gz", "zstd": "zst"}[compression]
    compress = {"gz": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}[compression]
    documents = yum_xml.documents(packages).items()
    return write_files(
        folder, {f"{kind}.xml.{suffix}": compress(document) for kind, document in documents}
    )


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write metadata files, whatever is in them, and the repomd.xml that lists them.

    The part of a file's name before the first dot is its type.
    """
    (folder / "repodata").mkdir(parents=True, exist_ok=True)
    repomd = createrepo_c.Repomd()
    for name, body in files.items():
        path = folder / "repodata" / name
        path.write_bytes(body)
        record = createrepo_c.RepomdRecord(name.partition(".")[0], str(path))
        record.fill(createrepo_c.SHA256)
        repomd.set_record(record)
    (folder / "repodata" / "repomd.xml").write_text(repomd.xml_dump())
    return folder


def fetch(client: httpx2.Client, base: str, folder: Path) -> Path:
    """Download what repomd.xml lists, and find that it is what repomd.xml says."""
    (folder / "repodata").mkdir(parents=True)
    path = folder / "repodata" / "repomd.xml"
    path.write_bytes(client.get(f"{base}repodata/repomd.xml").raise_for_status().content)
    for record in createrepo_c.Repomd(str(path)).records:
        body = client.get(base + record.location_href).raise_for_status().content
        assert len(body) == record.size, record.location_href
        assert new_hash(record.checksum_type, body).hexdigest() == record.checksum
        (folder / record.location_href).write_bytes(body)
        if record.checksum_open and not record.location_href.endswith(".zck"):
            opened = _expanded(record.location_href, body)
            assert len(opened) == record.size_open, record.location_href
            checksum = new_hash(record.checksum_open_type, opened).hexdigest()
            assert checksum == record.checksum_open
    return folder


def kinds(folder: Path) -> Mapping[str, str]:
    """Return the location of each metadata file by its type."""
    repomd = createrepo_c.Repomd(str(folder / "repodata" / "repomd.xml"))
    return {record.type: record.location_href for record in repomd.records}


def packages(folder: Path) -> Packages:
    """Return everything that createrepo_c's library reads of each package, by NEVRA."""
    found = {
        f"{kind}_path": str(folder / path)
        for kind, path in kinds(folder).items()
        if kind in {"primary", "filelists", "other"}
    }
    warnings: list[str] = []

    def warned(_kind: int, text: str) -> bool:
        warnings.append(text)
        return True

    iterator = createrepo_c.PackageIterator(**found, warningcb=warned)
    read = {each.nevra(): _values(each) for each in iterator}
    assert warnings == []
    return read


def read_by_debian(folder: Path) -> Mapping[str, int]:
    """Return the rows that Debian's older createrepo_c makes of each file."""
    program = Path("/usr/bin/sqliterepo_c")
    if not program.exists():
        needs.missing(str(program), package="createrepo-c")
    options = ["--compress-type=gz", "--local-sqlite", "--force"]
    made = subprocess.run([program, *options, folder], check=False, capture_output=True, text=True)
    assert not made.returncode, made.stderr
    counted: dict[str, int] = {}
    for kind in ("primary", "filelists", "other"):
        packed = folder / kinds(folder)[f"{kind}_db"]
        database = folder / f"{kind}.sqlite"
        database.write_bytes(gzip.decompress(packed.read_bytes()))
        connection = sqlite3.connect(database)
        (counted[kind],) = connection.execute("SELECT count(*) FROM packages").fetchone()
        connection.close()
    return counted


def _values(package: Any) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(package, name)
        found[name] = value() if callable(value) else value
    return found


def _expanded(name: str, body: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.decompress(body)
    if name.endswith(".bz2"):
        return bz2.decompress(body)
    if name.endswith(".zst"):
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return reader.read()
    return body
