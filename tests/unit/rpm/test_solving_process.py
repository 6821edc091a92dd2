"""The process that solves dependencies, given what is hostile, broken or too much."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from headgate.content.rpm.solving import confined
from headgate.content.rpm.solving.confined import run_confined
from headgate.domain.errors import (
    CancelledError,
    InvalidContentError,
    SolvingFailedError,
    UnavailableError,
)
from headgate.plugin import SolvingLimits
from support.universes import Need, Package, added_units, write_request

_MODULE = "headgate.content.rpm.solving.child"
_LIMITS = SolvingLimits(memory_bytes=1 << 30, seconds=20)


def solve(folder: Path, *packages: Package, limits: SolvingLimits = _LIMITS) -> Mapping[str, Any]:
    """Keep the first package and solve."""
    request = write_request(folder, packages, {0})
    return run_confined(folder, request, limits=limits, check=lambda: None)


def solving_processes() -> list[psutil.Process]:
    """Return what is left of solving."""
    return [each for each in psutil.Process().children() if _MODULE in each.cmdline()]


def pigeons(count: int) -> list[Package]:
    """Return packages that need one hole each, where there is one too few: a solver despairs."""
    sitting = [
        Package(
            f"bird{bird}-{hole}",
            provides=(f"bird{bird}",),
            conflicts=tuple(Need(f"bird{other}-{hole}") for other in range(count) if other != bird),
        )
        for bird in range(count)
        for hole in range(count - 1)
    ]
    return [Package("flock", requires=tuple(Need(f"bird{n}") for n in range(count))), *sitting]


def test_endless_solving_ends_with_the_time_allowed(tmp_path: Path) -> None:
    limits = SolvingLimits(memory_bytes=1 << 30, seconds=1)

    with pytest.raises(SolvingFailedError, match=r"within 1 seconds .* solving\.seconds"):
        solve(tmp_path, *pigeons(14), limits=limits)

    assert solving_processes() == []


def test_a_cancelled_task_leaves_no_process(tmp_path: Path) -> None:
    request = write_request(tmp_path, pigeons(14), {0})

    def check() -> None:
        raise CancelledError("The task was cancelled")

    with pytest.raises(CancelledError):
        run_confined(tmp_path, request, limits=_LIMITS, check=check)

    assert solving_processes() == []


def test_what_takes_too_much_memory_is_refused_in_words(tmp_path: Path) -> None:
    huge = [Package(f"p{n}", requires=(Need("x" * 40_000 + str(n)),)) for n in range(1_000)]

    with pytest.raises(SolvingFailedError, match=r"60 MiB allowed.*solving\.memory"):
        solve(tmp_path, *huge, limits=SolvingLimits(memory_bytes=60 << 20, seconds=20))


def test_metadata_that_libsolv_reads_differently_is_refused(tmp_path: Path) -> None:
    request = write_request(tmp_path, [Package("ash")], {0})
    (tmp_path / "packages").write_text(f"0 2 {'ab' * 32}\n")

    with pytest.raises(InvalidContentError, match="other packages than were written"):
        run_confined(tmp_path, request, limits=_LIMITS, check=lambda: None)


def test_odd_requirements_are_only_text(tmp_path: Path) -> None:
    odd = [
        "((",
        "(a if",
        "(a or b",
        "a)b",
        "(a if b else)",
        "/",
        "rpmlib(X)",
        "é" * 9,
        "a" * 70_000,
    ]
    first = Package("ash", requires=(*map(Need, odd), Need("oak")))

    answer = solve(tmp_path, first, Package("oak", requires=(Need("ash"),)))

    assert added_units(answer) == [1]
    assert answer["conflicts"] == []


def test_long_cycles_and_chains_are_followed(tmp_path: Path) -> None:
    chain = [Package(f"p{n}", requires=(Need(f"p{(n + 1) % 3_000}"),)) for n in range(3_000)]

    answer = solve(tmp_path, *chain)

    assert len(answer["added"]) == 2_999


def test_without_libsolv_the_answer_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "_LIBRARY", "no_such_library")

    with pytest.raises(UnavailableError, match="pip install solv"):
        solve(tmp_path, Package("ash"))
