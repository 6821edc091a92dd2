"""What filters keep, against an oracle that knows nothing but the words of the documentation."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import cast

import rpm_version
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from headgate.content.rpm.filters import Package, kept_packages
from headgate.plugin import Filter, FilterRule

# The wheel has no stubs.
evr_compare = cast("Callable[[str, str], int]", vars(rpm_version)["evr_compare"])

NAMES = ["bash", "bash-doc", "Bear", "bear", "cow"]
VERSIONS = ["1", "1.0", "1.1", "1.1~rc1", "1.1^git2", "2", "10"]
RELEASES = ["1", "1.el9", "2.el9", "10.el9"]
ARCHES = ["noarch", "x86_64", "aarch64"]

packages = st.lists(
    st.builds(
        Package,
        id=st.just(0),
        name=st.sampled_from(NAMES),
        epoch=st.sampled_from(["0", "1", "2"]),
        version=st.sampled_from(VERSIONS),
        release=st.sampled_from(RELEASES),
        arch=st.sampled_from(ARCHES),
    ),
    max_size=12,
).map(lambda found: [each._replace(id=number) for number, each in enumerate(found, start=1)])

globs = st.sampled_from(["*", "bash*", "b*", "*ear", "BEAR", "cow", "b*-d*", "", "[bc]*", "?ow"])
bounds = st.tuples(
    st.sampled_from(["", "0:", "1:"]),
    st.sampled_from(VERSIONS),
    st.sampled_from(["", "-1.el9", "-2.el9"]),
).map("".join)
rules = st.builds(
    FilterRule,
    name=globs.filter(bool),
    architecture=st.none() | st.sampled_from(["noarch", "x86*", "*64"]),
) | st.builds(
    FilterRule,
    name=globs.filter(bool),
    version=st.none() | bounds,
)
rules |= st.builds(
    FilterRule,
    name=globs.filter(bool),
    min_version=st.none() | bounds,
    max_version=st.none() | bounds,
)
filters = st.lists(
    st.builds(
        Filter,
        type=st.just("rpm"),
        inclusion=st.booleans(),
        original_packages=st.booleans(),
        rules=st.lists(rules, max_size=3),
    ),
    max_size=4,
)


def matches_glob(text: str, glob: str) -> bool:
    # Only the star is a wildcard: the others of fnmatch are put in brackets.
    plain = "".join(letter if letter == "*" else f"[{letter}]" for letter in glob.lower())
    return fnmatchcase(text.lower(), plain)


def compare(package: Package, bound: str) -> int:
    """rpm's own comparison, the parts that the bound leaves out taken from the package."""
    epoch, colon, rest = bound.partition(":")
    if not colon:
        epoch, rest = "0", bound
    version, dash, release = rest.partition("-")
    theirs = f"{package.epoch}:{package.version}-{package.release}"
    return evr_compare(theirs, f"{epoch}:{version}-{release if dash else package.release}")


def matched(package: Package, rule: FilterRule) -> bool:
    if not matches_glob(package.name, rule.name or "*"):
        return False
    if rule.architecture and not matches_glob(package.arch, rule.architecture):
        return False
    if rule.version:
        return compare(package, rule.version) == 0
    if rule.min_version and not compare(package, rule.min_version) > 0:
        return False
    return not (rule.max_version and not compare(package, rule.max_version) < 0)


def oracle(
    found: list[Package], applied: list[Filter], modular: set[str], patched: BitMap
) -> set[int]:
    kept: set[int] = set()
    for package in found:
        if package.nevra in modular:
            kept.add(package.id)
            continue
        included = not any(each.inclusion for each in applied)
        excluded = False
        for each in applied:
            hit = any(matched(package, rule) for rule in each.rules) or (
                each.original_packages and package.id not in patched
            )
            included = included or (each.inclusion and hit)
            excluded = excluded or (not each.inclusion and hit)
        if included and not excluded:
            kept.add(package.id)
    return kept


@given(packages, filters, st.sets(st.integers(0, 11)), st.sets(st.integers(1, 12)))
def test_filters_keep_what_the_oracle_keeps(
    found: list[Package], applied: list[Filter], in_modules: set[int], named: set[int]
) -> None:
    modular = {each.nevra for number, each in enumerate(found) if number in in_modules}
    patched = BitMap(named)

    kept = kept_packages(found, applied, modular=modular, patched=patched)

    assert set(kept) == oracle(found, applied, modular, patched)
