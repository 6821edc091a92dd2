"""Headgate passes every cell of the conformance suite."""

import pytest

from support.conformance.grid import NAMES, judge
from support.conformance.registry import Registry


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_works_with(
    registry: Registry, name: str, subtests: pytest.Subtests
) -> None:
    judge(registry, name, subtests.test)


# What leads through other statements: two images below one list, referrers, other digests.
@pytest.mark.parametrize("name", ["index", "subject", "sha512 image", "bad requests"])
def test_it_is_the_same_on_postgresql(
    registry_on_postgresql: Registry, name: str, subtests: pytest.Subtests
) -> None:
    judge(registry_on_postgresql, name, subtests.test)
