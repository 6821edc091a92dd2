"""Whatever is done to a signed package or to a signature: no crash, and no false accept."""

from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import gettempdir

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.content.rpm.trust import check_package
from headgate.domain.errors import InvalidContentError
from headgate.pki.openpgp import read_keyring, read_signature
from headgate.pki.openpgp_packets import public_packets, secret_packets, split_signatures
from headgate.pki.openpgp_signing import make_signing_key
from support.signed_rpms import main_header, package, signature

KEY = make_signing_key("Birds", datetime(2026, 1, 31, tzinfo=UTC))
KEYRING = read_keyring(KEY.public)
SCRATCH = Path(gettempdir())
PAYLOAD = b"payload"
SEALED, OPEN = main_header(PAYLOAD), main_header(None)
PACKAGES = [
    (package(SEALED, PAYLOAD, signature(KEY, SEALED)), SEALED + PAYLOAD),
    (package(OPEN, PAYLOAD, signature(KEY, OPEN + PAYLOAD, tag=1002)), OPEN + PAYLOAD),
]
DATA = b"<repomd/>"
DETACHED = KEY.sign(DATA)


@st.composite
def spoiled(draw: st.DrawFn, whole: bytes) -> bytes:
    """A few bytes changed, cut out or put in, anywhere."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        cut = draw(st.sampled_from([0, 1, 1, 1, 4, 16, len(data)]))
        data[at : at + cut] = draw(st.binary(max_size=max(cut, 1)))
    return bytes(data)


@settings(deadline=None)
@given(st.sampled_from(PACKAGES), st.data())
def test_a_package_that_counts_as_signed_is_what_was_signed(
    made: tuple[bytes, bytes], data: st.DataObject
) -> None:
    whole, signed = made

    changed = data.draw(spoiled(whole))
    finding = check_package(BytesIO(changed), KEYRING, expected=None, scratch=SCRATCH)

    assert not finding.good or changed.endswith(signed)


@settings(deadline=None)
@given(spoiled(PACKAGES[0][0][: -len(PAYLOAD)]), st.binary(max_size=20))
def test_a_payload_alone_decides_nothing(header: bytes, payload: bytes) -> None:
    finding = check_package(BytesIO(header + payload), KEYRING, expected=None, scratch=SCRATCH)

    assert not finding.good or (header + payload).endswith(SEALED + PAYLOAD)


@settings(deadline=None)
@given(spoiled(DETACHED), st.sampled_from([DATA, DATA + b" ", b""]))
def test_a_signature_is_good_for_what_it_signs(asc: bytes, data: bytes) -> None:
    try:
        findings = [KEYRING.check(read_signature(each), data) for each in split_signatures(asc)]
    except InvalidContentError:
        return

    assert data == DATA or not any(finding.good for finding in findings)


@settings(deadline=None)
@given(spoiled(KEY.public.encode()))
def test_a_spoiled_key_is_another_or_none(armored: bytes) -> None:
    try:
        keyring = read_keyring(armored.decode("latin-1"))
    except InvalidContentError:
        return
    (packet,) = split_signatures(DETACHED)

    finding = keyring.check(read_signature(packet), DATA + b" ")

    assert not finding.good


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused_in_words(noise: bytes) -> None:
    for read in (split_signatures, public_packets, secret_packets):
        with suppress(InvalidContentError):
            read(noise)
