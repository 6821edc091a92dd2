"""What is added for dependencies, against an oracle that tries every set of packages."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.content.rpm.solving.closure import close
from headgate.content.rpm.solving.pool import read_universe
from support.universes import Need, Oracle, Package, added_units, write_request

_NAMES = ("ash", "oak", "elm", "fir")
_VIRTUAL = ("tree", "leaf")
_FILES = ("/opt/seed",)

_names = st.sampled_from(_NAMES)
_versioned = st.builds(Need, _names, st.sampled_from(("EQ", "GE", "LT")), st.integers(1, 3))
_plain = st.builds(Need, st.sampled_from((*_NAMES, *_VIRTUAL, *_FILES, "nothing")))
_packages = st.builds(
    Package,
    name=_names,
    version=st.integers(1, 3),
    requires=st.lists(_versioned | _plain, max_size=3, unique=True).map(tuple),
    conflicts=st.lists(_versioned, max_size=1).map(tuple),
    provides=st.lists(st.sampled_from(_VIRTUAL), max_size=1).map(tuple),
    files=st.lists(st.sampled_from(_FILES), max_size=1).map(tuple),
)
_universes: st.SearchStrategy[list[Package]] = st.lists(
    _packages, min_size=1, max_size=7, unique=True
)


@settings(max_examples=60)
@given(_universes, st.data())
def test_everything_that_can_be_installed_can_be_installed_from_the_result(
    packages: list[Package], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.integers(0, len(packages) - 1), min_size=1))
    everything = set(range(len(packages)))
    oracle = Oracle(packages)

    with TemporaryDirectory() as folder:
        answer = close(read_universe(write_request(Path(folder), packages, kept)))

    added = added_units(answer)
    result = kept | set(added)
    assert len(set(added)) == len(added)
    assert kept.isdisjoint(added)
    possible = {unit for unit in result if oracle.installable(unit, everything)}
    assert {unit for unit in result if oracle.installable(unit, result)} == possible
    assert oracle.unmet_within(result) == []

    # Nothing without need.
    if not oracle.unmet_within(kept) and all(
        oracle.installable(unit, kept) for unit in kept if oracle.installable(unit, everything)
    ):
        assert added == []
    for each in answer["added"]:
        assert each["reasons"]
        for by, words in each["reasons"]:
            needs = {str(need): need for need in packages[int(by)].requires}
            assert by in result
            assert each["unit"] in oracle.providers(needs[words])

    # What stays open is told in full.
    missing = {(unit, str(need)) for unit in result for need in oracle.missing(unit)}
    assert {(unit, words) for unit, words, _ in answer["missing"]} == missing
    assert {unit for unit, _ in answer["conflicts"]} == result - possible
