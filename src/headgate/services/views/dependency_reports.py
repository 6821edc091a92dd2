"""What a version's packages required beyond what its filters keep, as found when it was made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import delete, insert, select

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentViewVersionId
from headgate.plugin import Solution
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_version_dependencies

# More of each are counted, not listed.
_LISTED: Final = 5_000


def report_of(solutions: Sequence[Solution]) -> dict[str, Any]:
    """Return the answers of all content types as one report (JSON)."""
    added = [each for solution in solutions for each in solution.added]
    unresolved = [each for solution in solutions for each in solution.unresolved]
    return {
        "packages_checked": sum(solution.checked for solution in solutions),
        "added_total": len(added),
        "added": [
            {
                "id": each.unit_id,
                "type": each.unit_type,
                "package": each.package,
                "repository_id": each.repository_id,
                "required_by": [asdict(reason) for reason in each.reasons],
            }
            for each in added[:_LISTED]
        ],
        "module_streams_added": sorted({each for one in solutions for each in one.streams}),
        "unresolved_total": sum(solution.unresolved_total for solution in solutions),
        "unresolved": [asdict(each) for each in unresolved[:_LISTED]],
    }


def save_report(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    report: Mapping[str, Any],
) -> None:
    """Keep the report as long as the version, in the place of an earlier one."""
    table = content_view_version_dependencies
    tx.execute(delete(table).where(table.c.version_id == version_id))
    tx.execute(insert(table).values(version_id=version_id, report=report, created_at=clock()))


def load_report(tx: Transaction, version_id: ContentViewVersionId) -> dict[str, Any] | None:
    """Return the report with when it was made; None when dependencies were not solved."""
    table = content_view_version_dependencies
    row = tx.execute(select(table).where(table.c.version_id == version_id)).one_or_none()
    return None if row is None else {**row.report, "solved_at": row.created_at}
