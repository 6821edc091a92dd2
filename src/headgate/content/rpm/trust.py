"""Whether packages are signed as their repository asks, with the key that it names.

What counts is that a key's owner has signed all of the package: a signature over the header, which
must then name the digest of the payload that is there, or one over header and payload. And that
it is the package that the metadata says: a signature moved to another name is worth nothing.

What was found good is remembered for each certificate (`rpm_verified_packages`), so that no
package is read twice for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.rpm.intake import SOURCE_ARCHES
from headgate.content.rpm.tables import rpm_packages, rpm_verified_packages
from headgate.content.rpm.trust_metadata import keyring_of
from headgate.content.rpm.trust_package import (
    PackageName,
    Readable,
    SignedPackage,
    read_from,
    read_package,
)
from headgate.domain.content import Content
from headgate.domain.errors import InvalidContentError, UntrustedContentError
from headgate.engine.port import Progress, Run
from headgate.pki.openpgp import Finding, Keyring, Verdict, read_signature
from headgate.pki.openpgp_packets import split_signatures
from headgate.plugin import MissingFile, Ports, TrustRules
from headgate.services.units.unit_files import FEW, MOST_SHARE
from headgate.services.units.unit_rows import insert_missing
from headgate.stores.blobs import Digest, open_blob
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import batched, rows_of
from headgate.stores.db.tables import blobs

# Packages that a message names; the others it counts.
_NAMED: Final = 10
# Packages between two reports of progress, remembered in one transaction.
_GROUP: Final = 200
_COLUMNS: Final = (
    *("id", "name", "epoch", "version", "release", "arch", "location", "blob_id"),
    *("size", "checksum_type", "checksum"),
)
# The most telling of several findings is told.
_TELLING: Final = (
    Verdict.BAD,
    Verdict.REVOKED,
    Verdict.EXPIRED,
    Verdict.WEAK,
    Verdict.PARTIAL,
    Verdict.UNKNOWN,
    Verdict.UNSIGNED,
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at packages."""

    doubt: str | None = None  # what is to be warned of
    refused: Sequence[MissingFile] = ()  # what is not to be offered


def verify_packages(
    ports: Ports, run: Run, rules: TrustRules, content: Content, *, keep_good: bool = False
) -> Looked:
    """Check the packages whose bytes are here.

    With the policy enforce UntrustedContentError; with `keep_good` only if so many are refused
    that something else is wrong than a package. To be called in a step: may run twice.
    """
    if rules.packages == "off" or (rules.packages == "warn" and rules.keys is None):
        return Looked()
    packages = content["rpm"] | content["srpm"]
    try:
        keyring = keyring_of(rules)
    except UntrustedContentError as error:
        if rules.packages == "enforce":
            raise
        return Looked(error.message)
    refused = list(_refused(ports, run, keyring, packages))
    if not refused:
        return Looked()
    words = _listed(refused, keyring)
    if rules.packages == "warn":
        return Looked(words)
    few = len(refused) <= max(FEW, len(packages) * MOST_SHARE)
    if keep_good and few and len(refused) < len(packages):
        return Looked(refused=[_not_offered(*each, keyring, content) for each in refused])
    raise UntrustedContentError(
        f"{words}. Nothing was changed. Add the key that signs these packages to the repository's"
        " gpg key, or set its package_signature_policy to warn."
    )


def distrust(ports: Ports, rules: TrustRules, package_id: int, data: Digest | bytes) -> str | None:
    """Check one package, unless it was found good before; return what is wrong with it.

    `data` is its blob, or its bytes while they are not in the store.
    """
    if rules.packages == "off" or (rules.packages == "warn" and rules.keys is None):
        return None
    try:
        keyring = keyring_of(rules)
    except UntrustedContentError as error:
        return error.message
    columns = [rpm_packages.c[name] for name in _COLUMNS]
    with ports.database.read() as tx:
        if package_id in verified(tx, keyring, BitMap([package_id])):
            return None
        row = tx.execute(select(*columns).where(rpm_packages.c.id == package_id)).one()
    expected = _name_of(row)
    opened = BytesIO(data) if isinstance(data, bytes) else open_blob(ports.store, data)
    with opened as file:
        finding = check_package(file, keyring, expected=expected, scratch=ports.scratch)
    if finding.good:
        _remember(ports.database, [(package_id, finding)])
        return None
    return f"{row.location} is {finding}. Keys allowed: {keyring.shown}"


