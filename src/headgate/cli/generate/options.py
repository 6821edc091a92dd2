"""From the parameters of an action to the options of its command."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headgate.cli.generate.finders import FINDERS, SCOPE_TYPES
from headgate.cli.generate.naming import (
    HIDDEN_PARAMETERS,
    LABELS,
    OPTION_WORDS,
    SPECIAL_OPTIONS,
    TEXT_FILES,
    plural,
)

Json = dict[str, Any]

# Of descriptions of ids, what does not fit a name.
_ID_WORDS = re.compile(r"^(IDs?|UUIDs?|[Ll]ist of ids) (of|for) (the |an? )?| IDs?\b")


class OptionsOf:
    """The options of one action: of its parameters, and of what finds them by name."""

    def __init__(self, resource: str, action: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.options: list[Json] = []
        self.lookups: dict[str, Json] = {}
        self.sends: dict[str, str | None] = {}
        self._resource = resource
        self._action: str = action["name"]
        self._known = known
        self._taken: set[str] = set()
        self._targets: set[str] = set()
        params = list(_flattened(action["params"]))
        # Its own id first: `--name` then finds it, and what changes the name is `--new-name`.
        for param, wrapper in sorted(params, key=lambda pair: not self._is_own_id(pair[0])):
            self._add_parameter(param, wrapper)
        for target in list(self.lookups):
            self._add_scopes(target)

    def _is_own_id(self, param: Mapping[str, Any]) -> bool:
        # Lists take an id to be narrowed by; one that they need says whose they are.
        return param["name"] == "id" and (self._action != "index" or param["required"])

    def _add_parameter(self, param: Mapping[str, Any], wrapper: str | None) -> None:
        name: str = param["name"]
        self.sends[name] = wrapper
        if param["hidden"] or name in HIDDEN_PARAMETERS:
            return
        kind = _id_type(param)
        if kind is None or kind not in self._known:
            self._add_plain(param)
        elif self._is_own_id(param):
            self._add_own_id(param, kind)
        elif name == "id":
            self._add_plain(param)
        else:
            self._add_reference(param, kind, self._words(name))

    def _add_plain(self, param: Mapping[str, Any]) -> None:
        name: str = param["name"]
        key = (self._resource, self._action, name)
        words = SPECIAL_OPTIONS.get(key, (name.replace("_", "-"),))
        option = _option(name, words, _kind(param), param)
        if key in TEXT_FILES:
            option["kind"] = "text-file"
        self._put(option)
        if key in LABELS:
            for field in ("name", "id"):
                about = FINDERS[LABELS[key]].word
                self._put(self._by_name(name, [field], field, about, many=False))
            self.lookups[name] = {"finder": LABELS[key], "many": False, "gives": "label"}

    def _add_own_id(self, param: Mapping[str, Any], kind: str) -> None:
        finder = FINDERS[kind]
        self._put(_option("id", ("id",), _kind(param), param))
        for suffix, field in finder.by.items():
            word = field if not suffix or field == "label" else f"{field}-{suffix}"
            self._put(self._by_name("id", [word], field, f"{finder.word} to act on", many=False))
        self._look_up("id", kind, many=False)

    def _add_reference(self, param: Mapping[str, Any], kind: str, words: Sequence[str]) -> None:
        name: str = param["name"]
        many = param["type"] == "list"
        finder = FINDERS[kind]
        self._put(_option(name, [f"{word}-id{'s' * many}" for word in words], _kind(param), param))
        for suffix, field in finder.by.items():
            spelled = [f"{word}-{suffix}".rstrip("-") for word in words]
            spelled = [plural(word) for word in spelled] + spelled if many else spelled
            about = _ID_WORDS.sub("", param["description"]).strip() or finder.word
            self._put(self._by_name(name, spelled, field, about, many=many))
        self._look_up(name, kind, many=many)

    def _look_up(self, target: str, kind: str, *, many: bool) -> None:
        self.lookups[target] = {"finder": kind, "many": many}

    def _add_scopes(self, target: str) -> None:
        """Let people narrow the search, though the action itself takes no such parameter."""
        finder = FINDERS[self.lookups[target]["finder"]]
        for scope in finder.scopes:
            if scope not in self.lookups and scope not in self.sends:
                self._add_scope(scope)
                self._add_scopes(scope)

    def _add_scope(self, scope: str) -> None:
        kind = SCOPE_TYPES[scope]
        about = f"{FINDERS[kind].word} in which names are looked up"
        param: Json = {
            "name": scope,
            "type": "integer",
            "description": about.replace("-", " ").capitalize(),
            "required": False,
            "enum": [],
        }
        if kind in self._known:
            self._add_reference(param, kind, self._words(scope))

    def _words(self, name: str) -> Sequence[str]:
        special = SPECIAL_OPTIONS.get((self._resource, self._action, name))
        base = name.removesuffix("s").removesuffix("_id")
        return special or OPTION_WORDS.get(base, (base.replace("_", "-"),))

    def _by_name(
        self, target: str, words: Sequence[str], field: str, about: str, *, many: bool
    ) -> Json:
        kind = "list" if many else "string"
        about = about[:1].upper() + about[1:].replace("-", " ")
        described: Json = {"description": f"{about}, by {field}", "required": False, "enum": []}
        return _option(target, words, kind, described) | {"by": field}

    def _put(self, option: Json) -> None:
        """Add an option; spellings that are taken already mean something else here."""
        target = f"{option['to']}:{option.get('by', '')}"
        if target in self._targets:
            return
        flags = [flag for flag in option["flags"] if flag not in self._taken]
        if not flags:
            flags = [f"--new-{option['flags'][0].removeprefix('--')}"]
        if flags[0] in self._taken:
            raise ValueError(f"{self._resource} {self._action}: no option is left for {target}")
        option["flags"] = flags
        self._taken.update(flags)
        self._targets.add(target)
        self.options.append(option)


def _flattened(
    params: Sequence[Mapping[str, Any]], wrapper: str | None = None
) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """Yield parameters with what wraps them; those inside a wrapping object take its place."""
    for param in params:
        if param["wrapped"]:
            yield from _flattened(param["params"], param["name"])
        else:
            yield param, wrapper


def _id_type(param: Mapping[str, Any]) -> str | None:
    return param.get("id_type") or param.get("item", {}).get("id_type")


def _kind(param: Mapping[str, Any]) -> str:
    kind: str = param["type"]
    if kind == "list":
        item = param.get("item", {}).get("type", "string")
        return "json" if item in ("hash", "any") else "list"
    return {"hash": "json", "any": "json", "bytes": "string"}.get(kind, kind)


def _option(name: str, words: Sequence[str], kind: str, param: Mapping[str, Any]) -> Json:
    option: Json = {
        "flags": [f"--{word}" for word in words],
        "to": name,
        "kind": kind,
        "help": param["description"],
    }
    if param["required"]:
        option["required"] = True
    if param["enum"]:
        option["enum"] = list(param["enum"])
    return option
