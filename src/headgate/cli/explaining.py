"""`headgate explain`: why a version holds a package, or does not."""

from collections.abc import Mapping
from typing import Any

from headgate.cli.errors import OK
from headgate.cli.options import require
from headgate.cli.run import Job, apply_defaults

Json = Mapping[str, Any]


def explain(job: Job) -> int:
    """Ask for one package and tell what is said of it, a paragraph for each that it may mean."""
    apply_defaults(job.command.options, job.given)
    require(job.command.options, job.given)
    api = job.api()
    resolver = job.resolver(api)
    query = {"package": resolver.value("package")}
    if (repository := resolver.value("repository_id")) is not None:
        query["repository_id"] = repository
    version = resolver.value("id")
    told: Json = api.get(f"/katello/api/content_view_versions/{version}/explain", **query)
    if job.output.form != "table":
        job.output.thing(told)
        return OK
    for result in told["results"]:
        _tell(job, result, told["version"])
    for reason in told["reasons"]:
        job.output.line(reason["message"])
    return OK


def _tell(job: Job, result: Json, version: str) -> None:
    package = result["package"]
    if package is not None:
        verb = "is" if result["present"] else "is not"
        place = f"version {version}, repository '{result['repository']['name']}'"
        job.output.line(f"{package['name']} {verb} in {place}:")
    for reason in result["reasons"]:
        job.output.line(f"  {reason['message']}" if package is not None else reason["message"])
