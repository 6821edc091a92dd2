"""What is shown while a task runs."""

from typing import Any

import pytest

from headgate.cli.progress import amount, bar, clock, line_of, size, words_of


def task(**details: Any) -> dict[str, Any]:
    return {"state": "running", "progress": 0.5, "progress_details": details}


def test_a_running_task_shows_step_amounts_rate_and_time_left() -> None:
    running = task(
        step="download",
        items_done=3,
        items_total=12,
        bytes_done=1_500_000,
        bytes_total=8_000_000,
        bytes_per_second=2_000_000,
        seconds_left=130,
        url="http://upstream/a.rpm",
    )

    assert words_of(running) == (
        "download  3 of 12  1.5 MB of 8.0 MB  2.0 MB/s  2:10 left  http://upstream/a.rpm"
    )


def test_a_task_that_has_not_begun_waits() -> None:
    assert words_of({"state": "planned", "progress": 0.0}) == "waiting"


def test_unknown_totals_are_not_invented() -> None:
    assert amount({"items_done": 3, "bytes_done": 10}) == "3  10 B"


def test_the_bar_is_always_as_wide() -> None:
    assert {len(bar(step / 7)) for step in range(-1, 9)} == {26}
    assert line_of(0.5, "x") == "│████████████            │  50 %  x"


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (12_345_678, "12.3 MB")]
)
def test_sizes_are_told_in_decimal_units(count: int, told: str) -> None:
    assert size(count) == told


@pytest.mark.parametrize(("seconds", "told"), [(8, "8 s"), (150.2, "2:30"), (3900, "1:05:00")])
def test_times_are_told_as_clocks_do(seconds: float, told: str) -> None:
    assert clock(seconds) == told
