"""Running one command: find ids, send the request, show the answer or follow the task."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headgate.cli import config
from headgate.cli.client import Answer, Api
from headgate.cli.errors import NO_INPUT, OK, REFUSED, CliError
from headgate.cli.options import Given, require, split
from headgate.cli.output import Output, printable
from headgate.cli.plain import fields_of
from headgate.cli.resolve import Resolver, path_of
from headgate.cli.session import session_of
from headgate.cli.tree import Command, Option

Json = Mapping[str, Any]


class Job(NamedTuple):
    """A command about to be run, with everything it may need."""

    command: Command
    given: Given
    tree: Json
    output: Output

    def api(self) -> Api:
        """Return the server's API, for whoever asks."""
        public = bool(self.command.data.get("public"))
        return Api(session_of(self.given.globals, public=public))

    def resolver(self, api: Api) -> Resolver:
        """Return what finds the ids that this command names."""
        return Resolver(api, self.tree["finders"], self.command, self.given)


def run_action(job: Job) -> int:
    """Run a command that is one action of the API; return the exit code."""
    command, given = job.command, job.given
    apply_defaults(command.options, given)
    require(command.options, given)
    api = job.api()
    values = values_of(job, job.resolver(api))
    path, sent = path_of(command.data["paths"], values)
    answer = _send(job, api, path, sent)
    return _show(job, api, answer)


def apply_defaults(options: Iterable[Option], given: Given) -> None:
    """Let the user's default values stand in for options that are not given."""
    by_flag = {flag: option for option in options for flag in option.flags}
    for name, value in config.read(config.DEFAULTS).items():
        option = by_flag.get(f"--{name}")
        if option is None or option.to in given.values or option.to in given.names:
            continue
        if option.by is not None:
            many = option.kind == "list"
            given.names[option.to] = (option.by, split(value) if many else value)
        else:
            given.values[option.to] = value


def values_of(job: Job, resolver: Resolver) -> dict[str, Any]:
    """Return every parameter that has a value, files read."""
    kinds = {option.to: option.kind for option in job.command.options if not option.by}
    values: dict[str, Any] = {}
    for name in job.command.data["sends"]:
        value = resolver.value(name)
        if value is not None:
            values[name] = _read(value) if kinds.get(name) == "text-file" else value
    return values


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{path} cannot be read: {error}", NO_INPUT) from error


def _send(job: Job, api: Api, path: str, sent: Json) -> Answer:
    data = job.command.data
    method: str = data["method"]
    if method in ("GET", "DELETE"):
        return api.request(method, path, query=sent)
    if data.get("multipart"):
        from headgate.cli.uploads import multipart  # noqa: PLC0415 - few commands send files

        kinds = {option.to: option.kind for option in job.command.options}
        content, media_type = multipart(sent, kinds)
        return api.request(method, path, content=content, media_type=media_type)
    body: dict[str, Any] = {}
    for name, value in sent.items():
        wrapper = data["sends"][name]
        (body.setdefault(wrapper, {}) if wrapper else body)[name] = value
    return api.request(method, path, body=body)


def _show(job: Job, api: Api, answer: Answer) -> int:
    data, output = job.command.data, job.output
    if not answer.is_json:
        output.raw(answer.content)
        return OK
    shown = answer.json()
    if data["answers"] == "list":
        output.table(shown, data["columns"])
        return OK
    if data["answers"] == "show":
        output.thing(shown)
        return OK
    if is_task(shown) and not data["action"].startswith("foreman_tasks"):
        from headgate.cli.tasks import follow  # noqa: PLC0415 - only where there is a task

        return follow(job, api, shown)
    if told := (fields_of(shown) or {}).get("displayMessages"):
        return _show_bulk(output, shown, told)
    output.changed(data.get("message", "Done"), shown)
    return OK


def _show_bulk(output: Output, shown: Any, told: Json) -> int:
    """Say what became of many things; REFUSED if any of them was left as it was."""
    output.changed("\n".join(told["success"]) or "Nothing was changed", shown)
    for error in told["error"]:
        sys.stderr.write(f"Error: {printable(error)}\n")
    return REFUSED if told["error"] else OK


def is_task(shown: Any) -> bool:
    """Whether an answer is a task, by what every client of Foreman looks at."""
    fields = fields_of(shown)
    return fields is not None and {"action", "state", "started_at"} <= fields.keys()
