"""Keep the pages true: write what is made from the code, check what they name.

Written: docs/operations/settings.md, and the list of actions in docs/compatibility.md. Checked:
every link leads somewhere, and every module that a page names is there. `--check` writes nothing
and fails if a page would change.
"""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from headgate.apis.actions import describe
from headgate.apis.katello import RESOURCES
from headgate.domain.settings import SETTINGS, Setting
from headgate.server.settings import Documented, Settings, documented

_ROOT = Path(__file__).resolve().parent.parent
_SOURCE = _ROOT / "src" / "headgate"
_SETTINGS = _ROOT / "docs" / "operations" / "settings.md"
_ACTIONS = _ROOT / "docs" / "compatibility.md"
_MADE = re.compile(r"(?<=<!-- made by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`((?:\w+/)*\w+\.py|headgate(?:\.(?!toml|db)\w+)+)`")


def main() -> None:
    """Print what is wrong; fail if anything is."""
    made = {
        _SETTINGS: _settings_page(),
        _ACTIONS: _MADE.sub(lambda _: _actions(), _ACTIONS.read_text()),
    }
    wrong: list[str] = []
    for page, text in made.items():
        if "--check" not in sys.argv:
            page.write_text(text)
        elif page.read_text() != text:
            wrong.append(f"{page.relative_to(_ROOT)} is not what the code says: make docs")
    pages = sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")])
    wrong += [line for each in pages for line in (*_broken(each), *_unknown(each))]
    print("\n".join(wrong) or f"{len(pages)} pages, every link and module name leads somewhere")
    sys.exit(bool(wrong))


def _settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Made from the code by `make docs`. `headgate settings` prints them with present values;",
        "[install.md](install.md#settings) says where they come from.",
    ]
    every = documented(Settings(home=Path("HOME")))
    for section, settings in groupby(every, key=lambda item: item.key.partition(".")[0]):
        lines += ["", f"## {section}", "", "| Key | Default | Meaning |", "|---|---|---|"]
        lines += [_row(item) for item in settings]
    lines += [
        "",
        "# Settings of the running server",
        "",
        "For all organizations; `headgate setting list` shows them, `headgate setting set` changes",
        "one for every process at once. One that is named above and set there is read-only.",
        "",
        "| Name | Default | Meaning |",
        "|---|---|---|",
    ]
    lines += [_live_row(each) for each in SETTINGS]
    return "\n".join(lines) + "\n"


def _live_row(setting: Setting) -> str:
    lacks = (
        f" Not there yet: {setting.lacks[0].lower()}{setting.lacks[1:]}." if setting.lacks else ""
    )
    default = f"`{_shown(setting.default)}`" if setting.default != "" else ""
    return f"| `{setting.name}` | {default} | {setting.description}.{lacks} |"


def _row(item: Documented) -> str:
    default = "" if item.default in (None, ()) else f"`{_shown(item.default)}`"
    key = item.key.partition(".")[2]
    return f"| `{key}`<br>`{item.variable}` | {default} | {item.sentence} |"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value)))
    return str(value)


def _actions() -> str:
    lines: list[str] = []
    for resource in describe(RESOURCES):
        lines += ["", f"### {resource['name']}", "", "| Action | Request | |", "|---|---|---|"]
        lines += [_action(action) for action in resource["actions"]]
    return "\n".join(lines) + "\n\n"


def _action(action: dict[str, Any]) -> str:
    path, *others = action["paths"]
    also = f" (and {len(others)} more)" if others else ""
    notes = "task" if action["async_task"] else "without login" if action["public"] else ""
    if action["lacks"] is not None:
        notes = f"501: {action['lacks'][0].lower()}{action['lacks'][1:]} is not there yet"
    return f"| `{action['name']}` | {action['method']} `{path}`{also} | {notes} |"


def _broken(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(_ROOT)}: {link}: no such file"
        elif anchor and anchor not in _anchors(target):
            yield f"{page.relative_to(_ROOT)}: {link}: no such heading"


def _unknown(page: Path) -> Iterator[str]:
    """Yield the modules that the page names and that are not there."""
    for name in _NAMED.findall(_FENCE.sub("", page.read_text())):
        if not _is_there(name):
            yield f"{page.relative_to(_ROOT)}: `{name}`: no such module"


def _is_there(name: str) -> bool:
    if name.startswith("headgate."):
        path = _SOURCE.joinpath(*name.split(".")[1:])
        return path.exists() or path.with_suffix(".py").exists()
    if "/" not in name:
        return any(_SOURCE.rglob(name)) or any((_ROOT / "scripts").glob(name))
    return any((base / name).exists() for base in (_ROOT, _SOURCE, _ROOT / "docs"))


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    main()