def check_package(
    file: Readable, keyring: Keyring, *, expected: PackageName | None, scratch: Path
) -> Finding:
    """Check the package's signatures; good is only what covers all of it."""
    try:
        package = read_package(file)
        if expected is not None and package.name != expected:
            return Finding(Verdict.OTHER, detail=f"{package.name}, not {expected}")
        findings = list(_findings(file, package, keyring, scratch))
    except InvalidContentError as error:
        return Finding(Verdict.BROKEN, detail=error.message)
    findings.append(Finding(Verdict.UNSIGNED))
    good = next((each for each in findings if each.good), None)
    return good or min(findings, key=lambda each: _TELLING.index(each.verdict))


def verified(tx: Transaction, keyring: Keyring, packages: BitMap) -> BitMap:
    """Return those of the packages that one of the keys is known to have signed."""
    table = rpm_verified_packages.c
    found = BitMap()
    for key in batched([key.digest for key in keyring.keys]):
        signed = select(table.package_id).where(table.certificate.in_(key))
        if len(packages) == 1:
            signed = signed.where(table.package_id == packages[0])
        found.update(tx.scalars(signed))
    return found & packages


def _refused(
    ports: Ports, run: Run, keyring: Keyring, packages: BitMap
) -> Iterator[tuple[Any, Finding]]:
    """Yield row and finding of each package that is here and not good."""
    with ports.database.read() as tx:
        waiting = packages - verified(tx, keyring, packages)
        columns = [rpm_packages.c[name] for name in _COLUMNS]
        rows = [row for row in rows_of(tx, columns, rpm_packages.c.id, waiting) if row.blob_id]
        ids = BitMap(row.blob_id for row in rows)
        digests = {row[1]: row[0] for row in rows_of(tx, [blobs.c.digest], blobs.c.id, ids)}
    rows.sort(key=lambda row: row.id)
    done = 0
    for batch in batched(rows, _GROUP):
        good: list[tuple[int, Finding]] = []
        for row in batch:
            run.check()
            with open_blob(ports.store, Digest(digests[row.blob_id])) as file:
                finding = check_package(
                    file, keyring, expected=_name_of(row), scratch=ports.scratch
                )
            if finding.good:
                good.append((row.id, finding))
            else:
                yield row, finding
        _remember(ports.database, good)
        done += len(batch)
        run.report(Progress(items_done=done, items_total=len(rows)))


def _findings(
    file: Readable, package: SignedPackage, keyring: Keyring, scratch: Path
) -> Iterator[Finding]:
    """Yield what comes of each signature; what is dearest to check comes last."""
    for packet in _packets(package.over_header):
        finding = keyring.check(read_signature(packet), package.header)
        if not finding.good:
            yield finding
        elif package.payload_digest is None:
            yield Finding(Verdict.PARTIAL, finding.key_id)
        elif package.has_its_payload(file):
            yield finding
            return
        else:
            yield Finding(Verdict.BAD, finding.key_id, detail="its payload was replaced")
    packets = list(_packets(package.over_all))
    signatures = [read_signature(packet) for packet in packets]
    if not any(signature.issuer in key.ids for key in keyring.keys for signature in signatures):
        # Nobody's: no need to read a gigabyte.
        yield from (keyring.check(signature, b"") for signature in signatures)
        return
    with NamedTemporaryFile(dir=scratch, prefix="signed-") as copy:
        for chunk in read_from(file, package.header_at):
            copy.write(chunk)
        copy.flush()
        yield from (keyring.check(signature, Path(copy.name)) for signature in signatures)


def _packets(signatures: Sequence[bytes]) -> Iterator[bytes]:
    for each in signatures:
        yield from split_signatures(each)


def _remember(database: Database, good: Iterable[tuple[int, Finding]]) -> None:
    rows = [
        {"package_id": package_id, "certificate": finding.key.digest}
        for package_id, finding in good
        if finding.key is not None
    ]
    if rows:
        with database.begin() as tx:
            insert_missing(tx, rpm_verified_packages, rows)


def _not_offered(row: Any, finding: Finding, keyring: Keyring, content: Content) -> MissingFile:
    return MissingFile(
        unit_type="rpm" if row.id in content["rpm"] else "srpm",
        unit_id=row.id,
        path=row.location,
        size=row.size,
        checksum=f"{row.checksum_type}:{row.checksum.hex()}",
        url=None,
        code=UntrustedContentError.code,
        reason=f"it is {finding}. Keys allowed: {keyring.shown}",
    )


def _listed(refused: Sequence[tuple[Any, Finding]], keyring: Keyring) -> str:
    named = "; ".join(f"{row.location} is {finding}" for row, finding in refused[:_NAMED])
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    what = "package is" if len(refused) == 1 else "packages are"
    return (
        f"{len(refused)} {what} not signed as the repository asks: {named}{more}."
        f" Keys allowed: {keyring.shown}"
    )


def _name_of(row: Any) -> PackageName:
    arch = "src" if row.arch in SOURCE_ARCHES else row.arch
    return PackageName(row.name, row.epoch or "0", row.version, row.release, arch)
