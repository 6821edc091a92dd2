"""A worker process: runs tasks."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from headgate.domain.dormancy import DormancyRules
from headgate.engine import Wakeup
from headgate.engine.runner import Runner
from headgate.server.parts import Parts
from headgate.workflows.collect import repair
from headgate.workflows.definitions import schedules, workflows
from headgate.workflows.workshop import Workshop

log = structlog.stdlib.get_logger(__name__)

# Steps that do not end within the grace are given up; signing off needs a little of it.
_SIGN_OFF = 2.0


def run_worker(
    parts: Parts,
    *,
    name: str,
    dead: Sequence[str],
    bell: Wakeup,
    ready: Callable[[], None],
) -> int:
    """Run tasks until SIGTERM; those of the `dead` workers are taken over at once."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    # A host that runs dnf must not feel that a repository is being synchronized.
    os.nice(parts.settings.processes.worker_niceness)
    workshop = Workshop(
        ports=parts.ports,
        content_types=parts.content_types,
        unseal=parts.sealer.unseal,
        uploads=parts.home.uploads,
        dormancy=DormancyRules(
            newest=parts.settings.versions.awake,
            awake_for=timedelta(hours=parts.settings.versions.awake_hours),
        ),
    )
    runner = Runner(
        parts.database,
        workflows(workshop),
        wakeup=bell,
        clock=parts.clock,
        executor_id=name,
        known_dead=dead,
        schedules=schedules(workshop),
    )
    runner.start()
    ready()
    threading.Thread(target=_repair, args=(workshop, stop), name="repair", daemon=True).start()
    stop.wait()
    runner.stop(max(parts.settings.processes.grace - _SIGN_OFF, 1.0))
    parts.close()
    return 0


def _repair(workshop: Workshop, stop: threading.Event) -> None:
    """Mend what earlier processes left; a kill or a stop in its midst leaves it to the next."""
    try:
        repair(workshop)
    except Exception:
        if not stop.is_set():
            log.exception("could not tidy up after earlier processes; the next start tries again")
