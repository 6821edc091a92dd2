"""The tree of commands: nouns, below them verbs, each with what it asks of the server."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headgate.cli.generate.extras import EXTRAS, SERVER
from headgate.cli.generate.finders import described_finders
from headgate.cli.generate.naming import (
    NOUN_HELP,
    columns_of,
    noun_of,
    reason_left_out,
    verb_of,
)
from headgate.cli.generate.options import OptionsOf

Json = dict[str, Any]

_VARIABLE = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")


def command_tree(resources: Sequence[Mapping[str, Any]]) -> Json:
    """Return everything that the client knows of the API: `commands` and `finders`."""
    finders = described_finders(resources)
    root: Json = {"commands": {}}
    for resource in resources:
        for action in resource["actions"]:
            left_out = reason_left_out(resource["name"], action["name"])
            if left_out is None and action["lacks"] is None:
                _put(
                    root,
                    words_of(resource["name"], action["name"]),
                    _leaf(resource, action, finders),
                )
    for words, (about, run, resource, params) in EXTRAS.items():
        _put(root, words.split(), _extra(about, run, resource, params, finders))
    for words, (about, run) in SERVER.items():
        _put(root, words.split(), {"help": about, "server": run})
    return {"finders": finders, "commands": root["commands"]}


def words_of(resource: str, action: str) -> list[str]:
    """Return the words of an action's command."""
    return [*noun_of(resource).split(), verb_of(resource, action)]


def _put(root: Json, words: Sequence[str], leaf: Json) -> None:
    node = root
    for depth, word in enumerate(words[:-1], 1):
        path = " ".join(words[:depth])
        children = node.setdefault("commands", {})
        node = children.setdefault(word, {"help": NOUN_HELP.get(path, path), "commands": {}})
    siblings = node.setdefault("commands", {})
    if words[-1] in siblings:
        raise ValueError(f"two actions want to be `{' '.join(words)}`")
    siblings[words[-1]] = leaf


def _leaf(resource: Mapping[str, Any], action: Mapping[str, Any], finders: Json) -> Json:
    found = OptionsOf(resource["name"], action, finders)
    name: str = action["name"]
    leaf: Json = {
        "help": action["summary"],
        "action": f"{resource['name']}#{name}",
        "method": action["method"],
        "paths": list(_paths(action)),
        "answers": _answers(action),
        "options": found.options,
        "sends": found.sends,
        "lookups": found.lookups,
    }
    if action["public"]:
        leaf["public"] = True
    if leaf["answers"] == "list":
        leaf["columns"] = columns_of(resource["name"], name)
    if leaf["answers"] == "change":
        leaf["message"] = _message(resource["name"], name)
    if "multipart/form-data" in action["media_types"] and any(
        option["kind"] == "file" for option in found.options
    ):
        leaf["multipart"] = True
    return leaf


def _paths(action: Mapping[str, Any]) -> Iterable[str]:
    """Yield the paths, their variables named as the parameters are."""
    names = {alias: param["name"] for param in action["params"] for alias in param["aliases"]}
    for path in action["paths"]:
        yield _VARIABLE.sub(lambda found: f"{{{names.get(found[1], found[1])}}}", path)


def _answers(action: Mapping[str, Any]) -> str:
    """Return what the answer is: a list, one thing, a task, or word of a change."""
    names = {param["name"] for param in action["params"]}
    if action["async_task"]:
        return "task"
    if action["method"] != "GET":
        return "change"
    listing = {"page", "per_page"} <= names or action["name"] in ("paths", "summary")
    return "list" if listing else "show"


_PAST = {"create": "created", "update": "updated", "destroy": "deleted"}


def _message(resource: str, action: str) -> str:
    noun = noun_of(resource).replace("-", " ").replace("credentials", "credential").capitalize()
    return f"{noun} {_PAST.get(action, action.replace('_', ' ') + ': done')}"


def _extra(
    about: str, run: str, resource: str, params: Sequence[Mapping[str, Any]], finders: Json
) -> Json:
    """Return a command of ours, its options made as those of a declared action."""
    found = OptionsOf(resource, {"name": "", "params": params}, finders)
    leaf: Json = {
        "help": about,
        "run": run,
        "options": found.options,
        "sends": {},
        "lookups": found.lookups,
    }
    # What may be given as a word of its own, without its option.
    for param in params:
        if param.get("word"):
            leaf["word"] = param["name"]
    return leaf
