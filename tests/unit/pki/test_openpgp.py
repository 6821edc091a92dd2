"""Keys and detached signatures of real gpg, and of people who mean harm."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pysequoia import ArmorKind, armor

from headgate.domain.errors import InvalidContentError
from headgate.pki.openpgp import Keyring, Verdict, read_keyring, read_signature
from headgate.pki.openpgp_packets import split_signatures
from headgate.pki.openpgp_signing import SigningKey, make_signing_key, read_signing_key
from support.openpgp import Gnupg

DATA = b"<repomd/>\n"
NOW = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Gnupg]:
    made = Gnupg()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ours() -> SigningKey:
    return make_signing_key("Birds <birds@example.org>", NOW)


def verdicts(keys: str, signature: bytes, data: bytes | Path = DATA) -> list[Verdict]:
    keyring = read_keyring(keys)
    packets = split_signatures(signature)
    return [keyring.check(read_signature(packet), data).verdict for packet in packets]


@pytest.mark.parametrize("algorithm", ["rsa2048", "dsa2048", "ed25519", "nistp256"])
def test_signatures_of_every_algorithm_are_checked(
    gnupg: Gnupg, tmp_path: Path, algorithm: str
) -> None:
    keys = gnupg.key(algorithm, algorithm)
    signature = gnupg.sign(algorithm, DATA)
    (tmp_path / "data").write_bytes(DATA)

    assert verdicts(keys, signature) == [Verdict.GOOD]
    assert verdicts(keys, signature, tmp_path / "data") == [Verdict.GOOD]
    assert verdicts(keys, signature, DATA + b" ") == [Verdict.BAD]


def test_any_key_of_several_and_any_subkey_may_have_signed(gnupg: Gnupg) -> None:
    first, second = gnupg.key("first"), gnupg.key("second", "ed25519")
    signature = gnupg.sign("second", DATA)
    with_subkey = gnupg.subkey("first")
    by_subkey = gnupg.sign("first", DATA)

    assert verdicts(first + second, signature) == [Verdict.GOOD]
    assert verdicts(first, signature) == [Verdict.UNKNOWN]
    assert verdicts(second, by_subkey) == [Verdict.UNKNOWN]
    assert verdicts(with_subkey, by_subkey) == [Verdict.GOOD]
    # The key as it was before it had the subkey.
    assert verdicts(first, by_subkey) == [Verdict.UNKNOWN]


def test_a_key_is_good_for_what_it_signed_before_it_expired(gnupg: Gnupg) -> None:
    expiring = gnupg.key("passing", expires="1y", at="20200101T000000")
    in_time = gnupg.sign("passing", DATA, "--faked-system-time=20200601T000000!")
    gnupg.run("--quick-set-expire", gnupg.fingerprint("passing"), "never")
    late = gnupg.sign("passing", DATA, "--faked-system-time=20220601T000000!")

    assert verdicts(expiring, in_time) == [Verdict.GOOD]
    assert verdicts(expiring, late) == [Verdict.EXPIRED]
    # Its life was made longer today, which says nothing of 2022.
    keyring = read_keyring(gnupg.public("passing"))
    finding = keyring.check(read_signature(*split_signatures(late)), DATA)
    assert (finding.verdict, "not valid on 2022-06-01" in str(finding)) == (Verdict.BAD, True)


def test_a_revoked_key_is_good_for_nothing(gnupg: Gnupg) -> None:
    before = gnupg.key("stolen")
    signature = gnupg.sign("stolen", DATA)
    revoked = gnupg.revoke("stolen")

    assert verdicts(before, signature) == [Verdict.GOOD]
    assert verdicts(revoked, signature) == [Verdict.REVOKED]
    # The revocation counts wherever in the credential it is.
    assert verdicts(before + revoked, signature) == [Verdict.REVOKED]


@pytest.mark.parametrize("digest", ["SHA1", "MD5"])
def test_weak_digests_do_not_count(gnupg: Gnupg, digest: str) -> None:
    keys = gnupg.key(digest)

    weak = gnupg.sign(digest, DATA, "--digest-algo", digest, "--allow-weak-digest-algos")

    assert verdicts(keys, weak) == [Verdict.WEAK]


def test_a_signature_of_text_is_no_signature_of_a_file(gnupg: Gnupg) -> None:
    keys = gnupg.key("scribe")

    assert verdicts(keys, gnupg.sign("scribe", DATA, "--textmode")) == [Verdict.BAD]


def test_keys_that_are_made_here_convince_gpg(
    gnupg: Gnupg, ours: SigningKey, tmp_path: Path
) -> None:
    gnupg.run("--import", input_=ours.public.encode())

    gnupg.verify(tmp_path, DATA, ours.sign(DATA))

    assert ours.user == "Birds <birds@example.org>"
    assert verdicts(ours.public, ours.sign(DATA)) == [Verdict.GOOD]
    assert "PRIVATE" not in ours.public
    assert ours.secret.reveal() not in repr(ours)


def test_an_uploaded_key_signs_if_it_can(gnupg: Gnupg, tmp_path: Path) -> None:
    gnupg.key("uploaded", "ed25519")
    gnupg.subkey("uploaded", "ed25519")

    key = read_signing_key(gnupg.secret("uploaded"))

    gnupg.verify(tmp_path, DATA, key.sign(DATA))
    assert key.fingerprint.upper() == gnupg.fingerprint("uploaded")


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "no PGP private key block"),
        ("nothing", "no PGP private key block"),
        ("public", "no PGP private key block"),
        ("revoked", "does not sign"),
        ("cut", "damaged"),
    ],
)
def test_what_cannot_sign_is_refused(
    gnupg: Gnupg, ours: SigningKey, secret: str, words: str
) -> None:
    if secret == "revoked":  # noqa: S105 - the name of a case
        gnupg.key("revoked")
        gnupg.revoke("revoked")
    text = {
        "public": lambda: ours.public,
        "revoked": lambda: gnupg.secret("revoked"),
        "cut": lambda: ours.secret.reveal().replace("\n", "\n!", 5),
    }.get(secret, lambda: secret)()

    with pytest.raises(InvalidContentError, match=words):
        read_signing_key(text)


def key_of(bits: int) -> bytes:
    """An RSA public key of so many bits, as a packet; nobody has its other half."""
    number = struct.pack(">H", bits) + b"\xff" * (bits // 8)
    body = b"\x04" + bytes(4) + b"\x01" + number + b"\x00\x11\x01\x00\x01"
    return b"\xc6\xff" + struct.pack(">I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x88",
        b"\x88\x05ab",
        b"\xc2\xff\xff\xff\xff\xff",
        b"\x8b",  # of no told length
        b"\xc2\xe1a",  # in parts
        b"\xa3" + bytes(100),  # compressed: never expanded
        b"\xcb\x01b",  # literal data
        b"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----",
        b"-----BEGIN PGP SIGNATURE-----\n\n\xff\xff\n-----END PGP SIGNATURE-----",
        b"-----BEGIN PGP SIGNATURE-----\n" * 5000,
        b"-----BEGIN PGP MESSAGE-----\n\nyaI=\n-----END PGP MESSAGE-----",
        b"\xc2\x00" * 17,
        b"\xc2\x01\x04" * 300_000,
    ],
)
def test_what_is_no_signature_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidContentError):
        _ = [read_signature(packet) for packet in split_signatures(data)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----" * 20_000,
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!\n-----END PGP PUBLIC KEY BLOCK-----\n",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidContentError):
        read_keyring(text)


@pytest.mark.parametrize("bits", [8, 512, 16_384, 65_528])
def test_a_key_of_absurd_size_signs_nothing(ours: SigningKey, bits: int) -> None:
    (signature,) = split_signatures(ours.sign(DATA))
    armored = armor(key_of(bits), ArmorKind.PublicKey)

    try:
        keyring = read_keyring(armored)
    except InvalidContentError:
        return

    assert not keyring.check(read_signature(signature), DATA).good
    assert not Keyring().check(read_signature(signature), DATA).good
