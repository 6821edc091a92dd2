"""The newest versions of each package: against the definition, said word by word."""

from collections.abc import Mapping
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from headgate.content.rpm.retention import Aging, newest

_numbers = count(1)
_NEVRA = st.tuples(st.sampled_from("ab"), st.sampled_from(("noarch", "src")), st.integers(1, 5))
_STREAM = st.tuples(st.sampled_from("mn"), st.sampled_from("12"))


def _package(name: str, arch: str, version: int) -> Aging:
    return Aging(next(_numbers), name, arch, bytes([version]), _nevra(name, arch, version))


def _nevra(name: str, arch: str, version: int) -> str:
    return f"{name}-0:{version}-1.{arch}"


def _stays(
    each: Aging, packages: list[Aging], membership: Mapping[str, set[tuple[str, str]]], most: int
) -> bool:
    """In one of its streams, or outside of any, fewer than `most` versions are newer."""
    for stream in membership.get(each.nevra) or {None}:
        newer = {
            other.evr
            for other in packages
            if (other.name, other.arch) == (each.name, each.arch)
            and stream in (membership.get(other.nevra) or {None})
            and other.evr > each.evr
        }
        if len(newer) < most:
            return True
    return False


@given(
    st.lists(_NEVRA, max_size=12),
    st.dictionaries(_NEVRA.map(lambda each: _nevra(*each)), st.sets(_STREAM), max_size=6),
    st.integers(1, 3),
)
def test_what_stays_is_what_fewer_newer_versions_stand_above(
    described: list[tuple[str, str, int]],
    membership: dict[str, set[tuple[str, str]]],
    most: int,
) -> None:
    packages = [_package(*each) for each in described]

    staying = newest(packages, membership, most)

    assert set(staying) == {
        each.id for each in packages if _stays(each, packages, membership, most)
    }
