"""The table that all benchmarks fill: what, how much, how much it may be, beside what."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `bound` is the most (or with `at_least` the least) that is promised."""

    what: str
    measured: float
    unit: str
    bound: float | None = None
    beside: str = ""  # the raw limit or peer of the same run
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        if self.bound is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


@dataclass(slots=True)
class Table:
    rows: list[Row] = field(default_factory=list[Row])

    def add(self, row: Row) -> None:
        """Add a row and show it at once: a run takes minutes."""
        self.rows.append(row)
        print(_line(row), flush=True)

    def render(self) -> str:
        head = "| What | Measured | At most | Beside it, same run | Holds |\n|---|---|---|---|---|"
        return "\n".join([head, *map(_line, self.rows)])


def _line(row: Row) -> str:
    bound = ""
    if row.bound is not None:
        bound = f"{'at least ' if row.at_least else ''}{_number(row.bound)} {row.unit}"
    verdict = {True: "yes", False: "**no**", None: ""}[row.holds]
    measured = f"{_number(row.measured)} {row.unit}"
    return f"| {row.what} | {measured} | {bound} | {row.beside} | {verdict} |"


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
