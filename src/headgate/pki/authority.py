"""The installation's own certificate authority: made on first start, issues every certificate.

The authority and the server use EC P-256: a key is made in microseconds (RSA 4096 takes a second
and more, which the first start cannot spare) and a handshake costs the server a twentieth of
RSA's. Every client of EL7 and later verifies it. Certificates for hosts may carry RSA keys, for
the versions of subscription-manager that handle nothing else.
"""

import ipaddress
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from headgate.domain.clock import Clock
from headgate.domain.errors import ConfigurationError
from headgate.domain.secret import Secret
from headgate.pki.files import make_private_folder, write_file
from headgate.pki.paths import PathTree
from headgate.pki.profile import extensions

_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CLOCKS_DIFFER = timedelta(hours=1)  # a client whose clock is slow is served too
_AUTHORITY_LIFE = timedelta(days=20 * 365)
_SERVER_LIFE = timedelta(days=825)  # the longest that clients of Apple's rules take
_SERVER_RENEWAL = timedelta(days=90)
_DEBUG_LIFE = timedelta(days=10 * 365)
_ENTITLEMENT_LIFE = timedelta(days=365)


class KeyKind(Enum):
    """What key pair a client certificate gets."""

    EC = "ec"
    RSA = "rsa"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key."""

    serial: str  # lower-case hex, as in `revoked_certificates`
    certificate: str  # PEM
    key: Secret  # PEM, PKCS#8

    @property
    def bundle(self) -> Secret:
        """Key and certificate in one text, as curl and dnf read it."""
        return Secret(self.key.reveal() + self.certificate)


class Authority:
    """Issues certificates under one CA."""

    def __init__(self, certificate: x509.Certificate, key: _PrivateKey, clock: Clock) -> None:
        self.certificate = certificate
        self._key = key
        self._clock = clock

    @classmethod
    def open_folder(cls, folder: Path, *, clock: Clock) -> Self:
        """Return the authority kept in `folder` (ca.crt, ca.key); one is made if there is none.

        A certificate without its key is an error: making a new authority would lock out every
        client of the old one. Not for two processes at once on an empty folder.
        """
        make_private_folder(folder)
        certificate_path, key_path = folder / "ca.crt", folder / "ca.key"
        if not certificate_path.exists():
            # The key first: a crash in between leaves a key that nobody has relied on.
            key = ec.generate_private_key(ec.SECP256R1())
            write_file(key_path, _pem(key).encode(), mode=0o600)
            made = _make_authority(key, clock())
            write_file(certificate_path, _certificate_pem(made).encode(), mode=0o644)
        try:
            certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
            key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The certificate authority in {folder} cannot be read ({error}); "
                "restore ca.crt and ca.key from a backup"
            ) from error
        if not isinstance(key, _PrivateKey) or key.public_key() != certificate.public_key():
            raise ConfigurationError(f"{key_path} is not the key of {certificate_path}")
        return cls(certificate, key, clock)

    @property
    def certificate_pem(self) -> str:
        """The CA certificate that clients are to trust."""
        return _certificate_pem(self.certificate)

    def issue_server(self, hosts: Sequence[str]) -> Issued:
        """Issue a certificate for an HTTPS server under these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
        builder = (
            self._builder(subject, key, self._clock() + _SERVER_LIFE)
            .serial_number(x509.random_serial_number())
            .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        return self._sign(builder, key)

    def issue_debug(self, organization: str) -> Issued:
        """Issue an organization's debug certificate: it opens all content of the organization."""
        return self.issue_entitlement(
            organization, paths=[f"/{organization}"], not_after=self._clock() + _DEBUG_LIFE
        )

    def issue_entitlement(
        self,
        organization: str,
        *,
        paths: Iterable[str],
        name: str | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        kind: str | None = None,
        key_kind: KeyKind = KeyKind.EC,
    ) -> Issued:
        """Issue a client certificate that opens `paths` and what lies below them.

        `organization` is a label; `name` becomes the common name (a host's UUID); without dates
        the certificate is valid from an hour ago for a year.
        """
        key = _new_key(key_kind)
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization, _validate=False)]
        if name is not None:
            attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
        builder = (
            self._builder(
                x509.Name(attributes),
                key,
                not_after or self._clock() + _ENTITLEMENT_LIFE,
                not_before=not_before,
            )
            # Candlepin's serials fit a signed 64-bit integer, and clients count on that.
            .serial_number(1 + secrets.randbelow(2**63 - 1))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        )
        for extension in extensions(PathTree.of(paths), kind=kind):
            builder = builder.add_extension(extension, critical=False)
        return self._sign(builder, key)

    def _builder(
        self,
        subject: x509.Name,
        key: _PrivateKey,
        not_after: datetime,
        *,
        not_before: datetime | None = None,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .not_valid_before(not_before or self._clock() - _CLOCKS_DIFFER)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
            .add_extension(_key_usage(key), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                # The key's id only: issuer and serial in it trouble OpenSSL's verification.
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def _sign(self, builder: x509.CertificateBuilder, key: _PrivateKey) -> Issued:
        certificate = builder.sign(self._key, hashes.SHA256())
        serial = f"{certificate.serial_number:x}"
        return Issued(serial, _certificate_pem(certificate), Secret(_pem(key)))


def server_certificate(
    authority: Authority, folder: Path, hosts: Sequence[str], *, clock: Clock
) -> tuple[Path, Path]:
    """Return the files of a server certificate and its key for exactly `hosts`.

    Issued anew when the hosts or the authority have changed or the end is near. Both are in one
    file, so that a crash never leaves a certificate beside another one's key.
    """
    path = folder / "server.pem"
    if not _serves(path, authority, hosts, clock()):
        write_file(path, authority.issue_server(hosts).bundle.reveal().encode(), mode=0o600)
    return path, path


def _serves(path: Path, authority: Authority, hosts: Sequence[str], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.verify_directly_issued_by(authority.certificate)
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except Exception:  # noqa: BLE001 - whatever is wrong with the old one, a new one is right
        return False
    same_hosts = set(alternatives.value) == set(_names(hosts))
    return same_hosts and now < certificate.not_valid_after_utc - _SERVER_RENEWAL


def _make_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    # A name of its own for every installation: two of them in one trust store stay apart.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Headgate"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Headgate CA {secrets.token_hex(4)}"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_authority_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host.encode("idna").decode()))
    return names


def _key_usage(key: _PrivateKey) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=isinstance(key, rsa.RSAPrivateKey),
        key_cert_sign=False,
        crl_sign=False,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=True,
        key_encipherment=False,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key(kind: KeyKind) -> _PrivateKey:
    if kind is KeyKind.EC:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: _PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
