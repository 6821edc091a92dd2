"""What must be added to a view's yum repositories so that their packages can be installed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyroaring import BitMap

from headgate.content.rpm.filters import Filters, Kept, read_source, with_dependents
from headgate.content.rpm.solving.confined import require_solver, run_confined
from headgate.content.rpm.solving.universe import write_universe
from headgate.content.rpm.tables import module_documents, rpm_packages
from headgate.domain.content import Content
from headgate.engine.port import Run
from headgate.plugin import AddedPackage, Ports, Reason, Solution, SolvePart, Unresolved
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

__all__ = ["require_solver", "solve"]

_NEVRA = ("name", "epoch", "version", "release", "arch")


def solve(
    ports: Ports, run: Run, parts: Sequence[SolvePart], roots: Content | None = None
) -> Solution:
    """Find what the kept packages of all the parts require of the parts' sources.

    With `roots` only these packages are looked at. What is added goes into the repository that
    holds the package; where several do, into one that holds a package which requires it. The rules
    are in `closure.py`; the work is done by a process of its own.
    """
    sources = Content()
    kept = Content()
    for part in parts:
        sources = sources | part.source | part.kept
        kept = kept | part.kept
    wanted = kept["rpm"] if roots is None else roots["rpm"] & kept["rpm"]
    if not wanted:
        return Solution()
    ports.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.scratch, prefix="solve-") as name:
        request = write_universe(
            ports,
            Path(name),
            packages=sources["rpm"],
            kept=kept["rpm"],
            roots=wanted,
            documents=sources["module_stream"] | sources["module_defaults"],
            kept_documents=kept["module_stream"],
        )
        answer = run_confined(Path(name), request, limits=ports.solving, check=run.check)
    with ports.database.read() as tx:
        return _Answer(tx, parts, answer).solution()


@dataclass(slots=True)
class _Answer:
    """What the process said, in terms of repositories and units."""

    tx: Transaction
    parts: Sequence[SolvePart]
    answer: Mapping[str, Any]

    def solution(self) -> Solution:
        names = self._names()
        added = [self._added(each, names) for each in self.answer["added"]]
        packages: dict[int, BitMap] = defaultdict(BitMap)
        for each in added:
            packages[each.repository_id].add(each.unit_id)
        documents = BitMap(self.answer["documents"])
        streams = [module_documents.c.name, module_documents.c.stream]
        rows = rows_of(self.tx, streams, module_documents.c.id, documents)
        listed = list(self._unresolved(names))
        conflicts = self.answer["conflicts_total"] + len(self.answer["streams"])
        return Solution(
            checked=self.answer["checked"],
            additions={
                part.repository_id: content
                for part in self.parts
                if (content := self._addition(part, packages[part.repository_id], documents)).units
            },
            added=added,
            streams=sorted({f"{row.name}:{row.stream}" for row in rows}),
            unresolved=listed,
            unresolved_total=self.answer["missing_total"] + conflicts,
        )

    def _added(self, each: Mapping[str, Any], names: Mapping[int, str]) -> AddedPackage:
        unit = each["unit"]
        holders = [part for part in self.parts if unit in part.source["rpm"]]
        requirers = BitMap(by for by, _ in each["reasons"])
        near = [part for part in holders if requirers & part.source["rpm"]]
        return AddedPackage(
            unit_type="rpm",
            unit_id=unit,
            package=names[unit],
            repository_id=(near or holders)[0].repository_id,
            reasons=[Reason(names[by], need) for by, need in each["reasons"]],
        )

    def _addition(self, part: SolvePart, packages: BitMap, documents: BitMap) -> Content:
        """Return the packages and streams that the part lacks, and what depends on these alone."""
        streams = documents & part.source["module_stream"]
        if not packages and not streams - part.kept["module_stream"]:
            return Content()
        source = read_source(self.tx, part.source)
        excluded = Filters(source, part.filters).excluded_advisories

        def having(packages: BitMap, streams: BitMap) -> Content:
            kept = Kept(packages & part.source["rpm"], streams, excluded)
            return with_dependents(part.source, source, kept)

        before = part.kept["module_stream"] & part.source["module_stream"]
        after = having(part.kept["rpm"] | packages, before | streams)
        return after - having(part.kept["rpm"], before) - part.kept

    def _unresolved(self, names: Mapping[int, str]) -> Iterable[Unresolved]:
        for stream, need in self.answer["streams"]:
            yield Unresolved("module", stream, need)
        for unit, words in self.answer["conflicts"]:
            yield Unresolved("conflict", names[unit], words)
        for unit, need, candidates in self.answer["missing"]:
            yield Unresolved("missing", names[unit], need, candidates)

    def _names(self) -> Mapping[int, str]:
        """Return the NEVRAs of all packages that the answer names."""
        units = BitMap(each["unit"] for each in self.answer["added"])
        units.update(by for each in self.answer["added"] for by, _ in each["reasons"])
        units.update(unit for unit, *_ in (*self.answer["missing"], *self.answer["conflicts"]))
        columns = [rpm_packages.c[name] for name in _NEVRA]
        return {
            row.key_: f"{row.name}-{row.epoch}:{row.version}-{row.release}.{row.arch}"
            for row in rows_of(self.tx, columns, rpm_packages.c.id, units)
        }
