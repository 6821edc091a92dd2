"""`/apidoc`: the actions as a page for people, with no script and nothing from elsewhere."""

import base64
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from typing import Any, Final, TypeAlias

from headgate.apis.actions.describe import describe
from headgate.apis.actions.resources import Resource

Json: TypeAlias = dict[str, Any]

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 0 auto; padding: 1rem; }
nav { columns: 14rem; }
h2 { border-bottom: 1px solid; margin-top: 2.5rem; }
code { font-size: .95em; overflow-wrap: anywhere; }
summary { cursor: pointer; padding: .2rem 0; }
summary b { display: inline-block; min-width: 4rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem 1rem; }
td, th { text-align: left; vertical-align: top; padding: .15rem 1rem .15rem 0; }
.note { opacity: .75; }
"""
# The style of the page is all that a browser may take into account; it is known by its hash.
POLICY: Final = (
    "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
    + "'"
)


def page(resources: Iterable[Resource]) -> str:
    """Return the page."""
    described = describe(resources)
    links = "\n".join(
        f'<a href="#{escape(each["name"])}">{escape(each["title"])}</a><br>' for each in described
    )
    body = "\n".join(part for each in described for part in _resource(each))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>API of Headgate</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        "<h1>API of Headgate</h1>\n"
        '<p>The same for programs: <a href="/openapi.json">OpenAPI 3.1</a>,'
        ' <a href="/apidoc/v2.json">apidoc</a>.</p>\n'
        f"<nav>\n{links}\n</nav>\n{body}\n</body>\n</html>\n"
    )


def _resource(resource: Json) -> Iterator[str]:
    yield f'<h2 id="{escape(resource["name"])}">{escape(resource["title"])}</h2>'
    for action in resource["actions"]:
        yield from _action(action)


def _action(action: Json) -> Iterator[str]:
    path, *others = action["paths"]
    yield f"<details><summary><b>{action['method']}</b> <code>{escape(path)}</code>"
    yield f"{escape(action['summary'])}{_note(action)}</summary>"
    for other in others:
        yield f"<p>also <code>{escape(other)}</code></p>"
    if action["params"]:
        yield "<table><tr><th>Parameter</th><th>Type</th><th>Meaning</th></tr>"
        for each in action["params"]:
            yield from _parameter(each, "")
        yield "</table>"
    yield "</details>"


def _note(action: Json) -> str:
    notes: list[str] = []
    if action["lacks"] is not None:
        notes.append("not there yet: 501")
    if action["async_task"]:
        notes.append("task")
    if action["public"]:
        notes.append("without login")
    if action["permission"] is not None:
        notes.append(action["permission"])
    return f' <span class="note">({escape(", ".join(notes))})</span>' if notes else ""


def _parameter(parameter: Json, within: str) -> Iterator[str]:
    name = f"{within}[{parameter['name']}]" if within else parameter["name"]
    values = ", ".join(map(str, parameter["enum"]))
    kind = parameter["type"] + (": " + values if values else "")
    meaning = parameter["description"] + (" (required)" if parameter["required"] else "")
    yield f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td>"
    yield f"<td>{escape(meaning)}</td></tr>"
    nested = parameter.get("params") or parameter.get("item", {}).get("params") or ()
    for each in nested:
        yield from _parameter(each, name)
