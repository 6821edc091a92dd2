"""Starting and doing nothing: what a server costs whom it does not serve."""

import time
from pathlib import Path

from family import cpu_seconds, memory, shipped
from table import Row, Table

_IDLE_SECONDS = 20


def run(table: Table, work: Path) -> None:
    home = work / "idle"
    with shipped(home):
        pass
    began = time.perf_counter()
    with shipped(home) as server, server.client() as client:
        client.get("/katello/api/ping").raise_for_status()
        table.add(Row("warm start to first answer", time.perf_counter() - began, "s", 2))
        client.get("/katello/api/organizations").raise_for_status()
        before = cpu_seconds(server.process.pid)
        # The measurement is of time that passes.
        time.sleep(_IDLE_SECONDS)
        spent = cpu_seconds(server.process.pid) - before
        now = memory(server.process.pid)
        table.add(
            Row("idle memory of all processes", now.rss, "MB", 150, f"RSS; PSS {now.pss:.0f} MB")
        )
        table.add(Row("CPU when idle", 100 * spent / _IDLE_SECONDS, "% of a core", 2))
