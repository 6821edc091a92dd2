"""The seconds that a preview expects of a publish."""

from headgate.domain.content import Content
from headgate.plugin import Filter, SolvePart
from headgate.services.views.previews import Planned, estimate
from headgate.services.views.version_inputs import Inputs, RepositoryInput
from headgate.services.views.view_contents import PlannedPart, ViewContent

FILTER = Filter(type="rpm", inclusion=False, original_packages=False, rules=[])
SOURCE = Content.of({"rpm": range(1, 10_001)})
KEPT = Content.of({"rpm": range(1, 8_001)})
BEFORE = ViewContent("1.0", 1, {1: ("yum", KEPT), 2: ("yum", SOURCE)})


def plan(*, publication: int | None = None, solve: bool = False) -> Planned:
    """A view of two repositories: one is filtered, the other has metadata or must get some."""
    inputs = [
        RepositoryInput(1, "a", 1, None, (b"", "")),
        RepositoryInput(2, "b", 2, publication, (b"", "")),
    ]
    parts = {
        1: PlannedPart("yum", SolvePart(1, SOURCE, KEPT, [FILTER])),
        2: PlannedPart("yum", SolvePart(2, SOURCE, SOURCE)),
    }
    return Planned(Inputs(inputs, [], (), solve_dependencies=solve), parts)


def test_what_has_metadata_already_costs_nothing() -> None:
    shared = estimate(plan(publication=7), None)
    whole = estimate(plan(), None)
    again = estimate(plan(), BEFORE)

    assert again < shared < whole


def test_filters_are_looked_at_even_if_nothing_changes() -> None:
    nothing = Planned(Inputs([], [], ()), {})

    assert estimate(plan(), BEFORE) > estimate(nothing, None) > 0


def test_solving_is_counted_where_the_publish_solves() -> None:
    assert estimate(plan(solve=True), BEFORE) > 2 * estimate(plan(), BEFORE)
