"""`headgate defaults`: values for options that are always the same."""

from headgate.cli import config
from headgate.cli.errors import NOT_FOUND, OK, CliError
from headgate.cli.options import require
from headgate.cli.run import Job


def show(job: Job) -> int:
    """`defaults list`."""
    rows = [{"name": name, "value": value} for name, value in config.read(config.DEFAULTS).items()]
    job.output.table(rows, [["Parameter", "name", ", "], ["Value", "value", ", "]])
    return OK


def add(job: Job) -> int:
    """`defaults add`."""
    require(job.command.options, job.given)
    name, value = _name(job), job.given.values["param_value"]
    config.write(config.DEFAULTS, config.read(config.DEFAULTS) | {name: value})
    job.output.line(f"--{name} is {value} unless given")
    return OK


def delete(job: Job) -> int:
    """`defaults delete`."""
    require(job.command.options, job.given)
    kept, name = config.read(config.DEFAULTS), _name(job)
    if name not in kept:
        raise CliError(f"there is no default for --{name}", NOT_FOUND)
    del kept[name]
    config.write(config.DEFAULTS, kept)
    job.output.line(f"--{name} has no default any more")
    return OK


def _name(job: Job) -> str:
    """Return the option's name: hammer's `organization_id` is `organization-id` too."""
    return str(job.given.values["param_name"]).removeprefix("--").replace("_", "-")
