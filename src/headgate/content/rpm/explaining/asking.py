"""What people mean by the name of a package: any form that dnf knows, or its file's name."""

from collections.abc import Iterable, Sequence
from typing import Final

from pyroaring import BitMap
from sqlalchemy import select

from headgate.content.rpm.filters.source import Package
from headgate.content.rpm.tables import rpm_packages
from headgate.plugin import NamedUnit
from headgate.stores.db import Transaction

_LONGEST: Final = 255


def packages_named_like(tx: Transaction, text: str) -> Sequence[Package]:
    """Return the packages of every repository that have one of the names that the text may mean.

    The newest come first. Whoever asks may see only some of them.
    """
    columns = [rpm_packages.c[name] for name in Package._fields]
    query = (
        select(*columns)
        .where(rpm_packages.c.name.in_(_possible_names(text)))
        .order_by(rpm_packages.c.name, rpm_packages.c.evr.desc(), rpm_packages.c.id.desc())
    )
    return [Package(*row) for row in tx.execute(query)]


def named(tx: Transaction, text: str) -> list[NamedUnit]:
    """Return the packages of every repository that the text means, the newest first."""
    return [
        NamedUnit(("srpm",) if each.arch in ("src", "nosrc") else ("rpm",), each.id, each.nevra)
        for each in packages_named_like(tx, text)
        if is_meant(each, text)
    ]


def within(packages: Iterable[Package], held: BitMap) -> list[Package]:
    """Return those that are held."""
    return [package for package in packages if package.id in held]


def is_meant(package: Package, text: str) -> bool:
    """Whether the text is the package's name, with or without architecture, version and release."""
    name, epoch, version, release, arch = package[1:]
    forms = {
        name,
        f"{name}.{arch}",
        f"{name}-{version}",
        f"{name}-{epoch}:{version}",
        f"{name}-{version}-{release}",
        f"{name}-{epoch}:{version}-{release}",
        f"{name}-{version}-{release}.{arch}",
        f"{epoch}:{name}-{version}-{release}.{arch}",
        package.nevra,
        package.filename,
    }
    return text in forms


def _possible_names(text: str) -> list[str]:
    """Return the beginnings of the text that may be a name: it ends before a dash or the dot."""
    text = text.partition(":")[2] if text.partition(":")[0].isdigit() else text
    found = [text, text.rpartition(".")[0]]
    head = text
    for _ in range(2):
        head = head.rpartition("-")[0]
        found.append(head)
    return [name for name in dict.fromkeys(found) if 0 < len(name) <= _LONGEST]
