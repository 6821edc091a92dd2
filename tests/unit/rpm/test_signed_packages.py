"""Which packages count as signed; rpm itself judges those that rpmsign has signed."""

import base64
import shutil
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from headgate.content.rpm.trust import check_package
from headgate.content.rpm.trust_package import PackageName, read_package
from headgate.pki.openpgp import Finding, Verdict, read_keyring
from headgate.pki.openpgp_signing import SigningKey, make_signing_key
from support.aviary import HERON_1, REED_1, ROOK
from support.openpgp import Gnupg, rpm_accepts
from support.rpms import RpmStore
from support.signed_rpms import (
    BIN,
    INT32,
    LEAD,
    STRING,
    STRING_ARRAY,
    header,
    main_header,
    package,
    signature,
)

REED = PackageName("reed", "0", "1.0", "1", "noarch")
PAYLOAD = b"payload " * 100


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Gnupg]:
    made = Gnupg()
    yield made
    made.close()


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return make_signing_key("Birds", datetime(2026, 1, 31, tzinfo=UTC))


def judged(
    data: bytes, keys: str, scratch: Path, *, expected: PackageName | None = REED
) -> Finding:
    return check_package(BytesIO(data), read_keyring(keys), expected=expected, scratch=scratch)


@pytest.mark.parametrize("algorithm", ["rsa2048", "dsa2048", "ed25519"])
def test_we_and_rpm_agree_on_what_rpmsign_has_signed(
    gnupg: Gnupg, rpm_store: RpmStore, tmp_path: Path, algorithm: str
) -> None:
    keys, other = gnupg.key(algorithm, algorithm), gnupg.key(f"other {algorithm}")
    (built,) = rpm_store.build(REED_1)
    for old in (False, True):
        path = tmp_path / f"reed-{old}.rpm"
        shutil.copy(built, path)
        gnupg.sign_rpm(algorithm, path, old=old)
        data = path.read_bytes()
        start = len(data) - len(PAYLOAD)
        spoiled = path.with_suffix(".spoiled.rpm")
        spoiled.write_bytes(data[:start] + b"\0" + data[start + 1 :])

        assert (judged(data, keys, tmp_path).good, rpm_accepts(tmp_path, path, [keys])) == (
            True,
            True,
        )
        assert judged(data, other, tmp_path).verdict is Verdict.UNKNOWN
        assert judged(spoiled.read_bytes(), keys, tmp_path).verdict is Verdict.BAD
        assert not rpm_accepts(tmp_path, spoiled, [keys])
    assert judged(built.read_bytes(), keys, tmp_path).verdict is Verdict.UNSIGNED


def test_epochs_sources_and_odd_versions_are_named_as_the_metadata_names_them(
    rpm_store: RpmStore,
) -> None:
    found: list[str] = []
    for path in rpm_store.build(HERON_1, ROOK, ROOK.sources):
        with path.open("rb") as file:
            found.append(str(read_package(file).name))

    assert found == ["heron-1.0-1.noarch", "rook-3.2~rc1-4.el9.noarch", "rook-3.2~rc1-4.el9.src"]


def test_a_signature_covers_the_payload_or_does_not_count(key: SigningKey, tmp_path: Path) -> None:
    open_header, sealed = main_header(None), main_header(PAYLOAD)
    over_header = signature(key, open_header)
    over_all = signature(key, open_header + PAYLOAD, tag=1002)

    assert judged(package(sealed, PAYLOAD, signature(key, sealed)), key.public, tmp_path).good
    assert judged(package(open_header, PAYLOAD, over_all), key.public, tmp_path).good
    assert judged(package(open_header, PAYLOAD, over_all, over_header), key.public, tmp_path).good
    only_header = judged(package(open_header, PAYLOAD, over_header), key.public, tmp_path)
    assert only_header.verdict is Verdict.PARTIAL
    replaced = judged(package(sealed, b"x", signature(key, sealed)), key.public, tmp_path)
    assert replaced.verdict is Verdict.BAD
    replaced = judged(package(open_header, b"x", over_all), key.public, tmp_path)
    assert replaced.verdict is Verdict.BAD


def test_signatures_of_rpm_6_are_read(key: SigningKey, tmp_path: Path) -> None:
    sealed = main_header(PAYLOAD)
    text = base64.b64encode(signature(key, sealed)[3]) + b"\0"

    assert judged(package(sealed, PAYLOAD, (278, STRING_ARRAY, 1, text)), key.public, tmp_path).good


def test_a_signed_package_under_another_name_is_refused(key: SigningKey, tmp_path: Path) -> None:
    sealed = main_header(PAYLOAD, name="cuckoo")

    finding = judged(package(sealed, PAYLOAD, signature(key, sealed)), key.public, tmp_path)

    assert finding.verdict is Verdict.OTHER
    assert "cuckoo-1.0-1.noarch, not reed-1.0-1.noarch" in str(finding)


Spoil = Callable[[SigningKey], bytes]


def _signed(main: bytes) -> Spoil:
    return lambda key: package(main, PAYLOAD, signature(key, main))


def _intro(entries: int, size: int) -> bytes:
    return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", entries, size)


HOSTILE: dict[str, Spoil] = {
    "nothing": lambda _: b"",
    "no package": lambda _: b"x" * 500,
    "only a lead": lambda _: LEAD,
    "a huge index": lambda _: LEAD + _intro(0xFFFFFFFF, 16),
    "a huge store": lambda _: LEAD + _intro(1, 0xFFFFFFFF),
    "no entries": lambda _: LEAD + _intro(0, 16) + bytes(16),
    "a store that is not there": lambda _: LEAD + _intro(1, 1 << 20) + bytes(100),
    "no region": _signed(header((1000, STRING, 1, b"reed\0"), region=None)),
    "a region of another tag": _signed(main_header(PAYLOAD, region=61)),
    "a region that ends early": _signed(main_header(PAYLOAD, trailer=3)),
    "a region that says more": _signed(main_header(PAYLOAD, trailer=300)),
    "entries behind the region": _signed(
        header((1000, STRING, 1, b"reed\0"), dribble=b"cuckoo\0")
    ),
    "two names": _signed(main_header(PAYLOAD, more=[(1000, STRING, 1, b"cuckoo\0")])),
    "a name without an end": _signed(header((1000, STRING, 1, b"r" * 9000))),
    "a name that is a number": _signed(main_header(PAYLOAD, more=[(1003, STRING, 1, b"1\0")])),
    "a name of control characters": _signed(main_header(PAYLOAD, name="reed\x1b[2J\n")),
    "two signatures of a kind": lambda key: package(
        main_header(PAYLOAD), PAYLOAD, *[signature(key, main_header(PAYLOAD))] * 2
    ),
    "a signature longer than its header": lambda _: package(
        main_header(PAYLOAD), PAYLOAD, (268, BIN, 1 << 30, b"\x88")
    ),
    "a signature that is a number": lambda _: package(
        main_header(PAYLOAD), PAYLOAD, (268, INT32, 1, bytes(4))
    ),
    "a signature of noise": lambda _: package(main_header(PAYLOAD), PAYLOAD, (268, BIN, 2, b"no")),
    "base64 of noise": lambda _: package(
        main_header(PAYLOAD), PAYLOAD, (278, STRING_ARRAY, 1, b"no!se\0")
    ),
}  # fmt: skip


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_packages_are_told_apart_and_never_good(
    key: SigningKey, tmp_path: Path, spoil: Spoil
) -> None:
    finding = judged(spoil(key), key.public, tmp_path, expected=None)

    assert finding.verdict is Verdict.BROKEN
    assert str(finding).isprintable()
