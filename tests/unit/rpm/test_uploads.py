import hashlib
import random
from pathlib import Path

import pytest

from headgate.content.rpm.metadata.details import read_details
from headgate.content.rpm.metadata.uploads import read_rpm
from headgate.domain.errors import InvalidContentError
from support.aviary import CRANE, OWL_1, ROOK
from support.rpms import RpmStore
from support.yum_xml import documents, read


@pytest.fixture(scope="session")
def rook(rpm_store: RpmStore) -> Path:
    return rpm_store.build(ROOK)[0]


def test_an_uploaded_package_is_described_as_in_a_repository(rook: Path) -> None:
    uploaded = read_rpm(rook)

    header = uploaded.header
    assert header.nevra == ROOK.nevra
    assert header.location == f"Packages/r/{ROOK.filename}"
    assert header.checksum == hashlib.sha256(rook.read_bytes()).digest()
    assert header.size == rook.stat().st_size
    assert header.sourcerpm == ROOK.sources.filename
    (listed,) = read(documents([uploaded.fragments]))
    assert (listed.header, listed.digest) == (header, uploaded.digest)


def test_source_packages_have_the_architecture_src(rpm_store: RpmStore) -> None:
    (path,) = rpm_store.build(ROOK.sources)

    uploaded = read_rpm(path)

    assert uploaded.header.arch == "src"
    assert uploaded.header.location == f"Packages/r/{ROOK.sources.filename}"
    assert uploaded.header.sourcerpm is None


def test_the_file_name_and_its_time_do_not_count(rook: Path, tmp_path: Path) -> None:
    copy = tmp_path / "evil;name$(id).rpm"
    copy.write_bytes(rook.read_bytes())

    assert read_rpm(copy) == read_rpm(rook)


def test_epoch_and_dependencies_are_there(rpm_store: RpmStore) -> None:
    crane, owl = map(read_rpm, rpm_store.build(CRANE, OWL_1))

    assert crane.header.epoch == "1"
    assert list(map(str, read_details(crane.fragments).conflicts)) == ["heron < 1.0"]
    assert owl.header.location == f"Packages/o/{OWL_1.filename}"


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\xed\xab\xee\xdb", b"\xed\xab\xee\xdb" + bytes(200), b"<html/>" * 100]
)
def test_what_is_no_package_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.rpm"
    path.write_bytes(content)

    with pytest.raises(InvalidContentError, match="not a readable RPM"):
        read_rpm(path)


def test_a_package_cut_short_or_changed_never_does_more_than_fail(
    rook: Path, tmp_path: Path
) -> None:
    whole = rook.read_bytes()
    rng = random.Random(7)  # noqa: S311
    path = tmp_path / "a.rpm"

    for end in (50, 96, 97, 110, 500, 2_000):
        path.write_bytes(whole[:end])
        with pytest.raises(InvalidContentError):
            read_rpm(path)
    for _ in range(10):
        changed = bytearray(whole)
        for _ in range(8):
            changed[rng.randrange(96, 4_000)] = rng.randrange(256)
        path.write_bytes(changed)
        try:
            read_rpm(path)
        except InvalidContentError:
            continue
