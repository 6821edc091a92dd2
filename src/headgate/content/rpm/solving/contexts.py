"""What a machine sees: one architecture, some module streams enabled; and solving for it.

Part of the solving process.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast

from headgate.content.rpm.solving.pool import Universe, solv
from headgate.content.rpm.solving.streams import Key, Streams

_INSTALL: Final[int] = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE
_FAVOR: Final[int] = solv.Job.SOLVER_FAVOR | solv.Job.SOLVER_SOLVABLE_ONE_OF


class Contexts:
    """The contexts of one architecture; only one is current in the pool at a time."""

    def __init__(self, universe: Universe, streams: Streams, base: str) -> None:
        self.universe = universe
        self.streams = streams
        pool = universe.pool
        pool.set_considered_list(sorted(universe.units))
        pool.setarch(base)
        pool.createwhatprovides()
        unique = {each for own in universe.requires.values() for each in own}
        self._providers = {each: universe.providers(each) for each in unique}
        # `(a if b)` is met by the machine itself, and what it says of `a` is the solver's to see.
        given = {
            need for need, found in self._providers.items() if not found and pool.whatprovides(need)
        }
        self.rich = {each for each in unique if pool.dep2str(each).startswith("(")}
        self._idle = {each for each in self.rich if _idle(pool, pool.dep2str(each))}
        self._installable = {
            each for each in universe.units if pool.id2solvable(each).installable()
        }
        varying = streams.varying
        # Requirements that some contexts meet and others do not.
        self._varying = {
            need
            for need, found in self._providers.items()
            if found and need not in self.rich and all(each in varying for each in found)
        }
        self._unmet = {need for need, found in self._providers.items() if not found} - given
        self._affected = [
            each
            for each in universe.requires
            if any(need in self._varying or need in self._unmet for need in universe.requires[each])
        ]

    def of(self, packages: Iterable[int]) -> Iterator["Context"]:
        """Yield the contexts that the packages are to be closed in."""
        found: dict[frozenset[Key], list[int]] = {}
        for each in dict.fromkeys(packages):
            if each in self._installable:
                found.setdefault(self.streams.active_for(each), []).append(each)
        for active, roots in found.items():
            yield Context(self, self.streams.visible(active), roots)

    def installable(self, package: int) -> bool:
        """Tell whether the architecture can run it."""
        return package in self._installable

    def providers(self, requirement: int) -> list[int]:
        """Return what provides it on this architecture, in whatever stream."""
        return self._providers.get(requirement, [])

    def unmet(self, visible: AbstractSet[int]) -> set[int]:
        """Return the requirements that nothing visible meets."""
        return self._unmet | {
            need
            for need in self._varying
            if not any(each in visible for each in self._providers[need])
        }

    def idle(self, requirement: int) -> bool:
        """Tell whether it is `(a if b)` and nothing is b."""
        return requirement in self._idle

    def reduce(self, unmet: AbstractSet[int], dropped: AbstractSet[tuple[int, int]]) -> None:
        """Let packages require only what can be met, so that the solver looks at the rest."""
        for package in self._affected:
            own = [each for each in self.universe.requires[package] if each not in unmet]
            if dropped:
                own = [each for each in own if (package, each) not in dropped]
            self.require(package, own)

    def require(self, package: int, requirements: list[int]) -> None:
        """Set what a package requires in the pool."""
        universe = self.universe
        if universe.reduced.get(package, universe.requires[package]) != requirements:
            found = universe.pool.id2solvable(package)
            found.unset(solv.SOLVABLE_REQUIRES)
            for each in requirements:
                found.add_requires(each)
            universe.reduced[package] = requirements


class Context:
    """What is seen with some streams enabled, and the packages to be closed there."""

    def __init__(self, contexts: Contexts, visible: frozenset[int], roots: Sequence[int]) -> None:
        self.visible = visible
        self.roots = roots
        self.problem = ""
        self._contexts = contexts
        self._pool = contexts.universe.pool
        self._unmet = contexts.unmet(visible)
        self._dropped: set[tuple[int, int]] = set()  # rich requirements found to be unmet
        self._whole = False  # whether all that is visible is considered

    def installable(self, package: int) -> bool:
        """Tell whether the architecture can run it."""
        return self._contexts.installable(package)

    def consider(self, packages: Iterable[int]) -> None:
        """Let the solver take these packages and no others."""
        self._whole = packages is self.visible
        self._contexts.reduce(self._unmet, self._dropped)
        self._pool.set_considered_list(sorted(packages))
        self._pool.createwhatprovides()

    def requires(self, package: int) -> list[int]:
        """Return its requirements that something visible meets."""
        return [
            each
            for each in self._contexts.universe.requires[package]
            if each not in self._unmet and (package, each) not in self._dropped
        ]

    def lacking(self, package: int) -> list[int]:
        """Return its requirements that nothing visible meets."""
        return [
            each
            for each in self._contexts.universe.requires[package]
            if each in self._unmet and not self._contexts.idle(each)
        ]

    def providers(self, requirement: int) -> list[int]:
        """Return what visible provides it."""
        return [each for each in self._contexts.providers(requirement) if each in self.visible]

    def closed_within(self, allowed: AbstractSet[int]) -> set[int]:
        """Return what of the allowed packages has all requirements met among themselves.

        Only packages that the roots lead to are looked at. What is not returned cannot be
        installed from the allowed packages. Rich requirements are left to the solver.
        """
        within = self.visible & allowed
        reached: set[int] = set()
        needs: dict[int, list[list[int]]] = {}
        todo = [each for each in self.roots if each in within]
        while todo:
            package = todo.pop()
            if package in reached:
                continue
            reached.add(package)
            needs[package] = [
                [each for each in self._contexts.providers(need) if each in within]
                for need in self.requires(package)
                if need not in self._contexts.rich
            ]
            todo += [each for found in needs[package] for each in found if each not in reached]
        return _stable(reached, needs)

    def install(
        self, packages: Sequence[int], *, preferring: AbstractSet[int]
    ) -> tuple[set[int], list[int]]:
        """Return what is installed together with these packages, and those that had to give way.

        Where a requirement can be met in several ways, preferred packages come first.
        Of packages that stand against each other libsolv lets go, and what it has decided by then
        tells which: the others are solved again without them. For a single package `problem` then
        says why it cannot be installed.
        """
        units = self._contexts.universe.units
        preferred = self._pool.towhatprovides(sorted(preferring)) if self._whole else 0
        favor = [self._pool.Job(_FAVOR, preferred)] if preferred else []
        left: list[int] = list(packages)
        while left:
            solver = self._pool.Solver()
            solver.set_flag(solv.Solver.SOLVER_FLAG_IGNORE_RECOMMENDED, 1)
            jobs = [self._pool.Job(_INSTALL, each) for each in left]
            problems = solver.solve([*jobs, *favor])
            decisions = cast(Sequence[int], solver.raw_decisions(1))
            decided = {each for each in decisions if each in units}
            if not problems:
                return decided, [each for each in packages if each not in decided]
            if len(left) == 1:
                if self._whole and self._drop_unmet(problems):
                    continue
                self.problem = str(problems[0])
                break
            remaining = [each for each in left if each in decided]
            left = remaining if 0 < len(remaining) < len(left) else left[: len(left) // 2]
        return set(), list(packages)

    def _drop_unmet(self, problems: Sequence[Any]) -> bool:
        """Drop rich requirements that nothing meets; their parts each may have providers."""
        fresh = False
        for problem in problems:
            for rule in problem.findallproblemrules():
                found = rule.info()
                if found.type == solv.Solver.SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
                    package, need = found.solvable.id, found.dep_id
                    if (package, need) not in self._dropped and self._knows(package, need):
                        self._dropped.add((package, need))
                        self._contexts.require(package, self.requires(package))
                        fresh = True
        return fresh

    def _knows(self, package: int, need: int) -> bool:
        known = self._contexts
        return need in known.rich and need in known.universe.requires.get(package, ())


def _stable(reached: set[int], needs: dict[int, list[list[int]]]) -> set[int]:
    """Take out packages with an unmet requirement until there is none."""
    users: dict[int, set[int]] = {}
    for package, lists in needs.items():
        for found in lists:
            for each in found:
                users.setdefault(each, set()).add(package)
    stable = set(reached)
    todo = list(reached)
    while todo:
        package = todo.pop()
        if package not in stable:
            continue
        if not all(any(each in stable for each in found) for found in needs[package]):
            stable.discard(package)
            todo += users.get(package, ())
    return stable


def _idle(pool: Any, text: str) -> bool:
    _, conditional, condition = text[1:-1].rpartition(" if ")
    if not conditional or " else " in condition:
        return False
    found = pool.parserpmrichdep(f"({condition} or {condition})")
    return found is not None and not pool.whatprovides(found)
