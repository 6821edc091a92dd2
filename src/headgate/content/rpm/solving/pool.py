"""Packages as libsolv has them, read from the files that `universe.py` wrote.

Part of the solving process. Solvables are known by their numbers in the pool; `units` tells which
unit each of them is.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cmp_to_key
from html import escape
from importlib import import_module
from itertools import groupby
from typing import Any, Final

solv: Final[Any] = import_module("solv")

# Files that primary lists by convention; what else is required by path is looked up in filelists.
_PRIMARY_FILE: Final = re.compile(r"/etc/|/usr/lib/sendmail$|.*bin/")
_FOREIGN: Final = ("rpmlib(", "solvable:")  # answered by rpm and the solver themselves
_BLOCK: Final = 1 << 20
_PACKAGE_END: Final = b"</package>"
_PKGID: Final = re.compile(rb"""<package\b[^>]*\bpkgid=["']([^"']+)""")
# Base architectures by what runs on them besides noarch, as rpm has it.
_I386: Final = frozenset({"i386", "i486", "i586", "i686", "athlon"})
_LIKE: Final[Mapping[str, frozenset[str]]] = {
    "x86_64": frozenset({"x86_64", "amd64", "ia32e", "x86_64_v2", "x86_64_v3", "x86_64_v4"}),
    "armv7hl": frozenset({"armv7hl", "armv7hnl", "armv6hl"}),
}


class BrokenMetadataError(Exception):
    """libsolv does not read the metadata as we wrote it."""


@dataclass(slots=True)
class Universe:
    """All packages that may be taken, which of them are kept, and which must be closed."""

    pool: Any
    units: dict[int, int]  # solvable -> unit
    kept: set[int]
    roots: list[int]  # in the order in which they are best tried: the newest of each name first
    documents: list[dict[str, Any]]  # module documents
    requires: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    # What the pool's packages are left to require where it is not what they say.
    reduced: dict[int, list[int]] = field(default_factory=dict[int, list[int]])

    def name(self, solvable: int) -> str:
        """Return the package's name."""
        return str(self.pool.id2solvable(solvable).name)

    def arch(self, solvable: int) -> str:
        """Return the package's architecture."""
        return str(self.pool.id2solvable(solvable).arch)

    def nevra(self, solvable: int) -> str:
        """Return the form in which module streams list packages: the epoch always stands."""
        found = self.pool.id2solvable(solvable)
        evr = found.evr if ":" in found.evr else f"0:{found.evr}"
        return f"{found.name}-{evr}.{found.arch}"

    def providers(self, dependency: int) -> list[int]:
        """Return what provides it among the solvables that are considered now."""
        return [each.id for each in self.pool.whatprovides(dependency) if each.id in self.units]

    def base_architectures(self) -> dict[str, list[int]]:
        """Return the roots to be closed for each architecture of machines that the packages suit.

        What is for any machine (noarch) must be closed for each.
        """
        arches = {self.arch(each) for each in self.units}
        wide = next((each for each in arches if each in _LIKE["x86_64"]), None)
        bases = {base for arch in arches if (base := _base(arch, wide=wide is not None))}
        shared = "noarch"
        if not bases:
            bases = {"x86_64"}
        found: dict[str, list[int]] = {base: [] for base in sorted(bases)}
        for each in self.roots:
            arch = self.arch(each)
            for base in found if arch == shared else (_base(arch, wide=wide is not None),):
                if base is not None:
                    found[base].append(each)
        return {base: roots for base, roots in found.items() if roots}


def read_universe(request: Mapping[str, Any]) -> Universe:
    """Load the packages; BrokenMetadataError when libsolv sees others than were written."""
    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    # The 32-bit and the 64-bit library of one name do not exclude each other (as in dnf).
    pool.set_flag(solv.Pool.POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1)
    pool.set_flag(solv.Pool.POOL_FLAG_OBSOLETEUSESCOLORS, 1)
    repo = pool.add_repo("view")
    file = solv.xfopen(request["primary"])
    if not file or not repo.add_rpmmd(file, None, 0):
        raise BrokenMetadataError(f"libsolv cannot read the metadata: {pool.errstr}")
    file.close()
    units, kept, roots = _identify(repo, request["packages"])
    with open(request["streams"], encoding="utf-8") as lines:  # noqa: PTH123 - few imports
        documents = [json.loads(line) for line in lines]
    universe = Universe(pool, units, kept, _ranked(pool, roots), documents)
    _read_requires(universe)
    pool.addfileprovides()
    pool.createwhatprovides()
    _add_listed_files(universe, request["filelists"])
    return universe


def _identify(repo: Any, path: str) -> tuple[dict[int, int], set[int], list[int]]:
    """Return which unit each solvable is, what is kept and what is to be closed.

    The file has a line for each package in the order of primary: unit, 0 (not kept), 1 (kept) or
    2 (kept and to be closed), checksum.
    """
    units: dict[int, int] = {}
    kept: set[int] = set()
    roots: list[int] = []
    solvables = iter(repo.solvables)
    with open(path, encoding="ascii") as lines:  # noqa: PTH123 - few imports
        for line in lines:
            unit, state, checksum = line.split()
            found = next(solvables, None)
            known = found and found.lookup_checksum(solv.SOLVABLE_CHECKSUM)
            if found is None or (known and known.hex() != checksum):
                raise BrokenMetadataError("libsolv reads other packages than were written")
            units[found.id] = int(unit)
            if state != "0":
                kept.add(found.id)
            if state == "2":
                roots.append(found.id)
    if next(solvables, None) is not None:
        raise BrokenMetadataError("libsolv reads more packages than were written")
    return units, kept, roots


def _ranked(pool: Any, roots: list[int]) -> list[int]:
    """Order the newest of each name first, then the second newest ...

    Neighbours are solved together, and packages of one generation suit each other best.
    """
    found = sorted((pool.id2solvable(each) for each in roots), key=lambda each: each.name)
    order: list[tuple[int, str, int]] = []
    for name, same in groupby(found, key=lambda each: each.name):
        newest = sorted(same, key=cmp_to_key(lambda a, b: b.evrcmp(a)))
        rank = -1
        evr = None
        for each in newest:
            rank += each.evr != evr
            evr = each.evr
            order.append((rank, name, each.id))
    return [each for _, _, each in sorted(order)]


def _read_requires(universe: Universe) -> None:
    foreign: dict[int, bool] = {solv.SOLVABLE_PREREQMARKER: True}
    for solvable in universe.units:
        found = universe.pool.id2solvable(solvable)
        own: list[int] = []
        for each in found.lookup_idarray(solv.SOLVABLE_REQUIRES, 0):
            if each not in foreign:
                foreign[each] = universe.pool.dep2str(each).startswith(_FOREIGN)
            if not foreign[each]:
                own.append(each)
        universe.requires[solvable] = own


def _add_listed_files(universe: Universe, path: str) -> None:
    """Let packages provide the required paths that only filelists tells of."""
    pool = universe.pool
    required = {each for own in universe.requires.values() for each in own}
    wanted = {
        name: each
        for each in required
        if (name := pool.dep2str(each)).startswith("/") and not _PRIMARY_FILE.match(name)
    }
    if not wanted:
        return
    by_checksum: dict[str, list[int]] = {}
    for solvable in universe.units:
        checksum = pool.id2solvable(solvable).lookup_checksum(solv.SOLVABLE_CHECKSUM)
        if checksum:
            by_checksum.setdefault(checksum.hex(), []).append(solvable)
    with gzip.open(path) as file:
        for checksum, name in _files_listed(file, wanted):
            for solvable in by_checksum.get(checksum, ()):
                pool.id2solvable(solvable).add_deparray(solv.SOLVABLE_PROVIDES, wanted[name], 1)
    pool.createwhatprovides()


def _files_listed(file: gzip.GzipFile, wanted: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield (checksum of the package, path) for each of the wanted paths, in one pass."""
    names = {escape(name, quote=False).encode(): name for name in wanted}
    pattern = re.compile(rb">\s*(" + b"|".join(map(re.escape, names)) + rb")\s*</file>")
    rest = b""
    while block := file.read(_BLOCK):
        rest += block
        *packages, rest = rest.split(_PACKAGE_END)
        for package in packages:
            found = {match[1] for match in pattern.finditer(package)}
            if found and (head := _PKGID.search(package)):
                for name in found:
                    yield head[1].decode(), names[name]


def _base(arch: str, *, wide: bool) -> str | None:
    if arch in {"noarch", "src", "nosrc"}:
        return None
    if arch in _I386:
        return "x86_64" if wide else "i686"
    return next((base for base, others in _LIKE.items() if arch in others), arch)
