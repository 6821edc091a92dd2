"""Headgate passes every cell of the conformance suite."""

from collections.abc import Iterator

import pytest

from support.conformance.grid import NAMES, judge
from support.conformance.headgate import judged
from support.conformance.registry import Registry
from support.server import Server


@pytest.fixture(scope="module")
def registry(server: Server) -> Iterator[Registry]:
    with judged(server) as registry:
        yield registry


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_works_with(
    registry: Registry, name: str, subtests: pytest.Subtests
) -> None:
    judge(registry, name, subtests.test)
