"""Following a task until it ends: a line that shows how far it is, and how it ended."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from headgate.cli.client import Api
from headgate.cli.errors import FAILED, INTERRUPTED, OK
from headgate.cli.progress import ProgressLine

if TYPE_CHECKING:
    from headgate.cli.run import Job

Json = Mapping[str, Any]

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5
_TASKS: Final = "/foreman_tasks/api/tasks"


def follow(
    job: "Job", api: Api, task: Json, tell: "Callable[[Job, Json], int] | None" = None
) -> int:
    """Show a task's progress until it ends; return the exit code.

    With `--async` only its id is said. Ctrl-C leaves the task running. `tell` says how it ended,
    and gives the exit code, instead of `report`.
    """
    output = job.output
    if job.given.globals.get("async"):
        if output.form == "table":
            output.line(task["id"] if output.quiet else f"Task {task['id']} is running")
        else:
            output.thing(task)
        return OK
    try:
        ended = wait(api, task, quiet=output.quiet)
    except KeyboardInterrupt:
        sys.stderr.write(
            f"\nThe task goes on. To watch it: headgate task progress --id {task['id']}\n"
            f"To stop it: headgate task cancel --id {task['id']}\n"
        )
        return INTERRUPTED
    return (tell or report)(job, ended)


def wait(api: Api, task: Json, *, quiet: bool = False) -> Json:
    """Return the task once it has ended or is paused."""
    pause = _FIRST_PAUSE
    with ProgressLine(sys.stderr, quiet=quiet) as line:
        while task["state"] not in ("stopped", "paused"):
            line.show(task)
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            task = api.get(f"{_TASKS}/{task['id']}")
        line.end(task)
    return task


def report(job: "Job", task: Json) -> int:
    """Say how a task ended; return the exit code."""
    output, result = job.output, task["result"]
    if output.form != "table":
        output.thing(task)
    for message in task["humanized"]["errors"]:
        word = "Warning" if result == "warning" else "Error"
        sys.stderr.write(f"{word}: {message}\n")
    if result in ("success", "warning"):
        if output.form == "table" and not output.quiet:
            output.line(_ending(job, task))
        return OK
    if not task["humanized"]["errors"]:
        sys.stderr.write(f"Error: the task ended: {result}\n")
    advice = f"headgate task resume --id {task['id']}" if task["state"] == "paused" else ""
    if advice:
        sys.stderr.write(f"To go on from where it failed: {advice}\n")
    return FAILED


def _ending(job: "Job", task: Json) -> str:
    duration = task.get("duration")
    took = f" in {float(duration):.1f} s" if duration else ""
    said = task["humanized"].get("output") or ""
    action = task.get("action") or job.command.name
    return f"{action}: {task['result']}{took}" + (f"\n{said}" if said else "")
