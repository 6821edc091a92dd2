from pathlib import Path

import pytest

from headgate.content.rpm.metadata.treeinfo import TreeFile, parse_treeinfo
from headgate.domain.errors import InvalidContentError

NEW = f"""[header]
type = productmd.treeinfo
version = 1.2

[release]
name = Example Linux
short = EL
version = 9.4

[tree]
arch = x86_64
build_timestamp = 1700000000
platforms = x86_64,xen
variants = BaseOS

[checksums]
images/boot.iso = sha256:{"ab" * 32}
images/pxeboot/vmlinuz = sha256:{"cd" * 32}
repodata/repomd.xml = sha256:{"ef" * 32}

[images-x86_64]
boot.iso = images/boot.iso
kernel = images/pxeboot/vmlinuz
Initrd = images/pxeboot/initrd.img

[stage2]
mainimage = images/install.img

[variant-BaseOS]
repository = ../../BaseOS
"""
OLD = """[general]
family = Example
version = 5
arch = i386
variant = Server
"""


def test_a_tree_is_read_with_its_files() -> None:
    tree = parse_treeinfo(NEW.encode())

    assert (tree.family, tree.version, tree.arch, tree.variant) == (
        "Example Linux",
        "9.4",
        "x86_64",
        "BaseOS",
    )
    assert tree.files == (
        TreeFile("images/boot.iso", "sha256", b"\xab" * 32),
        TreeFile("images/install.img"),
        TreeFile("images/pxeboot/initrd.img"),
        TreeFile("images/pxeboot/vmlinuz", "sha256", b"\xcd" * 32),
    )


def test_a_tree_of_old_times_is_read() -> None:
    tree = parse_treeinfo(OLD.encode())

    assert (tree.family, tree.version, tree.arch, tree.variant, tree.files) == (
        "Example",
        "5",
        "i386",
        "Server",
        (),
    )


def test_a_real_tree_is_read(aviary: Path) -> None:
    tree = parse_treeinfo((aviary / ".treeinfo").read_bytes())

    assert tree.files
    for file in tree.files:
        assert (aviary / file.path).is_file()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no section", "not a valid INI"),
        (b"[general]\nfamily = \xff", "not a valid INI"),
        (b"[checksums]\n../../etc/passwd = sha256:" + b"ab" * 32, "climbs out"),
        (b"[images-x86_64]\nkernel = /etc/passwd", "is absolute"),
        (b"[stage2]\nmainimage = %2e%2e/a", "climbs out"),
        (b"[checksums]\nimages/a = sha256:abc", "has the checksum"),
        (b"[checksums]\nimages/a = crc:abcd", "has the checksum"),
        (b"[a]\n" + b"#" * (1 << 20), "larger than"),
        (
            b"[stage2]\n" + b"".join(b"a%d = images/%d\n" % (n, n) for n in range(2_001)),
            "more than 2000 files",
        ),
    ],
)
def test_a_hostile_tree_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidContentError, match=message):
        parse_treeinfo(data)


def test_values_are_not_interpolated() -> None:
    assert (
        parse_treeinfo(b"[general]\nfamily = 100%(version)s\nversion = 1").family
        == "100%(version)s"
    )
