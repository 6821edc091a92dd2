"""`headgate content-view preview`: what a publish would change, at once or with dependencies."""

from collections.abc import Mapping
from typing import Any

from headgate.cli.errors import OK
from headgate.cli.options import require
from headgate.cli.run import Job, apply_defaults
from headgate.cli.tasks import follow, report

Json = Mapping[str, Any]


def preview(job: Job) -> int:
    """Show the plan; `--dependencies` makes it a task, which is followed to its end."""
    apply_defaults(job.command.options, job.given)
    require(job.command.options, job.given)
    api = job.api()
    resolver = job.resolver(api)
    path = f"/katello/api/content_views/{resolver.value('id')}/preview"
    limit = resolver.value("limit")
    asked = {} if limit is None else {"limit": limit}
    if not resolver.value("dependencies"):
        job.output.thing(api.get(path, **asked))
        return OK
    return follow(job, api, api.post(path, asked), _show_plan)


def _show_plan(job: Job, task: Json) -> int:
    """Show the plan, which is the output of the task."""
    if task["result"] != "success":
        return report(job, task)
    job.output.thing(task["output"])
    return OK
