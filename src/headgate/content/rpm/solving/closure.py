"""Which packages must be added so that the kept ones can be installed, and what stays open.

Part of the solving process. The result R begins as what is kept and grows to the smallest set that
we find for which, with dnf's view of modules, holds:

- what of R can be installed from all the packages can be installed from R alone;
- a requirement of a package of R that any package (seen together with it) meets is met within R,
  even where conflicts with others keep the package from being installed.

What no package meets is assumed to come from elsewhere (a view of an add-on repository without the
base system), and reported. Weak dependencies do not count.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from headgate.content.rpm.solving.contexts import Context, Contexts
from headgate.content.rpm.solving.pool import Universe
from headgate.content.rpm.solving.streams import Stream, Streams

# Packages solved together; one solution costs nearly the same for many as for one. What stood
# against others is tried again together while that settles enough, the rest one by one.
_TOGETHER: Final = 1024
_ENOUGH: Final = 8
_REASONS: Final = 3
_REPORTED: Final = 5_000
_HINTS: Final = 3


def close(universe: Universe) -> dict[str, Any]:
    """Return the answer as JSON."""
    return _Closing(universe).run()


class _Closing:
    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._streams = Streams(universe)
        self._result = set(universe.kept)
        self._added: dict[int, None] = {}  # in order
        # package -> the text of the conflict that keeps it from being installed
        self._conflicts: dict[int, str] = {}
        # (package, requirement) -> how many architectures lack it, of how many
        self._missing: dict[tuple[int, int], int] = {}
        self._closed: dict[int, int] = {}  # package -> architectures for which it was closed
        self._reasons: dict[int, list[tuple[int, int]]] = {}
        self._hints: dict[int, list[str]] = {}

    def run(self) -> dict[str, Any]:
        architectures = self._universe.base_architectures()
        brought, lacking = self._streams.take_required()
        self._add(brought)
        for base, roots in architectures.items():
            contexts = Contexts(self._universe, self._streams, base)
            todo = [*roots, *(each for each in brought if contexts.installable(each))]
            while todo:
                todo = [each for context in contexts.of(todo) for each in self._close(context)]
            self._find_reasons(contexts)
        self._universe.pool.set_considered_list(sorted(self._universe.units))
        self._universe.pool.createwhatprovides()
        return self._answer(lacking)

    def _close(self, context: Context) -> list[int]:
        """Close the packages of a context; return what came in whose own closing is open."""
        later: list[int] = []
        for each in context.roots:
            self._note(context, each)
        context.consider(context.visible & self._result)
        closed = context.closed_within(self._result)
        inside = [each for each in context.roots if each in closed]
        outside = [each for each in context.roots if each not in closed]
        failed = list(self._solve(context, inside, within=True))
        context.consider(context.visible)
        outside = [*outside, *failed]
        failed = list(self._solve(context, outside, within=False, later=later))
        for each in failed:
            later += self._take_providers(context, each)
        return later

    def _solve(
        self,
        context: Context,
        packages: Sequence[int],
        *,
        within: bool,
        later: list[int] | None = None,
    ) -> Iterator[int]:
        """Solve all packages and add what their installation takes; yield those that cannot be."""
        todo = list(packages)
        covered: set[int] = set()
        size = _TOGETHER
        while todo:
            left = (each for each in [*todo] if each not in covered)
            before, todo = len(todo), list[int]()
            while batch := list(islice(left, size)):
                chosen, dropped = context.install(batch, preferring=self._result)
                covered |= chosen
                if not within and later is not None:
                    later += self._take(context, chosen)
                if len(batch) > 1:
                    todo += dropped
                elif dropped:
                    if not within:
                        self._conflicts[batch[0]] = context.problem
                    yield batch[0]
            if before - len(todo) < _ENOUGH:
                size = 1

    def _take(self, context: Context, chosen: Iterable[int]) -> list[int]:
        """Add what a solution holds; return packages of streams that come with it."""
        fresh = sorted(set(chosen) - self._result)
        brought: list[int] = []
        for stream in self._streams.left_out(fresh):
            brought += self._streams.take(stream)
        self._add(fresh)
        for each in fresh:
            self._note(context, each)
        brought = [each for each in brought if each not in self._result]
        self._add(brought)
        return [each for each in brought if context.installable(each)]

    def _take_providers(self, context: Context, package: int) -> list[int]:
        """Add a provider of each requirement that R leaves open; return what was added."""
        added: list[int] = []
        for requirement in context.requires(package):
            providers = context.providers(requirement)
            if providers and not any(each in self._result for each in providers):
                pool = self._universe.pool
                found = pool.best_solvables([pool.id2solvable(each) for each in providers])
                chosen = [each.id for each in found[:1]] or providers[:1]
                added += [*chosen, *self._take(context, chosen)]
        return added

    def _add(self, packages: Iterable[int]) -> None:
        fresh = [each for each in packages if each not in self._result]
        self._result.update(fresh)
        self._added.update(dict.fromkeys(fresh))

    def _note(self, context: Context, package: int) -> None:
        """Remember what the package lacks in this context."""
        self._closed[package] = self._closed.get(package, 0) + 1
        for requirement in context.lacking(package):
            key = package, requirement
            self._missing[key] = self._missing.get(key, 0) + 1

    def _find_reasons(self, contexts: Contexts) -> None:
        """Find for each package added what required it: first what nothing kept meets."""
        strong: dict[int, list[tuple[int, int]]] = {}
        weak: dict[int, list[tuple[int, int]]] = {}
        for package in self._closed:
            for requirement in self._universe.requires[package]:
                providers = contexts.providers(requirement)
                hits = [each for each in providers if each in self._added and each != package]
                kept = hits and any(each in self._universe.kept for each in providers)
                for each in hits:
                    (weak if kept else strong).setdefault(each, []).append((package, requirement))
        for each in self._added:
            found = strong.get(each) or weak.get(each) or []
            own = self._reasons.setdefault(each, [])
            own += found[: _REASONS - len(own)]

    def _answer(self, lacking: Sequence[tuple[Stream, str]]) -> dict[str, Any]:
        units, text = self._universe.units, self._universe.pool.dep2str
        missing = [key for key, count in self._missing.items() if count == self._closed[key[0]]]
        return {
            "checked": len(self._closed),
            "added": [
                {
                    "unit": units[each],
                    "reasons": [(units[by], text(need)) for by, need in self._reasons[each]],
                }
                for each in self._added
            ],
            "documents": sorted(
                {unit for each in self._streams.taken_back for unit in each.documents}
            ),
            "missing_total": len(missing),
            "missing": [
                (units[by], text(need), self._elsewhere(need)) for by, need in missing[:_REPORTED]
            ],
            "conflicts_total": len(self._conflicts),
            "conflicts": [
                (units[each], why) for each, why in islice(self._conflicts.items(), _REPORTED)
            ],
            "streams": [(f"{each.name}:{each.stream}", need) for each, need in lacking],
        }

    def _elsewhere(self, requirement: int) -> list[str]:
        """Name packages that would meet it if they were seen: other streams, architectures."""
        if requirement not in self._hints:
            found = self._universe.pool.whatprovides(requirement)
            self._hints[requirement] = [str(each) for each in found[:_HINTS]]
        return self._hints[requirement]
