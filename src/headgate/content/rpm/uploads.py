"""Making units of uploaded packages: the bytes become blobs, their headers segments and rows."""

from collections.abc import Sequence

from pyroaring import BitMap
from sqlalchemy import update

from headgate.content.rpm.intake import PackageIntake
from headgate.content.rpm.metadata.stream import Package
from headgate.content.rpm.metadata.uploads import read_rpm
from headgate.content.rpm.packs import SOURCE_ARCHES
from headgate.content.rpm.tables import rpm_packages
from headgate.domain.content import Content
from headgate.domain.errors import InvalidContentError
from headgate.engine.port import Run
from headgate.plugin import Ports, Upload
from headgate.services.storage.blobs import Kept, keep

_CHUNK = 1 << 20


def upload(ports: Ports, run: Run, uploads: Sequence[Upload]) -> Content:
    """Return the packages as units, their blobs here; the task pins both.

    InvalidContentError names the first file that is no package of the kind asked for.
    """
    kept: dict[bytes, Kept] = {}
    with PackageIntake(ports, holder=run.task_id, previous=BitMap()) as intake:
        for each in uploads:
            run.check()
            package = _read(each)
            kept[intake.add(package)] = _keep(ports, run, each)
        intake.finish()
    with ports.database.begin() as tx:
        for digest, blob in kept.items():
            here = update(rpm_packages).where(rpm_packages.c.digest == digest)
            tx.execute(here.values(blob_id=blob.id))
    return Content.of({"rpm": intake.binary, "srpm": intake.source})


def _read(each: Upload) -> Package:
    try:
        found = read_rpm(each.path)
    except InvalidContentError as error:
        raise InvalidContentError(f"{each.name}: {error.message}") from error
    is_source = found.header.arch in SOURCE_ARCHES
    if is_source != (each.unit_type == "srpm"):
        kind = "a source package" if is_source else "a binary package"
        raise InvalidContentError(f"{each.name} is {kind}, not of the type {each.unit_type}")
    return Package(found.fragments)


def _keep(ports: Ports, run: Run, each: Upload) -> Kept:
    with ports.store.spool() as spool:
        with each.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                spool.write(chunk)
        (kept,) = keep(ports.database, ports.store, [spool], holder=run.task_id, clock=ports.clock)
    return kept
