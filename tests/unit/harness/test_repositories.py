"""The repositories that tests mirror are real ones."""
# createrepo_c comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from pathlib import Path

import createrepo_c as cr
import pytest

from support.aviary import AVIARY, CRANE, HERON_1, HERON_2
from support.repositories import YumRepository
from support.rpms import RpmStore


def test_the_same_description_gives_the_same_bytes(rpm_store: RpmStore, tmp_path: Path) -> None:
    [kept] = rpm_store.build(CRANE)

    [built_again] = RpmStore(tmp_path).build(CRANE)

    assert built_again.read_bytes() == kept.read_bytes()


@pytest.mark.parametrize(
    ("compression", "checksum"),
    [("gz", "sha1"), ("bz2", "sha256"), ("xz", "sha384"), ("zstd", "sha512")],
)
def test_a_repository_can_be_written_in_every_format_met_upstream(
    compression: str, checksum: str, rpm_store: RpmStore, tmp_path: Path
) -> None:
    wanted = YumRepository([HERON_1, HERON_2], compression=compression, checksum=checksum)

    folder = wanted.write(tmp_path / "repository", rpm_store)

    reader = cr.RepositoryReader.from_path(str(folder))
    assert sorted(package.nevra() for package in reader.iter_packages()) == [
        "heron-0:1.0-1.noarch",
        "heron-0:2.0-1.noarch",
    ]


def test_the_aviary_has_everything_that_a_repository_can_have(aviary: Path) -> None:
    repomd = cr.Repomd(str(aviary / "repodata" / "repomd.xml"))

    assert {record.type for record in repomd.records} >= {
        *("primary", "filelists", "other", "group", "updateinfo", "modules", "productid")
    }
    assert (aviary / ".treeinfo").exists()
    assert len(AVIARY.rpms) == 10
