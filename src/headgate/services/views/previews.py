"""What publishing a content view now would give, against its latest version.

Done in two parts, so that what packages require can be looked at between them: `planned` reads what
would be frozen and filters it, `previewed` compares the result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Row

from headgate.domain.content import Content
from headgate.domain.errors import ConflictError
from headgate.plugin import ContentType, SolvePart
from headgate.services.views.comparison import Comparison, compared, shown
from headgate.services.views.version_inputs import Inputs, inputs_of, latest_published
from headgate.services.views.view_contents import (
    PLANNED,
    PlannedPart,
    ViewContent,
    content_at,
    planned_parts,
)
from headgate.stores.db import Transaction

# What a publish takes (docs/benchmarks.md): a moment to begin and to serve; for each unit that
# filters look at; for each unit of a repository whose metadata has to be written anew; and for each
# unit whose requirements are looked at.
_FIXED_SECONDS: Final = 0.1
_FILTERED_SECONDS: Final = 0.00001
_WRITTEN_SECONDS: Final = 0.00006
_SOLVED_SECONDS: Final = 0.0002


@dataclass(frozen=True, slots=True)
class Planned:
    """What a publish would take and keep, before dependencies are solved."""

    inputs: Inputs
    parts: Mapping[int, PlannedPart]

    @property
    def by_content_type(self) -> Mapping[str, Sequence[SolvePart]]:
        """The parts that are solved together, in the order of their repositories."""
        found: dict[str, list[SolvePart]] = {}
        for _, planned in sorted(self.parts.items()):
            found.setdefault(planned.content_type, []).append(planned.part)
        return found

    def with_added(self, additions: Mapping[int, Content]) -> "Planned":
        """Return the plan with these units kept, too, by repository."""
        parts = dict(self.parts)
        for repository_id, content in additions.items():
            planned = parts[repository_id]
            part = replace(planned.part, kept=planned.part.kept | content)
            parts[repository_id] = replace(planned, part=part)
        return replace(self, parts=parts)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a publish would give; publishing with the digest gives this or is refused."""

    view_id: int
    comparison: Comparison
    digest: str
    needed: bool  # whether it would differ from the latest version in its inputs
    estimated_seconds: float
    solve_dependencies: bool  # whether the publish adds what packages require
    # As `dependency_reports.report_of` has it; None: nobody looked.
    dependencies: Mapping[str, Any] | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the preview as clients see it."""
        return {
            "id": self.view_id,
            "plan_digest": self.digest,
            "needed": self.needed,
            "estimated_seconds": self.estimated_seconds,
            "solve_dependencies": self.solve_dependencies,
            "dependencies": self.dependencies,
            **shown(self.comparison),
        }


def preview(
    tx: Transaction, content_types: Mapping[str, ContentType], view: Row[Any], *, most: int
) -> Preview:
    """Preview a publish without looking at dependencies; list at most so many differences."""
    return previewed(tx, content_types, view, planned(tx, content_types, view), most=most)


def planned(tx: Transaction, content_types: Mapping[str, ContentType], view: Row[Any]) -> Planned:
    """Return what publishing the view now would take and keep."""
    inputs = inputs_of(tx, view)
    return Planned(inputs, planned_parts(tx, content_types, inputs))


def require_unchanged(tx: Transaction, view: Row[Any], plan: Planned) -> None:
    """Raise ConflictError when the view would publish something else by now."""
    if inputs_of(tx, view).digest != plan.inputs.digest:
        raise ConflictError(
            f"Content view '{view.name}' changed while its dependencies were looked at: a"
            " repository, a filter or a component. Preview it again."
        )


def previewed(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    view: Row[Any],
    plan: Planned,
    *,
    most: int,
    dependencies: Mapping[str, Any] | None = None,
) -> Preview:
    """Return what a publish of the plan would change against the view's latest version."""
    latest = latest_published(tx, view.id)
    before = None if latest is None else content_at(tx, view, f"{latest.major}.{latest.minor}")
    contents = {key: (each.content_type, each.part.kept) for key, each in plan.parts.items()}
    inputs = plan.inputs
    return Preview(
        view_id=view.id,
        comparison=compared(
            tx, content_types, before, ViewContent(PLANNED, contents=contents), most
        ),
        digest=inputs.digest,
        needed=latest is None or latest.inputs_digest != inputs.digest,
        estimated_seconds=round(estimate(plan, before), 2),
        solve_dependencies=inputs.solve_dependencies,
        dependencies=dependencies,
    )


def estimate(plan: Planned, before: ViewContent | None) -> float:
    """Return the seconds that publishing the plan takes after the latest version, roughly."""
    anew = [
        plan.parts[each.repository_id].part
        for each in plan.inputs.repositories
        if each.publication_id is None
    ]
    # What the latest version holds already is published already, unless options have changed.
    held = {} if before is None else {key: each for key, (_, each) in before.contents.items()}
    written = [part for part in anew if held.get(part.repository_id) != part.kept]
    filtered = sum(_units(part.source) for part in anew if part.filters)
    seconds = _FIXED_SECONDS + _FILTERED_SECONDS * filtered
    seconds += _WRITTEN_SECONDS * sum(_units(part.kept) for part in written)
    if plan.inputs.solve_dependencies:
        seconds += _SOLVED_SECONDS * sum(_units(each.part.kept) for each in plan.parts.values())
    return seconds


def _units(content: Content) -> int:
    return sum(content.counts.values())
